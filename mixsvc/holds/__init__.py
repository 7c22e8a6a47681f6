"""Clients that a view has left to the service: its thread is free, and the reactor holds the connection.

A view returns what response.py makes: a response without content, which says by a token in a header for which of the
holds of this very call it stands (mixsvc.interfaces.holds). mixsvc.wsgi finds the token, in a thread or in a process of
views, and gives the request to holder.py. From there on, in the reactor thread and in the order of the files:

- roads.py chooses the way to the client: an event stream, a poll or a WebSocket; arrival.py reads what the request says
  of it, and where the client stands.
- reader.py follows topics for one client (mixsvc.interfaces.topics); forms.py has the events as bytes, made once for
  all who get the same. group.py tells those together.
- stream.py, poll.py and websocket.py are the three roads. A stream takes the connection over, as a WebSocket does, so
  that thousands need neither requests nor timers; record.py is what the access log needs of the request. A poll is an
  ordinary response that comes late. text_response.py is for those who are not held.
- asked.py checks what a view says to mix.hold. elsewhere.py answers in another server, by a ticket (tickets.py) that
  the service's own port takes (resource.py); standing.py reads where a client says that it stands.
- crowd.py has all clients, limits their number, and looks after each from time to time; owner.py is what a client and
  its holder need of each other.

A client that does not keep up is told nothing until it does; what it has missed is read from the store then. One that
takes nothing between two looks loses its connection, and goes on behind its last event when it comes back.
"""
