"""The HTTP server: twisted.web's Site with strict parsing, a limit to each wait, and an orderly end.

It serves any resource of twisted.web and knows nothing of the chat, the pages or WSGI. A request meets the files in
this order:

- ports/: they are tried before the process becomes a daemon, and opened when the service starts.
- site: one for all ports of the service; counts its connections, and closes them when the service stops.
- channel: one connection. Here the theory of a connection stands; phases: the phases that it goes through.
- head: the head of a request is checked as a whole, and what two servers could read in two ways is refused (errors).
- chunked, uploads: where the body ends, where it is kept, and how many bytes it may have.
- forwarded: the sender, whose address and scheme are taken from a trusted proxy before any resource sees the request;
  requests for hosts that are not ours are refused (hosts).
- page_request: the short way, for a page without a twisted.web Request; also how what is in memory is sent, piece by
  piece if it is long; request: the long way, for everything else.
- routing: the chat at its prefix, with its scripts (mixsvc.scripts), the application everywhere else.
- direct_writer: a whole response goes to the socket at once. pulled: one whose producer is asked for each piece.
- refusals: the responses to requests that nothing has answered.
- timeouts, write_deadline: one timer looks at the deadlines of all connections once a second.
- interfaces: what a request, its connection and its site need of each other, so that no file imports one above it.
- outgoing/: apart from all this, connections to the servers of others, with a limit to each answer.
- twisted_private: what we use of twisted.web that is private to it.

Two rules make the server safe against clients that are slow or hostile. Every wait for the client has a deadline that a
single byte does not postpone: a body, or the reading of a response, must make progress at a rate. And whatever a client
can make grow has a limit: heads, bodies, requests sent ahead, connections. docs/design/security.md has the numbers.

All of it runs in the reactor thread.
"""
