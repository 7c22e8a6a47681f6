"""SockJS for Twisted on Python 3, with the public names of txsockjs 1.2.2.

Public modules, for those who use it:

- `factory`: a SockJS service as a resource, as a site for one factory, as a site for several
- `multiplex`: several protocols over one session
- `sockets`: plain WebSockets, and connections that are taken over from a site
- `utils`: broadcast, and helpers of txsockjs 1.2.2
- `endpoint`: the endpoint description `sockjs:`
- `clock`: timers that hold when somebody sets the system's clock
- `testing`: test doubles for applications
- `interfaces`: what txsockjs asks of objects that other people make
- `protocols`: the endpoints by transport, under the names of txsockjs 1.2.2
- `conformance`: the services that the protocol's own tests expect

Private folders, from top to bottom; each imports only those below it: `_websocket` (the WebSocket transports), `_http`
(the other transports), `_session` (sessions, batches, broadcasts), `_protocol` (frames and options) beside `_socket`
(writing to connections). The docstring of each folder lists its files and explains how they work.
"""

from txsockjs._protocol.errors import BadOption, SockJSError
from txsockjs._session.stats import Numbers

__all__ = ["BadOption", "Numbers", "SockJSError"]
