"""A plain blocking script that downloads through Twisted and waits, with crochet.

python crochet_script.py [URL]
"""

import sys
from typing import Any

import crochet
import treq
from twisted.web.http_headers import Headers

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"


# It may be called in any thread, and returns an EventualResult at once; its body runs in the reactor's thread.
@crochet.run_in_reactor
def download(url: str) -> Any:
    """The text at a URL: a Deferred here and a str for the caller of wait, which crochet's types cannot express."""
    # Not at the top: other scripts may have to install a reactor first.
    from twisted.internet import reactor

    clock: Any = reactor
    asked = treq.get(url, headers=Headers({"Accept": ["text/plain"]}), timeout=10)
    return asked.addCallback(text_of).addTimeout(20, clock)


def text_of(answer: Any) -> Any:
    """The text of an answer. Whatever status it has is no failure for treq."""
    if answer.code != 200:
        raise ValueError(f"the answer has status {answer.code}")
    return treq.text_content(answer)


def main() -> None:
    """Blocking code, without Deferreds."""
    # Starts the reactor in a daemon thread, once in a process. (Under twistd call no_setup() instead.)
    crochet.setup()
    result = download(f"{URL}/api/rates")
    # The download continues while this thread does something else.
    print("downloading")
    try:
        # Always with a limit. A failure of the download is raised here.
        print(result.wait(30).splitlines()[0])
    except Exception as error:
        # crochet.TimeoutError is one of them. It ends the wait and not the download: that needs result.cancel(), or a
        # shorter limit of its own, as above.
        raise SystemExit(f"crochet_script: {URL}: {type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
