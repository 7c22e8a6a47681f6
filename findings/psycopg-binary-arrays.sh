#!/bin/sh
# psycopg with its C implementation writes lists in Python, element by element.
#
# What one would expect: `psycopg[binary]` or `psycopg[c]` brings "speedups": values are turned into what PostgreSQL reads
# by C code, so that a statement that stores a thousand rows by `unnest(%s::text[], ...)` spends its time in the server.
#
# What happens (psycopg 3.3.9 with psycopg-binary 3.3.9; `psycopg.pq.__impl__` is "binary"):
#   str, int, bool, float, bytes       written by psycopg_binary._psycopg, in C
#   text[], int8[] that are read       loaded by psycopg.types.array, which hands them to C as a whole
#   list                               written by psycopg.types.array.ListDumper, which is Python: for each element it
#                                      asks for a dumper, calls it, and quotes the text with a regular expression
# A list of 300 short texts takes about 400 microseconds; the same array as one text that is joined by hand, which the
# server reads to the same value, 30 to 40. A tuple (a record) is written in Python as well.
#
# Source: https://www.psycopg.org/psycopg3/docs/basic/install.html names the C implementation "the recommended way" for
# performance; nothing there, nor in "Adapting basic Python types", says what is not written in C.
#
# Why it matters: `unnest` over arrays is the usual way to store many rows by one statement without COPY. In a chat that
# stored 40 messages at a time, a fourteenth of the whole process was spent in ListDumper, with the GIL, while the thread
# that serves clients waited for it. A text such as '{"a","b"}' with `%s::text[]` is bound as any other parameter, in C:
# quote each element, and put a backslash before each quotation mark and backslash in it.
#
# Run it: sh findings/psycopg-binary-arrays.sh. It needs Linux on x86-64 or arm64, python3 and pip's index, and no server.
# It fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet psycopg==3.3.9 psycopg-binary==3.3.9

cat >"$folder/finding.py" <<'PYTHON'
import timeit

import psycopg
from psycopg.adapt import PyFormat, Transformer

TEXTS = [f"text number {each} of a chat" for each in range(300)]

transformer = Transformer()


def dumper_of(value):
    return transformer.get_dumper(value, PyFormat.AUTO)


def by_hand(texts):
    return "{" + ",".join(['"' + each.replace("\\", r"\\").replace('"', r"\"") + '"' for each in texts]) + "}"


def microseconds(function):
    return min(timeit.repeat(function, number=100, repeat=5)) / 100 * 1e6


print(f"psycopg {psycopg.__version__}, implementation: {psycopg.pq.__impl__}")
found = {}
for value in ("a", 1, True, 1.5, b"a", ["a"], [1], ("a", 1)):
    kind = type(dumper_of(value))
    found[repr(value)] = kind.__module__
    print(f"  {value!r:12} {kind.__module__}.{kind.__name__}")

as_list = bytes(dumper_of(TEXTS).dump(TEXTS))
assert as_list == by_hand(TEXTS).encode(), as_list[:80]
slow = microseconds(lambda: dumper_of(TEXTS).dump(TEXTS))
quick = microseconds(lambda: dumper_of("").dump(by_hand(TEXTS)))
print(f"a list of {len(TEXTS)} texts: {slow:.0f} microseconds; as one text, joined by hand: {quick:.0f}")

assert psycopg.pq.__impl__ == "binary"
in_c = {value for value, module in found.items() if module.startswith("psycopg_binary")}
assert in_c == {"'a'", "1", "True", "1.5", "b'a'"}, in_c
assert found["['a']"] == found["[1]"] == "psycopg.types.array", found
assert slow > 2 * quick
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
echo "as described above"
