"""The life of the children that run views ([web] processes): who gets a request, and what follows when a child ends.

What a child is and what is said over its socket, mixsvc.wsgi.children knows; this folder knows a child by
interfaces.py only. Everything runs in the reactor thread, by the clock that it is given. The files, in the order in
which one meets them:

| file | |
| --- | --- |
| interfaces | what is known of a child and of a request, and what a child says |
| processes | ViewProcesses: the whole, for the service; looks at the children every second |
| slots | the places, one for each of [web] processes, each with its children |
| dispatch | which child gets a request, and which requests wait |
| calls_ahead | how many requests a child is given before it has a thread for them |
| begun_marks | which requests a child has begun, also one that was killed |
| socket_dispatch | which child gets a request whose view may take its client's socket |
| sessions | which child has which session of Socket.IO |
| lives | start, replacement, death |
| start_pace | the pauses between attempts that fail |
| leaving | children that get no more requests, and finish those that they have |
| silence | requests of which nothing is heard ([web] view_timeout) |
| endings | how a child has ended, in words |
| memory | what a child takes ([web] restart_memory) |
| ready_waiters | questions to the application that wait for a child |
| stats | the numbers for the metrics |

**Who gets a request**: the ready child with the fewest, as long as it has not more than its threads and a few; a fast
one has more, so that the service and the child take turns less often. The rest waits here, in order, and is forgotten
when the client leaves. A child that ends few requests for a second gives back those that wait there for a thread. While
no child is ready a request waits for 30 seconds at most, and not at all if the application cannot start: then it gets
503 with Retry-After.

**Death**: the requests that a child has begun get 502 when it ends, and responses that have begun are cut. Nothing that
a view may have seen is asked again by itself, as what ends one child would end all; the rest goes to another child. A
child that was ready for five seconds is replaced at once. After one that was not, or could not start, there are pauses
of 1, 2, 4 … 30 seconds, and one child is tried at a time.

**Hanging**: a child with a request of which nothing was heard for [web] view_timeout is killed; what it has begun gets
504. An extension that keeps the interpreter's lock stops everything in a child, so nothing is asked of it. A child in
which a function of the application hangs (a hook, an authenticator) is replaced, as its requests need not suffer.

**Replacement** after [web] restart_after requests, above [web] restart_memory, or for new code (SIGUSR2, `mixsvc serve
--reload`): the new child starts first, and when it is ready it gets the requests, while the old one finishes those that
it has within a minute, as well as the functions that somebody waits for. One is replaced at a time. If the new code
cannot be imported, the old children go on and one line says why. A second signal meanwhile begins again, as what is
being started may have the code of before.

**Stop**: the service waits for the requests in flight, names those that hang and kills their children, and lets the
others end.
"""
