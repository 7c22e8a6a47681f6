"""The same pages, rates and chat inside somebody else's server: `twistd web --wsgi=mixsvc.app`, or a WSGI server.

Nothing starts on import. The first view that reads something of `mixsvc.mix` starts the service, once in each process:
in the reactor that the host runs, else in one that crochet runs in a thread. That thread is no daemon, so the process
waits for an orderly end. The environment variable MIXSVC_CONFIG names the settings file.

- process.py: `mixsvc.app` and `mixsvc.mix`, made at first use, and what a fork has to forget: the reactor's thread
  stays in the parent, whose ports the fork closes at once, and the next use starts a new reactor. fork_lock.py: a fork
  waits for a first use in another thread.
- front.py: what `mixsvc.app` serves, as [web] wsgi, [web] pages and [server] hosts say.
- service.py: the start and the stop of the parts in one process.
- crochet_reactor.py: which reactor that is, and the bridge into it. crochet_private.py: what a fork needs of crochet's
  private parts.
- turns.py: with [chat] listen the chat has a port of its own. Of the processes that share a database, the one with a
  lock beside it has that port; another one takes the lock within a second after its end. ports.py opens and closes it.
- shared_chat.py: on SQLite the process with the port serves the chat, and the others call it. chat_rpc.py: how they do,
  over the loopback; mixsvc.chat.remote says what they call.
- shared_topics.py: topics for the processes that do not have that port.
- node_chat.py: on PostgreSQL every process is a node, which reads and speaks by itself.
- tickets.py: how the clients that a view holds get to that port.
"""

from mixsvc.embedded.process import embedded_app, embedded_mix

__all__ = ["embedded_app", "embedded_mix"]
