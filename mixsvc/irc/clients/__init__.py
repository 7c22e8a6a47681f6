"""What is known of the clients of the IRC door, and how each is connected to the chat.

- door: what all of them share.
- client: one client: what it has told of itself, its channels, and what is sent to it.
- channel_names: the persons in a channel, found by their names.
- chat_link: its connection to the chat, as the chat sees it.
- inquiries: what it asks the chat for, one after the other.
- pending_joins: its next lines wait for a JOIN. leaving: its end waits for what it has asked for.
- outbox: what leaves for it. turns: the time of the reactor that the lines of all clients share.
- numbers: what is counted; all that a service without IRC loads.
"""
