#!/bin/sh
# Twisted: a JSON log beside the text log changes what the text log says, if it was added first.
#
# What one would expect: observers of twisted.logger do not know of each other. A text log reads the same whether a JSON
# log is written as well, and what is loaded from the JSON log reads as the text log does: the manual says that "the
# event has preserved enough information to be formatted as human-readable again".
#
# What happens (Twisted 26.10.0, the same event at textFileLogObserver, at jsonFileLogObserver, and loaded again):
#   format            text alone, or text first    JSON first        loaded from the JSON log
#   {rate:.2f}        1.23                         1.23456789        1.23456789
#   {share:.1%}       12.5%                        0.125             0.125
#   {count:,}         12,345                       12345             12345
#   {at:%H:%M}        03:04                        2026-01-02 03:04:00, both
#   {room:>6}|        "  main|"                    main|             main|
#   {flags:x}         ff                           255               255
#   {name!a}          'J\xf6rg'                    Unable to format event {...}: 'name!a:', both
# Before it is written as JSON, an event is "flattened": str() or repr() of each field is put into the event itself,
# under log_flattened, without what stands behind the colon. Whoever formats that event later takes these texts.
# extractField() flattens the event in the same way.
#
# Source: twisted/logger/_flatten.py (flattenEvent, flatFormat) and _format.py (_formatEvent prefers log_flattened);
# https://docs.twisted.org/en/stable/core/howto/logger.html, "Saving events for later", speaks of "a basic level of
# fidelity" and of values that JSON does not know, not of formats; log_flattened is documented as extractField's.
#
# Why it matters: whoever adds a JSON log has other lines in the old one, by the order of two calls: rates with all
# their digits, columns that do not line up, a hexadecimal number that looks like a decimal one. Patterns that read the
# text log (fail2ban, alerts) match no more. Add the JSON observer last, or format values before they are logged.
#
# Run it: sh findings/twisted-log-formats.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
import io
import sys
from datetime import datetime
from importlib.metadata import version

from twisted.logger import Logger, LogPublisher, eventsFromJSONLogFile, formatEvent
from twisted.logger import jsonFileLogObserver, textFileLogObserver

AT = datetime(2026, 1, 2, 3, 4)
FIELDS = dict(rate=1.23456789, share=0.125, count=12345, at=AT, room="main", flags=255, name="J\xf6rg")
# What the text log says alone, and once the event was flattened; None: "Unable to format event".
FORMATS = {
    "{rate:.2f}": ("1.23", "1.23456789"),
    "{share:.1%}": ("12.5%", "0.125"),
    "{count:,}": ("12,345", "12345"),
    "{at:%H:%M}": ("03:04", "2026-01-02 03:04:00"),
    "{room:>6}|": ("  main|", "main|"),
    "{flags:x}": ("ff", "255"),
    "{name!a}": ("'J\\xf6rg'", None),
}


def logged(order, log_format):
    """What the text log says, and what is loaded from the JSON log."""
    text, json = io.StringIO(), io.StringIO()
    observers = {"text": textFileLogObserver(text, timeFormat=None), "json": jsonFileLogObserver(json)}
    Logger("n", observer=LogPublisher(*[observers[each] for each in order])).info(log_format, **FIELDS)
    json.seek(0)
    found = [text.getvalue().removeprefix("- [n#info] ").removesuffix("\n")]
    found += [formatEvent(event) for event in eventsFromJSONLogFile(json)]
    return [None if each.startswith("Unable to format event") else each for each in found]


print(f"Twisted {version('twisted')}")
changed = []
for log_format, (alone, flat) in FORMATS.items():
    found = [logged(order, log_format) for order in (["text"], ["text", "json"], ["json", "text"])]
    print(f"{log_format:12} alone: {found[0]}, [text, loaded] text first: {found[1]}, JSON first: {found[2]}")
    if found != [[alone], [alone, flat], [flat, flat]]:
        changed.append(log_format)
if changed:
    sys.exit(f"the behaviour has changed: {', '.join(changed)}")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
