"""Views that ask `mix` for everything, and an authenticator; the same in threads and in processes."""

import os
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask

from mixsvc import mix
from mixsvc.errors import NameTaken, NoSuchRoom
from mixsvc.interfaces import Identity, Quote

app = Flask(__name__)
DAY, END = date(2024, 1, 1), date(2026, 10, 30)

# Which processes have imported this.
Path(f"imported-{os.getpid()}").touch()


def tried(function: Callable[[], object]) -> object:
    """What a call returns, or the error that its interface promises, and its text."""
    try:
        return function()
    except Exception as error:
        promised = (NameTaken, NoSuchRoom, ValueError, RuntimeError)
        kind = next((each.__name__ for each in promised if isinstance(error, each)), type(error).__name__)
        return [kind, str(error), getattr(error, "suggestion", "")]


def shown(quote: Quote | None) -> object:
    """A quote without the time at which this process's service has read it."""
    return quote and [quote.base, quote.quote, str(quote.price), str(quote.date), quote.source, quote.stale]


# Nothing runs while this is imported.
AT_IMPORT = tried(lambda: mix.rates)


@app.get("/rates")
def rates() -> dict[str, object]:
    """Everything that IRates and ICharts have."""
    asked, charts = mix.rates, mix.charts
    assert charts is not None
    found = asked.history("USD", "JPY", DAY, END, 20)
    converted = asked.convert(Decimal("12.50"), "EUR", "USD", DAY)
    return {
        "at import": AT_IMPORT,
        "pairs": [list(each) for each in mix.pairs],
        "latest": [shown(asked.latest(*each)) for each in (("EUR", "USD"), ("GBP", "CHF"), ("EUR", "XXX"))],
        "currencies": list(asked.currencies()),
        "on": [shown(asked.on("USD", "EUR", day)) for day in (DAY, date(1990, 1, 1), date(2099, 1, 1))],
        "converted": converted and [str(converted.result), converted.decimals, shown(converted.quote)],
        "refused": tried(lambda: asked.convert(Decimal("NaN"), "EUR", "USD")),
        "points": [[str(day), str(price)] for day, price in found.points],
        "history": [found.days, list(found.sources), [[str(each) for each in gap] for gap in found.gaps]],
        "too few": tried(lambda: asked.history("EUR", "USD", DAY, END, 3)),
        "span": [str(each) for each in asked.span("EUR", "HRK") or ()],
        "none": asked.span("EUR", "XXX"),
        "complete": asked.is_complete(),
        "sources": [[each.name, each.state, each.failures, each.last_error] for each in asked.sources()],
        "no form": tried(lambda: charts.picture(found, "gif")),
        "too many": tried(lambda: charts.picture(asked.history("EUR", "USD", date.min, END, 1000), "svg")),
    }


@app.get("/chat-calls")
def chat() -> dict[str, object]:
    """Everything that IChat has; says two things in the lobby."""
    asked = mix.chat
    assert asked is not None
    numbers = [asked.say("lobby", "Clock", text, "key") for text in ("noon \ud83d\ude00", "again")]
    numbers.append(asked.say("lobby", "Clock", "one"))
    page = asked.page("lobby", None, 10)
    return {
        "prefix": asked.prefix,
        "numbers": numbers,
        "page": [[each.number, each.name, each.text, each.kind] for each in page.messages],
        "kept": [page.first, page.last, page.topic, list(page.deleted), page.is_reset],
        "before": [each.number for each in asked.page("lobby", 2, 10).messages],
        "rooms": list(asked.rooms()),
        "members": [list(asked.members(room)) for room in ("lobby", "attic")],
        "overview": [[each.room, each.members, each.topic, each.last] for each in asked.overview()],
        "claimed": asked.claim(" Bob ", "somebody"),
        "taken": tried(lambda: asked.claim("Publisher", "somebody")),
        "errors": [
            tried(lambda: asked.page("attic", None, 10)),
            tried(lambda: asked.say("", "Ann", "x")),
            tried(lambda: asked.say("lobby", "Ann", "")),
            tried(lambda: asked.say("lobby", "Ann", "x", "k" * 65)),
            tried(lambda: asked.claim(" ", "somebody")),
        ],
    }


@app.get("/pid")
def pid() -> str:
    """The process that answers."""
    return str(os.getpid())


@app.get("/hold/<name>")
def hold(name: str) -> str:
    """Keep a thread busy until somebody writes into the pipe of this name; a file says in which process."""
    Path(f"{name}.pid").write_text(str(os.getpid()))
    return Path(name).read_text()


def authenticator(environ: Mapping[str, Any]) -> Identity | None:
    """Knows people by the cookie user=NAME, until there is a file NAME.out. Notes which process was asked."""
    name = environ.get("HTTP_COOKIE", "").partition("user=")[2]
    if not name:
        return None
    if name == "Nobody":
        raise OSError("the users' database is gone")
    Path(f"asked-{os.getpid()}").touch()
    return Identity(f"id of {name}", name, name == "Mia", lambda: Path(f"{name}.out").exists())
