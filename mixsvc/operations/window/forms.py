"""The fields of forms: what a log-in and an action send, and what an action asks for."""

from collections.abc import Mapping, Sequence
from typing import IO, Final, Protocol
from urllib.parse import parse_qsl

__all__ = ["Argument", "FormAction", "read_form"]

# Fields of one form.
MAX_FIELDS: Final = 20


class Argument(Protocol):
    """An argument of an action. default: what stands for it if it is left out; None: it must be given."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def default(self) -> str | None: ...
    @property
    def is_rest(self) -> bool: ...


class FormAction(Protocol):
    """An action, as `control` has it. summary: one line."""

    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def arguments(self) -> Sequence[Argument]: ...


def read_form(body: IO[bytes] | None) -> Mapping[str, str]:
    """Returns the fields of a form (application/x-www-form-urlencoded); none for what is no form.

    body: at its beginning. Of several fields with one name, the last one counts.
    """
    text = body.read().decode("latin-1") if body is not None else ""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        return {}
