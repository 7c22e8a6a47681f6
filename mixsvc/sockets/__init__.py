"""Sockets of views: WSGI applications that speak WebSocket themselves (simple-websocket, flask-sock, Flask-SocketIO).

Such a view looks for its client's socket in the environ, writes the answer to the handshake there, and returns when the
conversation is over. Here it gets one end of a pair; between the other end and the client the reactor passes bytes on,
in both directions. So the service keeps what it knows of a connection: TLS, proxies, limits, deadlines, its end. In the
order in which one meets the files:

- hub.py: all of them. Says which requests may have a socket (valid handshakes, of allowed origins, within the limits),
  refuses handshakes that are not valid, which no view could answer, and ends all when the service stops.
- admission.py: the threads of one process for such views: who runs, who waits, who is refused.
- offer.py: one handshake, until its view has taken its socket or has responded over HTTP. A view has taken it when it
  has written there; whatever it says over HTTP from then on is not sent.
- pair.py: the two ends; pair_end.py: ours, in the reactor.
- socketio.py: what is a poll of Socket.IO, whose views wait likewise.
- pump.py: the bytes in both directions, and the end: whoever ends it tells the client by a close frame, which stands
  between two frames of the view (frames.py).

**Buffers.** What one side does not take keeps the other side from being read: at most one portion waits for the view
and one for the client, besides what the system keeps.

**Silence.** A client that has sent nothing for 25 to 50 s gets a ping, a second one 25 s later, and its connection ends
if nothing comes for another 25 s; that of a client that takes nothing of what waits for it ends after 25 to 50 s. The
view sees the answer, a pong that it need not know of.
"""
