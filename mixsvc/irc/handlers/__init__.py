"""What the commands of IRC clients do, and what they are told of the chat's events.

- table: what a command is here.
- registration: CAP, PASS, NICK, USER, AUTHENTICATE, until the client has its name. sasl: whose password it is.
- speaking: JOIN, PART, PRIVMSG, NOTICE, TOPIC, REDACT.
- people: NAMES, LIST, WHO, WHOIS and the like.
- operators: KICK, MODE.
- history: CHATHISTORY. history_pages: finds enough messages for it.
- manners: PING, AWAY, SETNAME, QUIT and what tells of the server.
- events: what happens in the chat. refusals: what the chat refuses. delivery: messages as lines.

They know a client (mixsvc.irc.clients.client) and not each other, but for `delivery`, which history and events share.
"""
