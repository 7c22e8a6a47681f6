"""What the chat knows of other nodes: who is inside, who has which name, what moderators did, what was said.

A *node* is one process that serves the chat. On SQLite there is one, and `alone` is all that it needs: everything
answers at once and nothing is written. On PostgreSQL any number of nodes are one chat; they meet in the engine only.

Files, in the order in which one meets them:

- interfaces: what the chat uses of the nodes (bus, roster, claims, journal, heart), and what it gives them. Pure.
- hints: what nodes tell each other, and how it is written. Pure.
- members: the persons in one room, on all nodes. Pure.
- tails: the newest messages of rooms, each told once and in order. Pure.
- alone: everything above for a chat of one node. Pure but for Deferreds that have fired.

The chat imports this folder; this folder knows no rooms, sessions or messages of the chat, only their names, keys and
numbers.

**Numbers rule, hints do not.** Messages have numbers per room, events of moderators have numbers in the journal, and
each node numbers what it writes of its members. A hint says "there is something up to this number". Whoever has it
already ignores the hint, and whoever misses something reads it from the engine. So a lost, a doubled and a late hint do
no harm; every two seconds each node asks the engine for all numbers, as if it had got hints.

**The engine's clock** makes all times that nodes compare.
"""
