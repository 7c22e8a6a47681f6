"""Threads: a pool for what blocks, and the ways from its threads into the reactor.

| file | |
| --- | --- |
| pool | daemon threads and a queue; results come back as Deferreds |
| loop | one thread that calls one function after the other: in a child it stands for the reactor |
| own_threads | a daemon thread for each call |
| leavable | calls in a pool that may be given up; a thread whose call hangs is replaced |
| reactor_calls | calls from threads into the reactor that nobody waits for; many calls wake it once |
| bridge | calls from threads into the reactor that wait for the result, with a time limit |
| children | what a thread does in a child that a view has forked; programs that a view starts |
| limited_runs | how much of some work is done at one time, in the reactor's thread |
| wait_limit | how many threads may wait for something slow at one time |
| one_thread | one thread for a pool of adbapi |
| hanging_up | lets a thread go on that waits for a silent peer |
| resolver | host names to addresses, in a pool |

**Who owns what.** The reactor thread owns all mutable state: sessions, rooms, the next snapshot of the rates. Other
threads read immutable snapshots, which one assignment replaces, and change things only through a bridge or
reactor_calls. The pools: view threads run the WSGI application ([web] threads; views with sockets have
threads of their own), helper threads read files and look up
names, reader threads read what waits in files for clients, and others ask an authenticator. The database has a thread
of its own (mixsvc.storage).

**Daemon threads.** Python joins all other threads at the end of the process, and Twisted joins those of its own pool,
so one view that hangs, or a name server that does not answer, would keep the process alive. Ours are never joined:
the service waits with a time limit (DaemonThreadPool.drained), names the calls that have not ended in its log, and
leaves them behind.

**The time limit.** A worker that waits for the reactor holds a thread. Without a limit a slow reactor would use up
all threads, and a call made while the service stops would never return. So every call of a Bridge ends: with the
result, with the exception of the function, or with ServiceBusy, after which the function may or may not have run. The
reactor thread itself must not wait for the reactor; a Bridge raises RuntimeError there.

**Waking.** Waking a thread, or the reactor, costs a system call and a change of the interpreter lock, often more than
the call itself. So one thread is woken at a time, and calls into the reactor that wait together wake it once.
"""
