"""What JSON answers say about themselves: whether they are failures, and which base their prices have. Pure.

Names are compared by their letters and digits only: "Base Currency" is base_currency.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from mixsvc.common.currencies import ISO_4217, is_currency

__all__ = ["check_success", "said_bases"]

_BASES: Final = ("base", "basecode", "basecurrency", "basecurrencycode")
# Some services name their base so, others their origin, a date or a unit.
_OTHERS: Final = ("source", "sourcecurrency", "sourcecode", "from", "fromcurrency", "fromcode")
# An entry names itself so.
_OWN: Final = ("currency", "currencycode")
# Objects beside the prices.
_AROUND: Final = ("data", "meta", "query", "info", "request", "result", "results", "response", "status")

# Fields that say no, what they say then, and fields that are there for failures only.
_ANSWERS: Final = ("success", "ok", "issuccess", "successful", "result", "status")
_FAILURES: Final = ("error", "fail", "failed", "failure", "false", "no")
_ERRORS: Final = ("error", "errors", "errormessage", "errorcode")
_NOTHING: Final = ("", "0", "none", "null", "no", "false", "ok", "success", "no error")

# Where a reason may be, the best first.
_REASONS: Final = ("info", "message", "errormessage", "description", "errortype", "type", "detail", "code")


def check_success(answer: object) -> None:
    """Raises ValueError, with the reason, for an answer that says it is a failure: success is false, for example."""
    if isinstance(answer, dict):
        fields = _plain(answer)
        for place in (fields, *_around(fields)):
            failures = [place[name] for name in _ERRORS if _is_something(place.get(name))]
            if failures or _refuses(place):
                reasons = (text for each in (*failures, place, fields) for text in _reasons(each))
                raise ValueError(f"the service refuses: {next(reasons, 'it gives no reason')}")


def said_bases(value: object, *, is_answer: bool = True) -> Iterator[str]:
    """Yields the bases that a part of an answer names under one of the usual names, in capitals.

    is_answer: False for the entry of one currency, whose own code is not its base.
    """
    if not isinstance(value, dict):
        return
    fields = _plain(value)
    yield from _bases(fields, (*_OTHERS, *_OWN) if is_answer else _OTHERS)
    for around in _around(fields) if is_answer else ():
        yield from _bases(around, (*_OTHERS, *_OWN))


def _refuses(fields: Mapping[str, Any]) -> bool:
    # A number is false only where it says nothing else: a status of 0 may be a good one.
    if any(_says_no(fields.get(name)) for name in _ANSWERS) or fields.get("success") in (0, "0"):
        return True
    codes = (fields.get("status"), fields.get("statuscode"), fields.get("code") if "message" in fields else None)
    # Of HTTP, where the response itself has 200.
    return any(isinstance(code, Decimal) and 400 <= code < 600 for code in codes)


def _says_no(word: object) -> bool:
    return word is False or (isinstance(word, str) and word.strip().lower() in _FAILURES)


def _is_something(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    if isinstance(value, list | dict):
        return any(map(_is_something, value.values() if isinstance(value, dict) else value))
    return bool(value)


def _around(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (_plain(around) for name in _AROUND if isinstance(around := fields.get(name), dict))


def _bases(fields: Mapping[str, Any], others: tuple[str, ...]) -> list[str]:
    named = [code for name in _BASES if is_currency(code := _code(fields.get(name)))]
    like = (name for name in fields if name in others or name.startswith("base") or name.endswith("base"))
    return named or [code for name in like if (code := _code(fields[name])) in ISO_4217]


def _code(value: object) -> str:
    if isinstance(value, dict):
        inner = _plain(value)
        value = next((inner[name] for name in ("code", "currency", "symbol", "iso") if name in inner), None)
    return value.strip().upper() if isinstance(value, str) and value.isascii() else ""


def _reasons(place: object) -> Iterator[str]:
    if isinstance(place, str):
        yield place
    elif isinstance(place, list):
        yield from (text for each in place for text in _reasons(each))
    elif isinstance(place, dict):
        fields = _plain(place)
        found = (fields.get(name) for name in _REASONS)
        yield from (each for each in found if isinstance(each, str) and each)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {re.sub("[^a-z0-9]", "", name.lower()): value for name, value in fields.items()}
