"""Reads a settings file: sections, keys and values, each with its line."""

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mixsvc.errors import BadSetting

__all__ = ["RawSetting", "read_ini"]

# Limits the memory that a wrong path to something huge takes.
MAX_CHARACTERS: Final = 1_000_000


@dataclass(frozen=True)
class RawSetting:
    """The text of one setting, and where it was given.

    name: for messages, such as "[web] threads" or "--port". place: such as "mixsvc.ini, line 3" or "command line".
    """

    text: str
    name: str
    place: str


def read_ini(path: str) -> dict[tuple[str, str], RawSetting]:
    """Returns every setting of an INI file by section and key, and every section by its name and the key "".

    Blocks while it reads the file. Raises BadSetting if the file cannot be read or is not INI.
    """
    parser = _parser()
    text = _text(path)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise BadSetting(f"{path}{_describe(error)}") from None
    places = dict(_places(text))
    found = {}
    for section in parser.sections():
        for key in ("", *parser[section]):
            place = f"{path}, line {places.get((section, key), places.get((section, ''), 0))}"
            found[section, key] = RawSetting(parser[section].get(key, ""), f"[{section}] {key}", place)
    return found


def _parser() -> configparser.ConfigParser:
    # Neither [DEFAULT] nor the % in a value has a special meaning: a URL may contain a %.
    return configparser.ConfigParser(interpolation=None, default_section="\0")


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise BadSetting(f"{path}: cannot be read ({error.strerror}); give the path of a readable INI file") from None
    except (UnicodeDecodeError, ValueError):
        raise BadSetting(f"{path}: is not UTF-8 text; give an INI file such as config.example.ini") from None
    if len(text) > MAX_CHARACTERS:
        raise BadSetting(f"{path}: has more than {MAX_CHARACTERS} characters; give an INI file")
    return text


def _describe(error: configparser.Error) -> str:
    match error:
        case configparser.MissingSectionHeaderError():
            return f", line {error.lineno}: a [section] must come first; see config.example.ini"
        case configparser.DuplicateSectionError():
            return f", line {error.lineno}: section [{error.section}] occurs twice; merge the two"
        case configparser.DuplicateOptionError():
            return f", line {error.lineno}: [{error.section}] {error.option} is given twice; keep one"
        case configparser.ParsingError():
            return f", line {error.errors[0][0]}: cannot be understood; write 'key = value'"
    return ": is not an INI file; see config.example.ini"


def _places(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    """Yields the line of each section and key, for messages; configparser reads the values but does not tell lines."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\[(.+)\]", line):
            section = header[1]
            yield (section, ""), number
        elif pair := re.match(r"([^\s=:#;][^=:]*?)\s*[=:]", line):
            yield (section, pair[1].lower()), number
