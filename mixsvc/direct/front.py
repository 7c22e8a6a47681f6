"""The page: what a view has made of it a moment ago, for everybody who asks for the same."""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from mixsvc.answers.answer import Answer, Pairs
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import coding_of, in_coding, uncompressed
from mixsvc.direct.kept import KeptAnswers
from mixsvc.direct.routes import DirectSources
from mixsvc.http.page_request import PageRequest, asked_by, send_answer

__all__ = ["FrontPage"]

# Two for each host, with the newest messages. So they need 8 MB at most.
MOST: Final = 32
MAX_BYTES: Final = 262144

# Scheme and host, as the client has them.
Origin: TypeAlias = tuple[str, str]

Onward: TypeAlias = Callable[[PageRequest], None]


class FrontPage:
    """Keeps the page for the rest of a second, or until a rate changes: one for all codings. Reactor thread.

    Only where everybody may read the chat: there the view looks at nothing of a request but its host and scheme, which
    are in the policy.
    """

    def __init__(self, around: DirectSources) -> None:
        self._around = around
        self._kept = KeptAnswers(MOST, MAX_BYTES)

    def answer(self, onward: Onward, request: PageRequest) -> None:
        """Send the page. onward: asks the view for it."""
        is_read = request.method in (b"GET", b"HEAD")
        version = self._around.rate_version() if is_read and self._is_shared(request) else None
        if version is None:
            onward(request)
            return
        asked = asked_by(request)
        origin = asked.scheme, asked.header("host")
        kept = self._coded(version, origin, asked)
        if kept is not None:
            send_answer(request, kept)
            return
        if request.method == b"GET":
            request.responded = partial(self._keep, version, origin)
        onward(request)

    def _coded(self, version: object, origin: Origin, asked: Asked) -> Answer | None:
        plain = self._kept.get(version, (origin, ""))
        if plain is None:
            return None
        coding = coding_of(asked, plain.body)
        found = self._kept.get(version, (origin, coding))
        if found is None:
            found = in_coding(plain, coding)
            self._kept.keep(version, (origin, coding), found)
        return found

    def _keep(self, version: object, origin: Origin, status: int, fields: Pairs, body: bytes) -> None:
        is_for_one = any(name.lower() == b"set-cookie" for name, _ in fields)
        if status == 200 and not is_for_one and self._is_open():
            self._kept.keep(version, (origin, ""), _plain(fields, body))

    def _is_shared(self, request: PageRequest) -> bool:
        # Links in the page have the prefix that a proxy has removed.
        return not request.sender.prefix and self._is_open()

    def _is_open(self) -> bool:
        chat = self._around.mix.chat
        return self._around.guests.now and (chat is None or not chat.asks_permission)


def _plain(fields: Pairs, body: bytes) -> Answer:
    """Returns the page as it is without a coding."""
    if (b"Content-Encoding", b"gzip") in fields:
        body = uncompressed(body)
    others = tuple(pair for pair in fields if pair[0] not in (b"Content-Encoding", b"Content-Length"))
    return Answer(200, (*others, (b"Content-Length", b"%d" % len(body))), body)
