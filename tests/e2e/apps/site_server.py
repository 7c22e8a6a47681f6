"""A hardened site with the files of a folder; run as a program: it prints its port."""

import sys
from typing import Any

from twisted.internet import reactor
from twisted.web.static import File

from mixsvc.config.settings import ServerSettings, Settings
from mixsvc.http.site import MixSite


def site(core: Any, folder: str) -> MixSite:
    """Disconnects a client that takes longer than two seconds for a megabyte."""
    settings = Settings(server=ServerSettings(transfer_timeout=1, slowest_transfer=10**6))
    made = MixSite(core, File(folder), settings)
    made.on_answer = lambda request, seconds: None
    return made


if __name__ == "__main__":
    core: Any = reactor
    port = core.listenTCP(0, site(core, sys.argv[1]), 4096, "127.0.0.1")
    print(port.getHost().port, flush=True)
    core.run()
