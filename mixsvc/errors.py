"""What mixsvc raises for the person who runs it or calls it.

MixError
├── BadSetting       a value in the file or the options that cannot be used
├── DatabaseUnusable the database file cannot be opened, is damaged or too new
├── CannotListen     a port that cannot be opened
├── ServiceBusy      the reactor did not answer a worker thread in time
├── NoSuchRoom       a room that does not exist
└── NameTaken        a name that another person uses; carries a free one
"""

__all__ = ["BadSetting", "CannotListen", "DatabaseUnusable", "MixError", "NameTaken", "NoSuchRoom", "ServiceBusy"]


class MixError(Exception):
    """The root. Its text is one line: what was wrong, where, and what to do."""


class BadSetting(MixError):
    """A setting that cannot be used; the text names its place, its value and what would do."""


class DatabaseUnusable(MixError):
    """The database file cannot be opened, is damaged, or was made by a newer version."""


class CannotListen(MixError):
    """A port that cannot be opened: in use, forbidden, or not an address of this machine."""


class ServiceBusy(MixError):
    """The reactor did not answer within the time limit; the request may be tried again."""


class NoSuchRoom(MixError, ValueError):
    """A room that does not exist, or whose name will not do."""


class NameTaken(MixError, ValueError):
    """A name that another person uses. suggestion: one like it that is free."""

    def __init__(self, text: str, suggestion: str) -> None:
        super().__init__(text)
        self.suggestion = suggestion
