"""Files from memory: in the smallest form that a client takes, whole, a range, or 304 for a client that has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from werkzeug.http import http_date, parse_date, parse_range_header

from mixsvc.answers.answer import Answer, Pairs, make_answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import best_coding
from mixsvc.answers.conditional import conditional, tag_of

__all__ = ["BYTES_RANGE", "FOR_EVER", "FileForm", "MemoryFile", "file_answer"]

# For browsers and caches: files whose names change with their content.
FOR_EVER: Final = b"public, max-age=31536000, immutable"

# One range of bytes (RFC 9110 section 14.1.2). Other units and several ranges are ignored, as section 14.2 allows.
BYTES_RANGE: Final = re.compile(r"[ \t]*bytes[ \t]*=[^,]*", re.IGNORECASE)

_NOT_SATISFIABLE: Final = b"The file has no such bytes.\n"


@dataclass(frozen=True)
class FileForm:
    """The bytes of a file in one content coding. coding: "" for none."""

    body: bytes
    coding: str

    @cached_property
    def tag(self) -> bytes:
        """Its strong validator, which tells the forms of a file apart as well."""
        return tag_of(self.body)


@dataclass(frozen=True)
class MemoryFile:
    """A file and its forms.

    kind: its Content-Type. modified: when it was changed, seconds since 1970. caching: its Cache-Control. bodies: its
    bytes by coding. more: further fields of each response.
    """

    kind: bytes
    modified: float
    caching: bytes
    bodies: Mapping[str, bytes]
    more: Pairs = field(default=())

    def form(self, accepted: str) -> FileForm:
        """Returns the form for a client. accepted: its header Accept-Encoding."""
        return self._forms[best_coding(accepted, tuple(self._forms))]

    @cached_property
    def _forms(self) -> Mapping[str, FileForm]:
        return {coding: FileForm(body, coding) for coding, body in self.bodies.items()}

    @cached_property
    def last_modified(self) -> str:
        """Its Last-Modified."""
        return http_date(int(self.modified))


def file_answer(asked: Asked, file: MemoryFile) -> Answer:
    """Returns the answer for a file: 200, 206, 304, 412 or 416."""
    form = file.form(asked.header("accept-encoding"))
    whole = make_answer(200, file.kind, form.body, _fields(file, form))
    answer = conditional(asked.headers, whole, form.tag, file.last_modified)
    if answer is not whole or asked.method != "GET" or "range" not in asked.headers:
        return answer
    return _ranged(asked, whole, form, file) if _is_range_wanted(asked, form, file) else whole


def _fields(file: MemoryFile, form: FileForm) -> Pairs:
    coding = ((b"Content-Encoding", form.coding.encode()),) if form.coding else ()
    return (
        (b"Last-Modified", file.last_modified.encode()),
        (b"Cache-Control", file.caching),
        (b"ETag", form.tag),
        (b"Vary", b"Accept-Encoding"),
        (b"Accept-Ranges", b"bytes"),
        *coding,
        *file.more,
    )


def _is_range_wanted(asked: Asked, form: FileForm, file: MemoryFile) -> bool:
    if not BYTES_RANGE.fullmatch(asked.header("range")):
        return False
    condition = asked.header("if-range")
    if not condition:
        return True
    # RFC 9110 section 13.1.5: a weak tag never matches, and a date only if it is exactly the same.
    if (moment := parse_date(condition)) is not None:
        return moment == parse_date(file.last_modified)
    return condition.encode("latin-1") == form.tag


def _ranged(asked: Asked, whole: Answer, form: FileForm, file: MemoryFile) -> Answer:
    """Returns the part of the form that is sent: a range is one of the bytes as they are sent (RFC 9110 section 14)."""
    wanted = parse_range_header(asked.header("range"))
    if wanted is None:
        # It is not one, so it is ignored.
        return whole
    length = len(form.body)
    [(first, _)] = wanted.ranges
    # More of the last bytes than there are is all of them (RFC 9110 section 14.1.2), which Werkzeug refuses.
    found = (0, length) if first < -length < 0 else wanted.range_for_length(length)
    if found is None:
        where = ((b"Content-Range", b"bytes */%d" % length), (b"Cache-Control", b"no-cache"), *file.more)
        return make_answer(416, b"text/plain; charset=utf-8", _NOT_SATISFIABLE, where)
    start, stop = found
    part = (b"Content-Range", b"bytes %d-%d/%d" % (start, stop - 1, length))
    return make_answer(206, file.kind, form.body[start:stop], (*_fields(file, form), part))
