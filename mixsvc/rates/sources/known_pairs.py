"""Whether the sources can ever quote the pairs of the settings; asked at the start, before any source is."""

from collections.abc import Callable
from pathlib import Path

from mixsvc.common.currencies import EURO, unknown_currency
from mixsvc.common.text import similar
from mixsvc.config.settings import RatesSettings
from mixsvc.errors import BadSetting
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.archive import packaged_archive
from mixsvc.rates.sources.ecb_csv import UNREADABLE, read_csv_table

__all__ = ["check_pairs"]


def check_pairs(settings: RatesSettings, find: Callable[[], Path] = packaged_archive) -> None:
    """Check that the bank has quoted every currency of [rates] pairs, if all sources have its rates.

    find: returns the path of the archive, which names every currency since 1999. A JSON source may quote any currency,
    and an archive that cannot be read says nothing. Blocks for some 12 ms. Raises BadSetting.
    """
    if "json" in settings.sources:
        return
    try:
        table = read_csv_table(find())
    except (SourceFailed, *UNREADABLE):
        return
    known, quoted = {EURO, *table.codes}, [EURO, *table.prices(table.lines[-1])]
    for pair in settings.pairs:
        for code in pair:
            if code not in known:
                advice = unknown_currency(code, similar(code, quoted)).removesuffix(".")
                raise BadSetting(f"[rates] pairs = {'/'.join(pair)}: {advice}")
