"""What a call of another process returns: its value, or its error by name. Pure.

An answer is a JSON object with the `value`, or with an `error` and its `text`; a taken name comes with its
`suggestion`, and TooFast with its `seconds`. Between a service and its children an answer is bytes: such an object, or
a byte 0 and then the bytes of a value that is bytes.
"""

import json
from typing import Any, Final

from mixsvc.errors import NameTaken, NoSuchRoom, NotPublished, ServiceBusy, TooFast

__all__ = ["decode", "encode_error", "encode_value", "error_as_json", "error_fields", "error_of", "value_of"]

# What the interfaces promise, and what Python raises for a wrong argument. An error of another class has the name of
# its nearest ancestor here.
ERRORS: Final[dict[str, type[Exception]]] = {
    each.__name__: each
    for each in (
        NoSuchRoom,
        NotPublished,
        ServiceBusy,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        ArithmeticError,
        RuntimeError,
    )
}

RAW: Final = b"\0"


def value_of(answer: dict[str, Any]) -> Any:
    """Returns the value of an answer, or raises its error. answer: the JSON object."""
    if "error" in answer:
        raise error_of(answer)
    return answer["value"]


def error_fields(error: BaseException) -> dict[str, object] | None:
    """Returns the JSON object of an error; None if it has no name here."""
    if isinstance(error, NameTaken):
        return {"error": "NameTaken", "text": str(error), "suggestion": error.suggestion}
    if isinstance(error, TooFast):
        return {"error": "TooFast", "text": str(error), "seconds": error.seconds}
    name = next((each.__name__ for each in type(error).__mro__ if ERRORS.get(each.__name__) is each), None)
    return None if name is None else {"error": name, "text": _text(error)}


def error_of(fields: dict[str, Any]) -> Exception:
    """Returns the error of a JSON object; a RuntimeError if nobody here knows its name."""
    if fields["error"] == "NameTaken":
        return NameTaken(fields["text"], fields["suggestion"])
    if fields["error"] == "TooFast":
        return TooFast(fields["text"], fields["seconds"])
    return ERRORS.get(fields["error"], RuntimeError)(fields["text"])


def encode_value(value: Any) -> bytes:
    """Returns an answer with this value: bytes, or what JSON can hold. Raises TypeError and ValueError for others."""
    return RAW + value if isinstance(value, bytes) else json.dumps({"value": value}).encode()


def encode_error(error: BaseException) -> bytes:
    """Returns an answer with this error, see error_as_json."""
    return json.dumps(error_as_json(error)).encode()


def error_as_json(error: BaseException) -> dict[str, object]:
    """Returns the JSON object of any error; one without a name is a RuntimeError whose text begins with its class."""
    text = f"{type(error).__name__}: {_text(error)}"
    return error_fields(error) or {"error": "RuntimeError", "text": text}


def decode(payload: bytes) -> Any:
    """Returns the value of an answer in bytes, or raises its error."""
    return payload[1:] if payload.startswith(RAW) else value_of(json.loads(payload))


def _text(error: BaseException) -> str:
    """Returns its text; an exception of somebody else's may fail to have one."""
    try:
        return str(error)
    except Exception:
        return ""
