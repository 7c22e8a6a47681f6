"""An answer, as HTTP has it."""

from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Final, TypeAlias

from mixsvc.common.records import record

__all__ = ["Answer", "Pairs", "RefusedAnswer", "make_answer"]

# Names and values of header fields.
Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

# A response with status 304 has none of these (RFC 9110 section 15.4.5): they describe content.
_OF_CONTENT: Final = frozenset(
    (b"Content-Type", b"Content-Length", b"Content-Encoding", b"Content-Range", b"Last-Modified")
)


@record
class Answer:
    """status: its code. fields: with the Content-Length, without what a server adds to all of its responses.

    The body of an answer to HEAD is that to GET; whoever sends it leaves the body out.
    """

    status: int
    fields: Pairs
    body: bytes

    @property
    def reason(self) -> bytes:
        """The phrase of the status, in capitals as WSGI applications write it."""
        return _reason(self.status)

    def having(self, *fields: tuple[bytes, bytes]) -> "Answer":
        """Returns the same with more fields."""
        return Answer(self.status, (*self.fields, *fields), self.body)

    def precondition_failed(self) -> "Answer":
        """Returns the answer for a client that wants other content only; it is not for others who ask later."""
        fields = tuple(pair for pair in self.fields if pair[0] != b"Cache-Control")
        return Answer(412, (*fields, (b"Cache-Control", b"no-cache")), self.body)

    def not_modified(self) -> "Answer":
        """Returns the answer for a client that has the content already."""
        return Answer(304, tuple(pair for pair in self.fields if pair[0] not in _OF_CONTENT), b"")


class RefusedAnswer(Exception):
    """A request is refused. answer: the response that says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def make_answer(status: int, kind: bytes, body: bytes, more: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """Returns an answer with content. kind: its Content-Type. more: further fields."""
    return Answer(status, ((b"Content-Type", kind), (b"Content-Length", b"%d" % len(body)), *more), body)


@lru_cache(64)
def _reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.upper().encode("ascii")
