"""What the requests do. chat/dispatch.py calls the handler of each request, in the reactor thread.

- state: the state that all handlers share, and the count of the requests that wait for the database.
- broadcast: one text to many clients, in order.
- access: who may do what in which room, and see it.
- rate_limits: whether a request comes too early. It is called before every handler.
- hello: admits a connection and gives it a name.
- pages: reads pages of rooms, from memory while PostgreSQL is away.
- membership: join, leave, rooms, who; tells members who comes and goes.
- messages: say and history, and what comes by HTTP. telling: tells the members of rooms what was said.
- corrections: edit, and delete of one's own messages.
- moderation: the requests of moderators. acts: what they have done, on this node or another, takes effect.
- revocation: takes permissions back. log_outs: reads tokens, and ends what persons have who log out.
- room_events: tells those who follow a room without being inside.
- sanction_clock: the time by which mutes and bans end. message_dates: corrects dates of a wrong time.
- rate_feed: subscribe, and the rates that have changed.
- retention: deletes old messages every hour.

A handler checks a request and either raises RequestRefused, answers at once, or calls the storage queue and answers
when its Deferred fires. By then the client may be gone, or may have left the room: `client.send` does nothing after the
connection is lost, and `client.joining` holds the request that a page is read for.

Handlers share the ChatState and do not know each other, with these exceptions: acts and revocation use
MembershipHandler to take somebody out of a room, revocation and log_outs use RoomEvents to end somebody's streams, and
MessageTeller knows when a client may enter a room.

**Other nodes.** What they do comes through `state.nodes` (mixsvc/nodes), and takes the same way as what this one does:
members are those of the roster, a moderator's act is an event of the journal, which `acts` applies, and messages are
told in the order of their numbers. A handler that has to ask the other nodes returns a Deferred; the client's next
requests wait for it (chat/gate.py). A chat of one node gets each answer at once.

**What may happen during an event.** To write an event may lose the connection, when its outbox is full: then `depart`
runs inside of `send`. So after each `send` a handler checks again what it relies on, such as `room in client.inside`.
Broadcasts are queued: one that loses connections causes others, which begin after it has ended. Nested calls would
overflow the stack when many connections are lost at once.

**Permissions.** Whatever may be refused to some persons has been permitted when a handler is called (chat/gate.py). A
permission that is revoked while a request waits for the database withdraws it: a page is read and not delivered, and a
message that no transaction has taken yet is not stored.

**Waiting requests.** Each client may have 64 requests in the storage queue, four of them pages of the history. So a
client cannot fill the queue with requests alone, and its memory is limited.
"""
