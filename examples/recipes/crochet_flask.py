"""A Flask app under app.run() in which Twisted keeps a rate up to date, with crochet. Ctrl-C ends it.

python crochet_flask.py [URL] [PORT]
"""

import sys
from typing import Any

import crochet
import treq
from flask import Flask
from twisted.internet.task import LoopingCall
from twisted.web.http_headers import Headers

app = Flask(__name__)


class Rate:
    """The latest rate; `line` is replaced as a whole and never changed, so a view may read it at any time."""

    def __init__(self, url: str) -> None:
        self.line = "no rate yet"
        self._url = f"{url}/api/rates/EUR/USD"

    @crochet.run_in_reactor
    def keep(self) -> Any:
        """Update the rate every five seconds from now on. Called in any thread; runs in the reactor's."""
        return LoopingCall(self._ask).start(5)

    @crochet.wait_for(timeout=5)
    def refresh(self) -> Any:
        """Update the rate and wait for it, in a view. Raises crochet.TimeoutError after five seconds."""
        return self._ask()

    def _ask(self) -> Any:
        from twisted.internet import reactor

        clock: Any = reactor
        asked = treq.get(self._url, headers=Headers({"Accept": ["text/plain"]}), timeout=4)
        # A LoopingCall stops for good at its first failure.
        return asked.addCallback(self._text).addTimeout(4, clock).addCallbacks(self._known, self._unknown)

    def _text(self, answer: Any) -> Any:
        if answer.code != 200:
            raise ValueError(f"the answer has status {answer.code}")
        return treq.text_content(answer)

    def _known(self, text: str) -> None:
        self.line = text.strip()

    def _unknown(self, failure: Any) -> None:
        self.line = f"no rate: {failure.type.__name__}"


rate = Rate(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")


@app.get("/")
def latest() -> str:
    """The latest rate; never waits."""
    return rate.line


@app.get("/now")
def now() -> str:
    """The rate of this moment; waits in Flask's own thread, while the reactor runs in another."""
    rate.refresh()
    return rate.line


if __name__ == "__main__":
    crochet.setup()
    rate.keep()
    # Without the reloader (debug=True), which would start a second process with a reactor of its own.
    app.run(port=int(sys.argv[2]) if len(sys.argv) > 2 else 5000)
