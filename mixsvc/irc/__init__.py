"""IRC: the chat's rooms as channels, for IRC clients. docs/how-to/irc.md says to users what they see.

Files, in the order in which one meets them:

- service: makes connections as long as the limits permit, and ends them all at the stop.
- connection: bytes become lines, at a pace that costs others nothing; deadlines.
- session: joins the parts of one client.
- handlers/: what the commands do, and what the client is told.
- clients/: what is known of the clients, their connection to the chat, and what leaves for them.
- grammar/: lines, names, texts and masks. Pure.

**A client of the chat like any other.** Once a client is registered, it has a connection of the chat
(mixsvc/chat/connection.py) as a SockJS session has one, over a transport of ours (clients/chat_link.py). Commands
become requests of the chat's protocol, and its events become lines. So names, presence, moderation, permissions,
limits, nodes and the order of messages are those of everybody, and nothing of them is here. The chat does not know IRC:
it gives a ChatDoor (mixsvc/interfaces/doors.py), and mixsvc.service puts both together.

**The way of a line**, from a client to the others:

1. connection.py: dataReceived; grammar/line_buffer.py cuts, grammar/lines.py parses.
2. connection.py: _has_to_wait. A client that is too fast is read later, so TCP slows it down.
3. session.py finds the command; handlers/speaking.py makes a request of it, with its room by grammar/names.py.
4. clients/chat_link.py gives it to the chat as JSON, and from there it takes the way in mixsvc/chat/__init__.py.
5. clients/chat_link.py gets the event for each client that is inside. clients/door.py decodes one that many get once.
6. session.py, handlers/events.py, handlers/delivery.py: lines, each of at most 512 bytes (grammar/texts.py).
7. clients/outbox.py sends them, or keeps them up to a limit for a client that reads slowly.

**Lines behind a JOIN or PART** wait until the chat has answered it (clients/pending_joins.py), as if it did so at once.

**Questions with answers**, such as WHO, are coroutines that run one after the other (clients/inquiries.py), since the
chat's answers do not say which question they belong to.

**Who somebody is** is known before the chat hears of it: handlers/sasl.py asks mixsvc.service, which asks the
authenticator of the settings or checks a moderator's password with the limits of the page's logins.

Twisted has IRC in twisted.words.protocols.irc, which is not used: one byte that is not UTF-8 raises in its
dataReceived, message tags are not parsed, a line may have 16 384 bytes and a longer one ends the connection without an
answer, sendLine lets line ends through, and it reads as fast as a client sends.
"""
