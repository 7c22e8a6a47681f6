"""The chat: rooms, messages, moderators and live rates over SockJS.

Files, in the order in which one meets them:

- service: the chat as a service of the process: SockJS endpoint, dispatcher, facade; start and stop.
- connection: one SockJS session: it is identified first, then its messages go to the dispatcher.
- dispatch: builds the state and the handlers, and calls the handler of each request.
- gate: holds a client's requests until it is known whether it may do the first of them.
- hook_posts: what incoming webhooks write. operators: what operators say and do.
- arrivals: who comes to one of several nodes (mixsvc/nodes) before that has begun.
- doors: how clients of other protocols come in, such as IRC.
- handlers/: what the requests do. searching/: what search does.
- storage/: the queue in front of the database, and the SQL.
- model/: rooms, people, sanctions, epochs, token buckets. Pure.
- protocol/: requests, events and commands, with the contract in prose. Pure.
- facade: the chat for views, in any thread. remote: the same for views in another process.
- stats: the figures for /metrics.

Each imports only what stands below it: service -> arrivals, connection, facade, remote -> dispatch -> gate,
hook_posts, operators -> handlers -> storage -> model -> protocol. The chat does not import rates, pages or wsgi:
mixsvc.service hands in the rates, and the authenticator of connections.

**Person, client, session.** A *session* is one SockJS session of txsockjs; its transport carries messages in both
directions. A *client* (model.people.Client) is what the chat knows of it: its rooms, its rates, its waiting requests. A
*person* is who has a name. Two windows of one browser are two sessions and two clients, but one person: names, members
of rooms, mutes and rate limits belong to persons. A *guest* is a person who has not logged in; [chat] guests says
whether they are admitted.

**Who a client is** is found out before anything is read from it. The authenticator runs in a thread with a WSGI environ
of the request that opened the session, while the transport is paused. Our own authenticator knows people by the session
cookie, so connections without that cookie need no thread.

**The way of a message**, file by file:

 1. txsockjs/_websocket/connection.py decodes the frame (or a file of txsockjs/protocols/ the request of a fallback
    transport),
 2. txsockjs/_session/session.py hands it over in its state OPEN,
 3. chat/connection.py: dataReceived,
 4. chat/protocol/parsing.py makes a request of the JSON text, or refuses it,
 5. chat/dispatch.py checks that the client has a name, and that it is a moderator if the request needs one,
 6. chat/handlers/rate_limits.py takes a token. A client that is too fast is refused; after 20 refusals in a row it is
    not read for a second, so that TCP slows it down and a flood costs the others nothing,
 7. if rooms are private, or the application says who may do what, chat/gate.py holds the request until that is known;
    the client's later ones wait behind it,
 8. chat/handlers/messages.py checks the text and recognises commands,
 9. chat/storage/queue.py: the message waits for the next group commit,
10. storage/connection_pool.py runs the transaction in the database's thread,
11. chat/storage/sqlite/messages.py numbers and inserts it,
12. chat/handlers/messages.py again, after the commit: `said` to the author,
13. chat/handlers/telling.py, as soon as all messages before it are told,
    chat/protocol/events.py: makes the `message` event, once for all,
14. chat/handlers/broadcast.py sends it to the members, in order with other broadcasts,
15. txsockjs/utils.py: broadcast, which encodes it once for each framing,
16. txsockjs/_session/outbox.py holds what a client has not read yet.

**Order and durability.** storage/queue runs one transaction at a time and delivers its results in order before the next
one begins. So events have the order of the numbers, a page comes after every message up to its `last` and before every
later one, and a deletion after every page that still has the text. A message is acknowledged after its commit, which
survives a power cut. If the disk fails, nothing is acknowledged: the client gets `not_saved` and tries again with the
same key.

**Slow clients.** A client that reads nothing for 5 s while its outbox is full ([chat] max_outbox) is closed. It comes
back with the last number that it has seen, and gets the rest from the database.

**Large rooms.** If n persons join at once and every member is told of each of them, that takes n * n events. Above
[chat] large_room the members get the number of persons instead, at most once a second.
"""
