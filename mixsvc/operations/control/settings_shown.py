"""The settings that differ from the default, as operators read them: without anything that may be secret. Pure."""

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from mixsvc.common.numbers import plain_number
from mixsvc.config.outgoing_hooks import OutgoingHook
from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import SECTIONS, Settings

__all__ = ["HIDDEN", "changed_settings"]

HIDDEN: Final = "(hidden)"

# Settings whose value may be a secret as a whole.
SECRET: Final = frozenset(
    {("storage", "url"), ("nodes", "listen_url"), ("rates", "json_url"), ("rates", "json_headers")}
)

# A URL with a user, a password, or a query, which may have a key; a parameter of an endpoint that is named as a secret.
SECRET_URL: Final = re.compile(r"\w+://[^/\s]*@|\w+://\S*\?", re.IGNORECASE)
SECRET_WORD: Final = re.compile(r"(pass(word|wd)?|secret|token|credential)\w*=", re.IGNORECASE)


def changed_settings(settings: Settings, directory: str) -> Sequence[dict[str, Any]]:
    """Section, key and value of each setting that differs from the default, in their order.

    directory: in which the service runs.
    """
    default = Settings().within(directory)
    return [
        {"section": section, "key": field.name, "value": _shown(section, field.name, value)}
        for section, kind in SECTIONS.items()
        for field in fields(kind)
        if (value := getattr(getattr(settings, section), field.name)) != getattr(getattr(default, section), field.name)
    ]


def _shown(section: str, key: str, value: Any) -> str:
    if (section, key) in SECRET:
        return HIDDEN
    text = _text(value)
    return HIDDEN if SECRET_URL.search(text) or SECRET_WORD.search(text) else text


def _text(value: Any) -> str:
    if isinstance(value, Moderator):
        # The name, without the hash of the password.
        return f"{value.name}: {HIDDEN}" if value.password_hash else value.name
    if isinstance(value, OutgoingHook):
        # Whoever knows the URL of such a hook may write there, mostly.
        return f"{value.name}: {HIDDEN}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain_number(value)
    if isinstance(value, tuple):
        return ", ".join("/".join(each) if isinstance(each, tuple) else _text(each) for each in value)
    return "" if value is None else str(value)
