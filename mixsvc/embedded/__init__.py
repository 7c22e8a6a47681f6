"""The same pages, rates and chat inside somebody else's server: `twistd web --wsgi=mixsvc.app`, or a WSGI host.

Nothing starts on import. The first view that asks for the service starts it, once in each process.
"""

from mixsvc.embedded.process import embedded_app, embedded_mix

__all__ = ["embedded_app", "embedded_mix"]
