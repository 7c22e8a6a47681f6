"""The URLs of a service, and the transports that work with plain HTTP requests.

- `service`: what the endpoints share: the options, the sessions, the application's factory
- `resource`: what every endpoint has in common: its method, OPTIONS, refusals, 404
- `headers`: CORS, caching and cookies; which origins may connect
- `ownership`: which requests belong to a session; `session_endpoint`: serves those, and refuses others
- `static`: the endpoints without a session: greeting, info, iframe
- `receive`, `send`: what the endpoints of sessions have in common, for each direction
- `xhr`, `eventsource`, `htmlfile`, `jsonp`: the endpoints of one transport each; `callback`: for the last two
- `response`, `response_body`: a response as the receiver of a session, and how it gets to the client

A transport is two endpoints: one that carries frames to the client, and xhr_send or jsonp_send, which takes the
client's messages. A polling transport (xhr, jsonp) ends its response after one frame, a streaming transport after
`Options.streaming_limit` bytes; then the client asks for the next.

Streaming responses over plain TCP bypass the buffers of twisted.web: their chunks are made once for all recipients and
are written directly to the socket; see `_socket`.
"""
