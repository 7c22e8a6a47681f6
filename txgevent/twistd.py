"""The reactor as `twistd --reactor gevent` installs it: in a program that is patched."""

from txgevent import reactor  # first: it tells where gevent is missing

# isort: split
from gevent import monkey

__all__ = ["install"]


def install() -> None:
    """Make the blocking functions of the standard library cooperative, then install the reactor."""
    monkey.patch_all()
    reactor.install()
