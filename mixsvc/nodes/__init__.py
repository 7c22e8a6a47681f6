"""What the chat knows of other nodes: who is inside, who has which name, what moderators did, what was said.

A *node* is one process that serves the chat. On SQLite there is one, and `alone` is all that it needs: everything
answers at once and nothing is written. On PostgreSQL any number of nodes are one chat; they meet in the engine only.

Files, in the order in which one meets them:

- interfaces: what the chat uses of the nodes (bus, roster, claims, journal, heart), and what it gives them. Pure.
- hints: what nodes tell each other, and how it is written. Pure.
- alone: all of it for a chat of one node.
- node: builds all of it for a node on PostgreSQL; the following are its parts.
- statements: what it asks of the engine. listener: a connection that hears what others tell.
- bus: hints to others and from them. heart: heartbeats; pulse: which nodes live, and which one leads. Pure.
- members: who is in which room. Pure.
- roster: who is inside for a node among others: own_rows (what it has to write) and elsewhere (what the others wrote,
  by hints and by reading). Pure. presence: writes and reads these rows.
- claims: whose name is whose.
- journal: reads the events of moderators; event_order: each once and in order. Pure. confirmations: whoever posts one
  waits until all nodes have done it.
- tails: the newest messages of rooms, each told once and in order. Pure.

The chat imports this folder; this folder knows no rooms, sessions or messages of the chat, only their names, keys and
numbers.

**Numbers rule, hints do not.** Messages have numbers per room, events of moderators have numbers in the journal, and
each node numbers what it writes of its members. A hint says "there is something up to this number". Whoever has it
already ignores the hint, and whoever misses something reads it from the engine. So a lost, a doubled and a late hint do
no harm; every two seconds each node asks the engine for all numbers, as if it had got hints. Those of rooms in which it
has nobody it asks for only where hints about them may have been lost: when it listens anew, and when a node is gone.

**Nobody's time of day decides who lives**: it may be set, the engine's too. Each heartbeat gives a node another mark,
and how long a mark has stayed the same, every node measures with its own steady clock.
"""
