"""Reads a settings file: sections, keys and values, each with its line."""

import configparser
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from mixsvc.common.records import record
from mixsvc.errors import BadSetting

__all__ = ["IniFile", "RawSetting", "Values", "read_ini"]

# Limits the memory that a wrong path to something huge takes.
MAX_CHARACTERS: Final = 1_000_000

# A file with more mistakes than this is not an INI file.
MAX_MISTAKES: Final = 100

# Stands before its line number in the name of a section that occurs a second time.
AGAIN: Final = "\0"


@record
class RawSetting:
    """The text of one setting, and where it was given.

    name: for messages, such as "[web] threads" or "--port". place: such as "mixsvc.ini, line 3" or "command line".
    """

    text: str
    name: str
    place: str


# Settings by section and key.
Values: TypeAlias = Mapping[tuple[str, str], RawSetting]


@record
class IniFile:
    """What a file says. values: every setting, and every section under the key "". mistakes: what is not INI in it."""

    values: Values
    mistakes: Sequence[BadSetting]


def read_ini(path: str) -> IniFile:
    """Returns what an INI file says. Blocks while it reads the file. Raises BadSetting if it cannot be read."""
    lines = _text(path).split("\n")
    mistakes: list[BadSetting] = []
    while (error := _error(parser := _parser(), lines)) is not None and len(mistakes) < MAX_MISTAKES:
        mistakes += [BadSetting(f"{path}{text}") for text in _descriptions(error)]
        _mend(lines, error)
    places = dict(_places(lines))
    found: dict[tuple[str, str], RawSetting] = {}
    for name in parser.sections():
        section = name.partition(AGAIN)[0]
        for key in ("", *parser[name]):
            place = f"{path}, line {places.get((name, key), places.get((name, ''), 0))}"
            found.setdefault((section, key), RawSetting(parser[name].get(key, ""), f"[{section}] {key}", place))
    return IniFile(found, mistakes)


def _error(parser: configparser.ConfigParser, lines: Sequence[str]) -> configparser.Error | None:
    try:
        parser.read_string("\n".join(lines))
    except configparser.Error as error:
        return error
    return None


def _mend(lines: list[str], error: configparser.Error) -> None:
    """Change the lines of a mistake so that it does not occur again and the other lines keep their meaning."""
    match error:
        case configparser.DuplicateSectionError():
            lines[(error.lineno or 1) - 1] = f"[{error.section}{AGAIN}{error.lineno}]"
        case configparser.DuplicateOptionError():
            # Its indented lines would belong to the value above.
            number = error.lineno or 1
            lines[number - 1] = ""
            while number < len(lines) and (not lines[number].strip() or lines[number][0].isspace()):
                lines[number] = ""
                number += 1
        case configparser.MissingSectionHeaderError():
            lines[error.lineno - 1] = ""
        case configparser.ParsingError():
            for number, _ in error.errors:
                lines[number - 1] = ""


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


def _descriptions(error: configparser.Error) -> Sequence[str]:
    match error:
        case configparser.MissingSectionHeaderError():
            return [f", line {error.lineno}: a [section] must come first; see config.example.ini"]
        case configparser.DuplicateSectionError():
            return [f", line {error.lineno}: section [{error.section}] occurs twice; merge the two"]
        case configparser.DuplicateOptionError():
            section = error.section.partition(AGAIN)[0]
            return [f", line {error.lineno}: [{section}] {error.option} is given twice; keep one"]
        case configparser.ParsingError():
            return [f", line {number}: cannot be understood; write 'key = value'" for number, _ in error.errors]
    return [": is not an INI file; see config.example.ini"]


def _places(lines: Sequence[str]) -> Iterator[tuple[tuple[str, str], int]]:
    """Yields the line of each section and key, for messages; configparser reads the values but does not tell lines."""
    section, indent, is_value = "", 0, False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        blanks = len(line) - len(line.lstrip())
        # As in configparser, a line belongs to the value above if it is indented more than its key.
        if not text or text.startswith(("#", ";")) or (is_value and blanks > indent):
            continue
        indent, is_value = blanks, False
        if header := re.match(r"\[(.+)\]", text):
            section = header[1]
            yield (section, ""), number
        elif pair := re.match(r"([^=:]+?)\s*[=:]", text):
            is_value = True
            yield (section, pair[1].lower()), number
