"""How the page writes numbers, times and durations: filters of the templates.

What is missing, or is not of the kind that is expected, is shown as a dash or as it is: the overview may have more, and
less, than a template knows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from mixsvc.common.times import utc_seconds

__all__ = ["FILTERS", "iso", "moment", "shown", "text"]

NOTHING: Final = "–"

# Of seconds: how many of each there are in the next one, and its name.
UNITS: Final = ((60, "s"), (60, "min"), (24, "h"))

BYTES: Final = ("B", "KB", "MB", "GB", "TB")

# Keys of moments; and parts of the keys of durations and of bytes.
MOMENTS: Final = frozenset(("at", "since", "started", "last_success", "next_try", "until", "seen", "last_error_at"))
SECONDS: Final = re.compile("(^|_)(seconds|lag|uptime|age|behind|silence)(_|$)")
AMOUNTS: Final = re.compile("(^|_)(bytes|unsent|largest|unread|memory|disk|resident)(_|$)")

# Keys of numbers that count nothing.
NAMES: Final = frozenset(("pid", "port", "id", "child", "number"))

# Keys that need other words.
WORDS: Final = {
    "lag_p99": "lag, 99 % within",
    "seconds_p50": "time, median",
    "seconds_p99": "time, 99 % within",
    "event_seconds_p99": "time of events, 99 % within",
    "hint_seconds_p99": "time of hints, 99 % within",
    "irc_slow": "IRC slow",
    "pid": "process",
}

# Characters of one text.
LONGEST: Final = 2000


def number(value: Any) -> str:
    """Returns 12 345 for a whole number; one with a fraction has three digits that tell something."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    if value != value or value in (float("inf"), float("-inf")):
        return NOTHING
    if float(value).is_integer():
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}".replace(",", "\u202f")


def duration(value: Any) -> str:
    """Returns such as 350 ms, 12 s, 4 min, 3 h or 2 d for seconds; two units where the first says little."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        return text(value)
    if not value:
        return "0 s"
    if abs(value) < 1:
        return f"{number(float(f'{1000 * value:.3g}'))} ms"
    if abs(value) < 10:
        return f"{value:.3g} s"
    rest, smaller, unit = int(value), "", "s"
    for size, unit in UNITS:
        if abs(rest) < size:
            return f"{rest} {unit}{smaller}"
        rest, left = divmod(rest, size)
        smaller = f" {left} {unit}" if left else ""
    return f"{rest} d{smaller}"


def size(value: Any) -> str:
    """Returns such as 12 KB for bytes, by 1000."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e18:
        return text(value)
    left = float(value)
    for unit in BYTES[:-1]:
        if abs(left) < 1000:
            return f"{left:.3g} {unit}"
        left /= 1000
    return f"{left:,.3g} {BYTES[-1]}"


def clock(value: Any) -> str:
    """Returns the time of day, in UTC, of a moment: seconds since 1970, or a text that has the time after a T."""
    found = iso(value)
    return found[11:19] if len(found) >= 19 and found[10:11] == "T" else text(value)


def moment(value: Any) -> str:
    """Returns the date and the time of day, in UTC, of a moment as `clock` takes it: it may be days ago, or to come."""
    found = iso(value)
    return f"{found[:10]} {found[11:19]}" if len(found) >= 19 and found[10:11] == "T" else text(value)


def iso(value: Any) -> str:
    """Returns the moment for the attribute datetime; "" for none."""
    if isinstance(value, str):
        return value[:40]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e11:
        return ""
    return utc_seconds(datetime.fromtimestamp(value, UTC))


def text(value: Any) -> str:
    """Returns what is shown for any value: a dash for nothing, at most LONGEST characters."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {text(each)}" for key, each in list(value.items())[:20]) or NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(text(each) for each in value[:20]) or NOTHING
    shown = "" if value is None else str(value)
    return shown[:LONGEST] + ("…" if len(shown) > LONGEST else "") if shown else NOTHING


def sentence(value: Any) -> str:
    """Returns a line as a sentence: with a capital letter and a full stop."""
    line = text(value)
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "?", "!")) else ".")


def shown(value: Any, key: str) -> str:
    """Returns what is shown for the value of a key, whose name says what it counts."""
    if key in MOMENTS:
        return moment(value)
    if key in NAMES or isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    if SECONDS.search(key):
        return duration(value)
    return size(value) if AMOUNTS.search(key) else number(value)


def pairs(key: Any) -> Sequence[str]:
    """Returns a key and the title of its column."""
    title = words(key)
    return str(key), title[:1].upper() + title[1:]


def words(name: Any) -> str:
    """Returns a key as a person reads it: by_door becomes "by door"."""
    return WORDS.get(str(name), str(name).replace("_", " "))


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    each.__name__: each for each in (number, duration, size, clock, iso, moment, pairs, sentence, shown, text, words)
}
