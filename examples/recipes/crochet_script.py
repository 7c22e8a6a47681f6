"""A plain blocking script that downloads through Twisted and waits, with crochet.

python crochet_script.py [URL]
"""

import sys
from typing import Any

import crochet
import treq
from twisted.web.http_headers import Headers

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"


# May be called in any thread and returns an EventualResult at once; the body runs in the reactor's thread.
@crochet.run_in_reactor
def download(url: str) -> Any:
    """The text there: a Deferred here and a str to whoever waits, which crochet's types cannot say."""
    # Not above: in other scripts somebody may have to install a reactor first.
    from twisted.internet import reactor

    clock: Any = reactor
    asked = treq.get(url, headers=Headers({"Accept": ["text/plain"]}), timeout=10)
    return asked.addCallback(treq.text_content).addTimeout(20, clock)


def main() -> None:
    """Nothing here knows of Deferreds."""
    # Starts the reactor in a daemon thread, once in the process. (A twistd has one: no_setup() there.)
    crochet.setup()
    result = download(f"{URL}/api/rates")
    # The download goes on while this thread does something else.
    print("downloading")
    try:
        # Never without a limit. A failure is raised here, as if this line had done the work.
        print(result.wait(30).splitlines()[0])
    except Exception as error:
        # crochet.TimeoutError is one of them. It ends the wait and not the work: that takes result.cancel(), or a limit
        # of its own that is shorter, as above.
        raise SystemExit(f"crochet_script: {URL}: {type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
