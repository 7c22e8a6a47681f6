"""Search in the rooms of a chat.

- searcher: repeats calls of storage.searching until there is enough for an answer. handler: answers clients.
- indexer: keeps the index, on one node of several.

**Who finds what.** In a room one finds what one may read there: `may` is asked about "search" and "history", and about
"join" where the room is private. Without a room the rooms are searched that the client is in.

**Nobody waits long.** Each call reads a bounded part of the database, and others come between two of them. A person may
search [chat] searches times in a minute. An answer comes within a second or so, with what was found until then; it says
where the search goes on.
"""
