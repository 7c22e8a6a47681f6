"""Reads the settings: from a file and from options to a Settings object, with every mistake on the way."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import Field, fields, replace
from typing import Any, Final

from mixsvc.common.numbers import plain_number
from mixsvc.common.records import record
from mixsvc.common.text import did_you_mean, similar
from mixsvc.config.ini import IniFile, RawSetting, Values, read_ini
from mixsvc.config.settings import SECTIONS, ChatSettings, NodesSettings, Settings
from mixsvc.errors import BadSetting

__all__ = ["ReadSettings", "inspect_settings", "read_settings"]

# The user part of a URL, and its query, which may have a key. Messages must not show them, as others may read them.
PASSWORD: Final = re.compile(r"//[^/?#]*@")
QUERY: Final = re.compile(r"(://[^\s?]*\?)\S+")

# Settings whose values messages do not show at all: they have passwords, keys, and URLs that are secret.
UNSHOWN: Final = frozenset(
    {
        ("chat", "moderators"),
        ("rates", "json_headers"),
        ("webhooks", "outgoing"),
        ("storage", "url"),
        ("nodes", "listen_url"),
    }
)

# A key and what configparser takes for its end, but for a moderator's name and the hash behind it.
DELIMITED: Final = re.compile(r"\s*([^=:]*?)\s*[=:](?!\s*scrypt:)")

# Bytes that some clients need for a character beyond U+FFFF (\\ud83d\\ude00: escaped in JSON inside JSON), and bytes
# for the other fields of a message.
WIDEST_CHARACTER: Final = 14
AROUND_TEXT: Final = 512

# The environment variable with the address to listen on where neither the file nor an option names a place: in a
# container that is every address, as it has its own.
INTERFACE: Final = "MIXSVC_INTERFACE"

# The two ways to say where the service listens.
PLACES: Final = (frozenset({("server", "port"), ("server", "interface")}), frozenset({("server", "listen")}))

# How many heartbeats of a node may be lost before the others give it up.
BEATS: Final = 5


@record
class ReadSettings:
    """What a file and options say.

    settings: with the default in place of each value that is not valid. values: the texts that were given, by section
    and key. mistakes: all of them; none if the settings can be used.
    """

    settings: Settings
    values: Values
    mistakes: Sequence[BadSetting]

    def require_valid(self) -> "ReadSettings":
        """Returns itself. Raises BadSetting for the first mistake."""
        if self.mistakes:
            raise self.mistakes[0]
        return self


def read_settings(path: str | None, given: Values | None = None) -> Settings:
    """Returns the settings of a file, or the defaults without one, with the options in place of its values.

    given: the options by section and key. Called at the start, in any thread; blocks while it reads the file.
    Raises BadSetting for the first mistake.
    """
    return inspect_settings(path, given or {}).require_valid().settings


def inspect_settings(path: str | None, options: Values) -> ReadSettings:
    """Reads like read_settings, and returns all mistakes instead of raising the first."""
    try:
        file = read_ini(path) if path is not None else IniFile({}, ())
    except BadSetting as error:
        return ReadSettings(Settings(), {}, (error,))
    mistakes = [
        *file.mistakes,
        *_unknown(file.values),
        *_two_ways_to_listen(file.values),
        *_two_ways_to_listen(options),
    ]
    values = {place: value for place, value in file.values.items() if _is_known(place)} | dict(options)
    for given, others in (PLACES, PLACES[::-1]):
        if not given.isdisjoint(options):
            # An option replaces what the file says in the other way, which would otherwise hide or contradict it.
            values = {place: value for place, value in values.items() if place not in others - options.keys()}
    values = {**_of_environment(values), **values}
    settings = _apply(values, mistakes)
    mistakes += _texts_that_do_not_fit(settings.chat, values)
    mistakes += _dead_too_soon(settings.nodes, values)
    mistakes += _nobody_to_hear(settings, values)
    return ReadSettings(settings, values, mistakes)


def _apply(values: Values, mistakes: list[BadSetting]) -> Settings:
    """Returns the settings, and adds to the mistakes what is not valid."""
    settings = Settings()
    for (section, key), value in values.items():
        part = getattr(settings, section)
        try:
            changed = replace(part, **{key: _parse(section, _field(section, key), value)})
        except BadSetting as error:
            mistakes.append(error)
        else:
            settings = replace(settings, **{section: changed})
    return settings


def _of_environment(values: Values) -> Values:
    """The address to listen on, unless what is given names a place."""
    text, listen = os.environ.get(INTERFACE, ""), values.get(("server", "listen"))
    if not text or (listen is not None and listen.text.strip()):
        return {}
    return {("server", "interface"): RawSetting(text, INTERFACE, "environment")}


def _field(section: str, key: str) -> "Field[Any]":
    return next(each for each in fields(SECTIONS[section]) if each.name == key)


def _parse(section: str, known: "Field[Any]", value: RawSetting) -> object:
    try:
        _check_lines(section, value.text)
        return known.metadata["parse"](value.text)
    except ValueError as error:
        shown = "" if (section, known.name) in UNSHOWN else f" = {_without_secrets(value.text)[:100]!r}"
        raise BadSetting(f"{value.place}: {value.name}{shown} is not valid: {error}") from None


def _check_lines(section: str, text: str) -> None:
    """Raises ValueError if a line of a value was meant to be a setting.

    A header of such a name has to stand in the first line.
    """
    for line in text.split("\n")[1:]:
        found = DELIMITED.match(line)
        if found and _is_known((section, key := found[1].lower())):
            raise ValueError(f"{key} is indented below it, and so a part of this value; begin its line without blanks")


def _without_secrets(text: str) -> str:
    return QUERY.sub(r"\1...", PASSWORD.sub("//...@", text))


def _is_known(place: tuple[str, str]) -> bool:
    section, key = place
    return section in SECTIONS and key in [each.name for each in fields(SECTIONS[section])]


def _unknown(values: Values) -> Iterator[BadSetting]:
    """Yields a mistake for each section that does not exist, and for each key that its section does not have."""
    for (section, key), value in values.items():
        if section in SECTIONS:
            keys = [each.name for each in fields(SECTIONS[section])]
            if key and key not in keys:
                yield BadSetting(f"{value.place}: there is no setting {key!r} in [{section}]{_nearest(key, keys)}")
        elif not key:
            yield BadSetting(f"{value.place}: there is no section [{section}]{_nearest(section, SECTIONS)}")


def _nearest(word: str, known: Collection[str]) -> str:
    near = similar(word.lower(), known, 1)
    return did_you_mean([repr(each) for each in near]) or f"; there are: {', '.join(known)}"


def _texts_that_do_not_fit(chat: ChatSettings, values: Values) -> Iterator[BadSetting]:
    needed = chat.max_text * WIDEST_CHARACTER + AROUND_TEXT
    if chat.max_message < needed:
        given = values.get(("chat", "max_text")) or values["chat", "max_message"]
        yield BadSetting(
            f"{given.place}: [chat] max_text = {chat.max_text} needs max_message = {needed} or more: "
            f"one character may take {WIDEST_CHARACTER} bytes in a message"
        )


def _dead_too_soon(nodes: NodesSettings, values: Values) -> Iterator[BadSetting]:
    if nodes.dead_after < BEATS * nodes.heartbeat:
        given = values.get(("nodes", "heartbeat")) or values["nodes", "dead_after"]
        yield BadSetting(
            f"{given.place}: [nodes] heartbeat = {plain_number(nodes.heartbeat)} needs dead_after = "
            f"{plain_number(BEATS * nodes.heartbeat)} or more: some heartbeats may be lost"
        )


def _nobody_to_hear(settings: Settings, values: Values) -> Iterator[BadSetting]:
    if settings.nodes.listen_url and not (settings.storage.url or settings.storage.url_file):
        yield BadSetting(
            f"{values['nodes', 'listen_url'].place}: [nodes] listen_url needs [storage] url or url_file, the database "
            "that the nodes share"
        )


def _two_ways_to_listen(values: Values) -> Iterator[BadSetting]:
    listen = values.get(("server", "listen"))
    if listen is None or not listen.text.strip():
        return
    for key in ("port", "interface"):
        other = values.get(("server", key))
        if other is not None and other.text.strip():
            yield BadSetting(
                f"{other.place}: {other.name} and {listen.name} are both given; "
                f"give only one of them, as port and interface are short for a tcp endpoint in listen"
            )
