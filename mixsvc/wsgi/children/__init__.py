"""Views in processes of their own ([web] processes): a request becomes a call of a child, by frames over a socket.

A view that computes keeps the interpreter's lock, and everything else in its process waits. So the service keeps what
must be prompt (connections, parsing, limits, deadlines, logs, the chat), and children, which it spawns, run the
application as mixsvc.wsgi does, in threads. In the order in which one meets the files:

| file | |
| --- | --- |
| frames, environ_frame | what is sent, as bytes; pure |
| resource, call | at the service: a request, and what comes back for it |
| socket_call | at the service: one whose view may take its client's socket (mixsvc.sockets) |
| process, link, setup | at the service: one child, its socket, and what it is told to begin with |
| asked, runs | at the service: what a child asks of it, and what it has a child do besides requests |
| trial | before there is a service: whether a child can import the application |
| incoming, sender | in a child: frames that come, and frames that go |
| host | in a child: calls and their threads |
| remote_request | in a child: a response |
| asking, run_threads | in a child: the other ends of asked and runs |
| child_log | in a child: its log, which becomes the service's |
| output | at the service: what a child and its programs write to stdout and stderr |

The child has no reactor, as an application may run one of its own. mixsvc.child puts it together.

**Responses.** A whole response is one frame, which the view's thread sends itself. A long one is a ResponseStream, as
without children: its backlog is in the child, its target writes frames. At most 128 KB of it are on their way; the
service says when its transport has taken more (ROOM), so a slow client holds no thread and fills no memory.

**Bodies.** Up to 64 KB are a part of the frame. A larger one is in a temporary file already, whose descriptor goes with
the frame.

**Sockets.** The view's end of a pair goes with the frame as the body of a large request does; the reactor's end stays
at the service, which so learns that the view has taken its socket, and that the child has ended.

mixsvc.wsgi.supervision has their lives: which child gets a call, and when one is started, replaced and killed.

**Who ends.** The service reads the end of the stream when a child dies: its calls get a response 502, or are cut off
where they are. Those that no view has seen, as marks in shared memory say, go to another child. A child that ends few
calls in a second is asked for these back (RECALL), as its threads may hang. A child that reads the end of the stream
ends at once, as the service has ended.
"""
