"""The exceptions that mixsvc raises for the person who runs it, or for the program that calls it.

MixError
├── BadSetting       a value in the settings file or the options is not valid
├── DatabaseUnusable the database cannot be opened, is damaged or too new
│   └── DatabaseAway its server does not answer now
├── StorageError     the database has failed: what was asked of it was not done
├── CannotListen     a port cannot be opened
├── RestartFailed    a new process could not take over from this one
├── ServiceBusy      it cannot be done at present; the caller may try again
├── NoSuchRoom       the room does not exist
├── NotPublished     what cannot be a topic, an event or a key, or is too large
├── ActionRefused    what an operator has asked for is not done
├── TooFast          too much came in too short a time; carries how long to wait
└── NameTaken        another person uses the name; carries a free one
"""

__all__ = [
    "ActionRefused",
    "BadSetting",
    "CannotListen",
    "DatabaseAway",
    "DatabaseUnusable",
    "MixError",
    "NameTaken",
    "NoSuchRoom",
    "NotPublished",
    "RestartFailed",
    "ServiceBusy",
    "StorageError",
    "TooFast",
]


class MixError(Exception):
    """The root of all of them. The text is one line: what is wrong, where, and what to do."""


class BadSetting(MixError):
    """A setting is not valid. The text names its place and its value, and says what to write instead."""


class DatabaseUnusable(MixError):
    """The database cannot be opened, is damaged, or was made by a newer version of mixsvc."""


class DatabaseAway(DatabaseUnusable):
    """The server of the database cannot be reached, or is just starting or stopping: it may answer later."""


class StorageError(MixError):
    """The database has failed: what was asked of it was not done. The text is the database's own, without paths."""


class CannotListen(MixError):
    """A port cannot be opened: it is in use or forbidden, or its address is not one of this machine."""


class RestartFailed(MixError):
    """The service could not be restarted. The text says why."""


class ServiceBusy(MixError):
    """It cannot be done at present. The caller may try again.

    The reactor, the database, a process or a node has not answered in time or is away, too much waits already, or the
    service is stopping. What was given up for want of an answer may have been done, or may still be.
    """


class NoSuchRoom(MixError, ValueError):
    """The room does not exist, or the name cannot be that of a room."""


class NotPublished(MixError, ValueError):
    """What was given cannot be a topic, the name, data or key of an event, or is too large."""


class ActionRefused(MixError):
    """What an operator has asked for is not done. The text is a sentence for that person."""


class TooFast(MixError):
    """Too much came in too short a time. seconds: how long to wait."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class NameTaken(MixError, ValueError):
    """Another person uses the name. suggestion: a similar name that is free."""

    def __init__(self, text: str, suggestion: str) -> None:
        super().__init__(text)
        self.suggestion = suggestion
