"""Where the settings come from: a file and the options of the command line."""

import os
from dataclasses import field

from mixsvc.common.records import record
from mixsvc.config.ini import Values
from mixsvc.config.reading import ReadSettings, inspect_settings
from mixsvc.errors import BadSetting

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
        """Returns what they say now, with all mistakes. Blocks. Any thread.

        Raises BadSetting if the file is there and is a pipe or another thing that may never end.
        """
        if self.path is not None and os.path.exists(self.path) and not os.path.isfile(self.path):
            raise BadSetting(f"{self.path} is not a plain file, which alone can be read again; restart the service")
        return inspect_settings(self.path, self.options)
