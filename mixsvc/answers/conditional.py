"""Requests that a client makes depend on what it has already (RFC 9110 section 13)."""

from collections.abc import Mapping
from hashlib import sha256

from werkzeug.http import is_resource_modified, parse_etags

from mixsvc.answers.answer import Answer

__all__ = ["conditional", "tag_of"]


def tag_of(body: bytes) -> bytes:
    """Returns a strong validator of a body, with its quotes (RFC 9110 section 8.8.1): it is made of the bytes."""
    return b'"%b"' % sha256(body).hexdigest()[:32].encode("ascii")


def conditional(headers: Mapping[str, str], answer: Answer, tag: bytes, modified: str | None = None) -> Answer:
    """Returns the answer; 304 for a client that has it, 412 for one that wanted another.

    headers: see Asked. tag: see tag_of. modified: the Last-Modified of the answer.
    """
    known = headers.get("if-none-match", "")
    environ = {
        "HTTP_IF_NONE_MATCH": known,
        "HTTP_IF_MATCH": headers.get("if-match", ""),
        "HTTP_IF_MODIFIED_SINCE": headers.get("if-modified-since", ""),
    }
    # Most send none of these.
    if not any(environ.values()) or is_resource_modified(environ, tag.decode("ascii"), None, modified):
        return answer
    return answer.precondition_failed() if parse_etags(environ["HTTP_IF_MATCH"]) else answer.not_modified()
