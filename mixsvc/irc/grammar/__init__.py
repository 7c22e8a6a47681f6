"""IRC as text: lines, names, masks, and how texts become lines. Pure: no sockets, no state.

- line_buffer: from what a client sends to lines.
- lines: from the bytes of a line to its command and parameters, and back, with message tags.
- names: nicknames and channels for the chat's names of persons and rooms, both ways.
- texts: what is said, as lines of at most 512 bytes, and what a client sends, without its formatting codes.
- masks: whom a ban of a moderator means.
- capabilities: what IRCv3 clients may ask for.
- isupport: what the server says of itself (numeric 005).

The formats are those of the Modern IRC client protocol (https://modern.ircdocs.horse/) and of IRCv3
(https://ircv3.net/irc/). docs/how-to/irc.md says for users what becomes of names and texts.
"""
