"""What JSON answers say about themselves: whether they are failures, and which base their prices have. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mixsvc.common.currencies import ISO_4217, is_currency

__all__ = ["check_success", "said_bases"]

# Compared without case, _ and -.
_BASES: Final = ("base", "basecode", "basecurrency", "basecurrencycode")
# Some services name their base so, others their origin, a date or a unit.
_OTHERS: Final = ("source", "sourcecurrency", "from", "fromcurrency", "currency")
_AROUND: Final = ("data", "meta", "query", "info", "request", "result", "response")

# Words for a failure, and where the reason may be, the best first.
_FAILURES: Final = ("error", "fail", "failed", "failure", "false")
_REASONS: Final = ("info", "message", "description", "errortype", "type", "detail", "code")

_LONGEST_REASON: Final = 120


def check_success(answer: object) -> None:
    """Raises ValueError, with the reason, for an answer that says it is a failure: success is false, for example."""
    if not isinstance(answer, dict):
        return
    fields = _plain(answer)
    failure = fields.get("error") or fields.get("errors")
    # A number is false only where it says nothing else: a status of 0 may be a good one.
    has_failed = any(_says_no(fields.get(name)) for name in ("success", "result", "status"))
    if failure or has_failed or fields.get("success") == 0:
        reason = next((text for place in (failure, fields) for text in _reasons(place)), "it gives no reason")
        raise ValueError(f"the service refuses: {reason}")


def _says_no(word: object) -> bool:
    return word is False or (isinstance(word, str) and word.strip().lower() in _FAILURES)


def said_bases(value: object, *, is_answer: bool = True) -> Iterator[str]:
    """Yields the bases that an answer, or an entry of one currency, names under one of the usual names, in capitals."""
    if not isinstance(value, dict):
        return
    fields = _plain(value)
    # An entry's own currency is not its base.
    yield from _bases(fields, _OTHERS if is_answer else _OTHERS[:-1])
    for name in _AROUND if is_answer else ():
        if isinstance(around := fields.get(name), dict):
            yield from _bases(_plain(around), _OTHERS)


def _bases(fields: Mapping[str, Any], others: Sequence[str]) -> Sequence[str]:
    named = [code for name in _BASES if is_currency(code := _code(fields.get(name)))]
    return named or [code for name in others if (code := _code(fields.get(name))) in ISO_4217]


def _code(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("code")
    return value.strip().upper() if isinstance(value, str) else ""


def _reasons(place: object) -> Iterator[str]:
    if isinstance(place, str):
        yield place[:_LONGEST_REASON]
    elif isinstance(place, list):
        yield from (text for each in place for text in _reasons(each))
    elif isinstance(place, dict):
        fields = _plain(place)
        found = (fields.get(name) for name in _REASONS)
        yield from (each[:_LONGEST_REASON] for each in found if isinstance(each, str) and each)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower().replace("_", "").replace("-", ""): value for name, value in fields.items()}
