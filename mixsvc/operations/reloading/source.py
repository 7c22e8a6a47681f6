"""Where the settings come from: a file and the options of the command line."""

from dataclasses import field

from mixsvc.common.records import record
from mixsvc.config.ini import Values
from mixsvc.config.reading import ReadSettings, inspect_settings

__all__ = ["SettingsSource"]


@record
class SettingsSource:
    """path: of the file, absolute, as a daemon changes its directory; None without one. options: they take precedence.

    directory: where relative paths in the settings start.
    """

    path: str | None = None
    options: Values = field(default_factory=dict)
    directory: str = "/"

    def read(self) -> ReadSettings:
        """Returns what they say now, with all mistakes. Blocks. Any thread."""
        return inspect_settings(self.path, self.options)
