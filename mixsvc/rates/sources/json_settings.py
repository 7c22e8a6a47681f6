"""The JSON source as [rates] json_... and the environment describe it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final
from urllib.parse import quote

from mixsvc.config.settings import RatesSettings
from mixsvc.errors import BadSetting
from mixsvc.rates.model.errors import SourceFailed
from mixsvc.rates.sources.download import Address
from mixsvc.rates.sources.json_answer import JsonFormat
from mixsvc.rates.sources.json_feed import MAX_BODY, JsonFeed
from mixsvc.rates.sources.json_paths import JsonPaths

__all__ = ["PRESETS", "feed_of"]

# By the names in [rates] json_preset.
PRESETS: Final = {"frankfurter": "https://api.frankfurter.dev/v2/rates?base={base}&providers=ecb"}

_KEY: Final = "{key}"
_BASE: Final = "{base}"


def feed_of(settings: RatesSettings, environ: Mapping[str, str]) -> Callable[[], JsonFeed]:
    """Returns a function that makes the feed; it raises SourceFailed while the environment has no key.

    Raises BadSetting at once for settings that contradict each other.
    """
    template = settings.json_url or PRESETS.get(settings.json_preset, "")
    if not template:
        raise BadSetting("[rates] sources names json, so give json_url or json_preset")
    wants_key = any(_KEY in text for text in (template, *(value for _, value in settings.json_headers)))
    if wants_key and not settings.json_key_env:
        raise BadSetting(f"[rates] json_url or json_headers has {_KEY}, so give the variable's name in json_key_env")
    if settings.json_key_env and not wants_key:
        raise BadSetting(f"[rates] json_key_env is given, so write {_KEY} in json_url or json_headers where it belongs")

    form = _form_of(settings)

    def make() -> JsonFeed:
        key = _key(settings.json_key_env, environ)
        url = template.replace(_BASE, settings.json_base).replace(_KEY, quote(key, safe=""))
        headers = {name: value.replace(_KEY, key) for name, value in settings.json_headers}
        return JsonFeed(Address(url, headers, MAX_BODY), form, key)

    return make


def _form_of(settings: RatesSettings) -> JsonFormat:
    paths = JsonPaths(
        settings.json_date, settings.json_rates, settings.json_code, settings.json_amount, settings.json_base_field
    )
    mistake = paths.entry_mistake()
    if mistake:
        raise BadSetting(f"[rates] {mistake}")
    written = {name: path.replace(_BASE, settings.json_base) for name, path in asdict(paths).items()}
    return JsonFormat(settings.json_base, JsonPaths(**written), settings.json_inverse)


def _key(variable: str, environ: Mapping[str, str]) -> str:
    if not variable:
        return ""
    key = environ.get(variable, "").strip()
    if not key:
        raise SourceFailed(f"the environment has no variable {variable}, which [rates] json_key_env names")
    if not key.isascii() or not key.isprintable():
        raise SourceFailed(f"the environment variable {variable} holds characters that a header cannot carry")
    return key
