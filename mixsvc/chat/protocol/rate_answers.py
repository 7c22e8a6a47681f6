"""Answers the commands that ask about rates. Pure."""

from mixsvc.common.commands import Convert, Rate
from mixsvc.common.currencies import no_longer_quoted, unknown_currency
from mixsvc.common.text import similar
from mixsvc.interfaces import IRates, Quote

__all__ = ["answer"]


def answer(command: Rate | Convert, rates: IRates) -> str:
    """Returns the answer as a sentence for the room; any thread. If there is no rate, the sentence says so."""
    if isinstance(command, Rate):
        quote = rates.latest(command.base, command.quote)
        return _missing(command, rates) if quote is None else f"{_price(quote)} ({_origin(quote)})"
    found = rates.convert(command.amount, command.base, command.quote)
    if found is None:
        return _missing(command, rates)
    amounts = f"{found.amount:f} {command.base} = {found.result:f} {command.quote}"
    return f"{amounts} ({_price(found.quote)}, {_origin(found.quote)})"


def _missing(command: Rate | Convert, rates: IRates) -> str:
    known = rates.currencies()
    for code in (command.base, command.quote) if known else ():
        span = rates.span(code, code) if code not in known else None
        if span:
            return no_longer_quoted(code, span[1])
        if code not in known and rates.is_complete():
            return unknown_currency(code, similar(code, known))
    return f"There is no rate of {command.base}/{command.quote} at the moment; ask again a little later."


def _price(quote: Quote) -> str:
    return f"1 {quote.base} = {quote.price:f} {quote.quote}"


def _origin(quote: Quote) -> str:
    return f"{quote.source}, {quote.date.isoformat()}" + (", stale" if quote.stale else "")
