"""Makes `--reactor gevent` known. It names txgevent.twistd and imports nothing of gevent: twistd lists every plugin."""

from typing import Final

from twisted.application.reactors import Reactor

__all__ = ["gevent"]

gevent: Final = Reactor("gevent", "txgevent.twistd", "gevent's hub; makes the whole program cooperative.")
