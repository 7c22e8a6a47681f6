"""Requests that a client makes depend on what it has already (RFC 9110 section 13)."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from werkzeug.http import parse_date, parse_etags

from mixsvc.answers.answer import Answer

__all__ = ["conditional", "tag_of"]

_NAMES: Final = frozenset(("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"))


def tag_of(body: bytes) -> bytes:
    """Returns a strong validator of a body, with its quotes (RFC 9110 section 8.8.1): it is made of the bytes."""
    return b'"%b"' % sha256(body).hexdigest()[:32].encode("ascii")


def conditional(headers: Mapping[str, str], answer: Answer, tag: bytes, modified: str | None = None) -> Answer:
    """Returns the answer; 304 for a client that has it, 412 for one that wanted another.

    headers: see Asked. tag: see tag_of. modified: the Last-Modified of the answer.
    """
    # Most send none of these.
    if _NAMES.isdisjoint(headers):
        return answer
    bare, since = tag.decode("ascii").strip('"'), parse_date(modified)
    if not _is_still_wanted(headers, bare, since):
        return answer.precondition_failed()
    return answer.not_modified() if _is_known(headers, bare, since) else answer


def _is_still_wanted(headers: Mapping[str, str], tag: str, since: datetime | None) -> bool:
    """Steps 1 and 2 of RFC 9110 section 13.2.2."""
    wanted = parse_etags(headers.get("if-match"))
    if wanted:
        return wanted.star_tag or wanted.is_strong(tag)
    until = parse_date(headers.get("if-unmodified-since"))
    return until is None or since is None or since <= until


def _is_known(headers: Mapping[str, str], tag: str, since: datetime | None) -> bool:
    """Steps 3 and 4."""
    known = parse_etags(headers.get("if-none-match"))
    if known:
        return known.contains_weak(tag)
    had = parse_date(headers.get("if-modified-since"))
    return had is not None and since is not None and since <= had
