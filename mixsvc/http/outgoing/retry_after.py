"""How long a server of others asks to be left alone: Retry-After, RFC 9110 section 10.2.3."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from twisted.web.http_headers import Headers

__all__ = ["retry_after"]


def retry_after(headers: Headers, now: float, most: float) -> float:
    """Returns the seconds of a Retry-After, in either of its forms, and at most so many; 0 if there is no valid one.

    now: seconds since 1970, UTC. A date counts from the server's own Date, and from `now` only if that is missing: one
    of the two clocks may be wrong.
    """
    text = _field(headers, b"Retry-After")
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), most)
    until, begun = _moment(text), _moment(_field(headers, b"Date"))
    if until is None:
        return 0.0
    return min(max(until - (now if begun is None else begun), 0.0), most)


def _field(headers: Headers, name: bytes) -> str:
    return headers.getRawHeaders(name, [b""])[0].decode("latin-1").strip(" \t")


def _moment(text: str) -> float | None:
    """The seconds since 1970 that a date of HTTP (RFC 9110 section 5.6.7) stands for; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
