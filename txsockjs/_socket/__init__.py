"""Writing to a connection with as few system calls as possible, and knowing whether its client keeps up.

- `writer`: writes to the transport of a connection that was taken over
- `tcp_info`: what a client has acknowledged, as its system says
- `life_sign`: waits for a sign of life of a client

`transport.write` of Twisted costs three system calls for each frame: it buffers the bytes, asks epoll to tell when the
socket takes data, sends them in the next turn, and asks epoll to be quiet. A DirectWriter calls `send` on the socket at
once, while nothing is buffered: one system call. The rest of a frame that the socket does not take goes to
`transport.write`. From then on the writer is not ready, until the transport, which calls a pull producer when its
buffer is empty, says that the rest was sent. So a transport never buffers more than the rest of one frame; what waits
beyond it is in the session's outbox, which has a limit.

This works for plain TCP alone. TLS makes other bytes of those that are written, and a wrapper around the site may want
to see them, so a BufferedWriter uses `transport.write` and is not ready while the transport's buffer is full.
"""
