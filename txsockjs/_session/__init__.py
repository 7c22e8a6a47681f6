"""Sessions: what a client has open, whichever transport carries it, and how messages get from and to it.

A session is one client's connection as the application sees it. It outlives what carries it: an xhr client makes a new
request for each frame, a streaming client makes a new one each 128 KiB, and only a WebSocket carries the whole session.
What carries the frames at the moment is the session's *receiver*; a session has at most one. The files, in the order in
which a session meets them:

- `registry`: makes sessions, finds them by name, keeps their timers, flushes them, and closes them all at the end
- `states`: a session's life as a table
- `session`: one session: its state, its receiver, the messages that come and go. No reactor and no socket in it
- `interfaces`: what a session needs from its neighbours
- `transport`: the session as a Twisted transport, for the application's protocol; `tcp`: what TCP's have besides
- `flow`: pauses and resumes an application's producer; `ending`: tells an application of the end
- `batch`, `broadcast`: messages on their way out, encoded once for all who get them
- `outbox`: messages that wait for a client that does not keep up, and when there are too many
- `timers`: one reactor call for thousands of timers
- `subscription`: one topic of a multiplexed session, as a transport of its own
- `stats`: what a service counts

Everything belongs to the reactor thread.

**From the client.** A receiver or a POST calls `Session.receive`, which hands each message to the application. More
than a hundred messages at once are handed over in slices, a slice in each turn of the reactor. While the application
has paused the session they wait in its inbox.

**To the client.** `SockJSTransport.write` puts a message into the session's batch and returns. At the end of the
reactor's turn the registry flushes every session that was written to: what one turn brought leaves in one frame and one
system call. A client that does not keep up (its receiver is not ready, or it has none) gets the messages later: they
wait in the outbox, and the receiver flushes the session when it is ready again.

**A broadcast.** Sending a message to n sessions must not cost n encodings, nor n times the work of a single write. So
the messages of a turn form a Batch, and all sessions that have been sent the same share one. It is encoded once for
each framing, however many sessions hold it. A session that gets a message of its own leaves the shared batch for a
longer one. The first broadcast of a turn visits every member and gives it the batch. While the same members are
addressed again and nothing else was sent to them, the next message is only appended to the batch they share:
`LastBroadcast` finds that out by comparing two sets, which costs far less than visiting their members. At the end of
the turn `flush_together` sends a shared batch by one loop over the sockets: most of what a send costs besides the
system is memory that the processor has to fetch again after it, so nothing else is looked at between two of them.

**Fairness.** Flushing thousands of sessions, and handing over thousands of messages, is done in slices of 10 ms or of a
hundred messages; between two of them the reactor serves the others.
"""
