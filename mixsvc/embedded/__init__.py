"""The same pages, rates and chat inside somebody else's server: `twistd web --wsgi=mixsvc.app`, or a WSGI server.

Nothing starts on import. The first view that reads something of `mixsvc.mix` starts the service, once in each process:
in the reactor that the host runs, else in one that crochet runs in a thread. That thread is no daemon, so the process
waits for an orderly end. The environment variable MIXSVC_CONFIG names the settings file.

- process.py: `mixsvc.app` and `mixsvc.mix`, made at first use, and what a fork has to forget: the reactor's thread
  stays in the parent, whose ports the fork closes at once, and the next use starts a new reactor.
- service.py: the start and the stop of the parts in one process.
- crochet_reactor.py: which reactor that is, and the bridge into it. crochet_private.py: what a fork needs of crochet's
  private parts.
- shared_chat.py: with [chat] listen the chat has a port of its own. Of the processes that share a database, the one
  that has a lock beside it serves the chat; another one takes the lock within a second after its end.
- chat_rpc.py: how the other processes call that one, over the loopback; mixsvc.chat.remote says what they call.
"""

from mixsvc.embedded.process import embedded_app, embedded_mix

__all__ = ["embedded_app", "embedded_mix"]
