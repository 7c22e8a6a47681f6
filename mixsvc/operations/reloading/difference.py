"""What has another value since the settings were read last, and what of that can be applied."""

from collections.abc import Sequence
from dataclasses import fields

from mixsvc.common.records import record
from mixsvc.config.ini import Values
from mixsvc.config.reading import ReadSettings, read_settings
from mixsvc.config.settings import SECTIONS, Settings
from mixsvc.operations.reloading.table import ALWAYS, ORDER, parts_of

__all__ = ["SettingsDifference", "difference"]

# A section and a key.
SettingName = tuple[str, str]


@record
class SettingsDifference:
    """applied: settings that a reload can change. restart: those that keep their value until a restart.

    settings, values: those that count after the reload, and the texts that they come from.
    """

    applied: Sequence[SettingName]
    restart: Sequence[SettingName]
    settings: Settings
    values: Values

    def parts(self) -> Sequence[str]:
        """The names of the parts that apply the changes, or whose files are read again, in their order."""
        concerned = {part for name in self.applied for part in parts_of(*name)}.union(ALWAYS)
        return [name for name in ORDER if name in concerned]


def difference(present: Settings, values: Values, found: ReadSettings) -> SettingsDifference:
    """Compares the present settings with those that were found. Pure.

    values: the texts that the present settings come from. Paths are compared as they are given: those that are not
    given depend on that of the database. Raises BadSetting if those that can be changed contradict the others.
    """
    changed = [
        (section, each.name)
        for section in SECTIONS
        for each in fields(SECTIONS[section])
        if getattr(getattr(present, section), each.name) != getattr(getattr(found.settings, section), each.name)
    ]
    applied, restart = [each for each in changed if parts_of(*each)], [each for each in changed if not parts_of(*each)]
    kept = {name: value for name, value in values.items() if not parts_of(*name)}
    merged = kept | {name: value for name, value in found.values.items() if parts_of(*name)}
    return SettingsDifference(applied, restart, read_settings(None, merged), merged)
