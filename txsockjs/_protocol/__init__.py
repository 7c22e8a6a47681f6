"""The SockJS protocol as text and bytes: frames, options, errors. Nothing here knows Twisted, or a session.

- `text`: what applications write, as text
- `frames`: messages, the frames that carry them, and what clients post
- `options`: the options of a service and their limits
- `addresses`: by which address clients are counted, and how one is written
- `origins`: which origins are equal
- `errors`: what txsockjs raises, as a tree

The protocol is described by its own tests: SockJS protocol 0.3.3 (sockjs-protocol-0.3.3.py, in the repository
sockjs/sockjs-protocol). Docstrings name its sections by the names of its test classes. A server sends four kinds of
frames:

    o                     the session is open; the first frame
    h                     heartbeat
    a["one","two"]        messages, as a JSON array of strings
    c[3000,"Go away!"]    the session is closed, with a code and a reason; the last frame

Each transport wraps them in its own way, which is a Framing: a line for xhr, an event for eventsource, a script for
htmlfile and jsonp, a message for websocket. Clients send JSON arrays of strings, without a letter before them. The raw
WebSocket has no frames of SockJS.
"""
