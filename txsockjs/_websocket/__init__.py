"""The WebSocket transports: from the request for the upgrade to the end of the connection.

- `resources`: the endpoints websocket and SERVER/SESSION/websocket; a WebSocket as the receiver of a session
- `handshake`: checks the request for the upgrade, and answers it
- `deflate`: compression, if the service offers it
- `upgrade`: takes the connection over from twisted.web
- `connection`: the connection from then on (RFC 6455)
- `short_texts`: whole short text messages, which the connection reads without the library
- `hixie76`: the same for the WebSockets of 2010

The websockets library reads and checks handshakes and frames (its Sans-I/O layer). What is done here is what it leaves
to others: bytes, timers, flow control. Frames to the client are encoded without the library's connection object,
because a broadcast is encoded once for all its recipients.
"""
