"""Topics: numbered events that programs publish, kept for a time, and told to those who follow them.

Files, in the order in which one meets them:

- service: builds all of it. facade: what views see. remote: the same for views in another process.
- checks: what may be published. publishing: checks an event, stores it, and tells it.
- storage/: topics in the database.
- following: who follows which topics, and where each of them is. followed: one topic, and a position in it. slices:
  work for thousands of followers, without holding up the reactor.
- closer: streams end because somebody may not have them any more, and so do those that begin a moment later
  (hooks/closed_lately). retention: old events go. stats: what was counted.

It knows nothing of HTTP: those who hold clients follow topics for them (mixsvc.holds, by mixsvc.interfaces.topics).

**Each event once and in order.** A position in a topic has the number of the event that was told there last. An event
is given to a position only if its number is the next one; whoever is behind reads pages of the database until it is
not. So it does not matter in which order pages, stored events and hints of other nodes come. What is gone before it was
told is told as such, and nothing is told before it is committed.

**An event is encoded once.** All who wait for the next event of a topic get the same object, with all events of a turn
of the reactor, and what is made of it once is kept in it.

**Nodes.** Which node has stored an event does not matter: the others hear a hint with its number and read it, and every
two seconds each asks for the numbers of all topics that it tells (mixsvc.nodes). `close` and log-outs are events of the
journal, which all nodes apply.
"""
