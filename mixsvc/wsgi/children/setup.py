"""What a child is told before anything else: SETUP, and how it is started."""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from mixsvc.common.records import record
from mixsvc.config.ini import RawSetting, Values
from mixsvc.config.reading import read_settings
from mixsvc.config.settings import Settings

__all__ = [
    "CHILD_MARKS",
    "CHILD_SOCKET",
    "OF_THE_SERVICE",
    "SEARCH",
    "ChildSetup",
    "SpawnCommand",
    "encode_settings",
    "spawn_command",
]

# The descriptor at which a child finds its end of the socket.
CHILD_SOCKET: Final = 3

# That of the memory of mixsvc.wsgi.supervision.begun_marks.
CHILD_MARKS: Final = 4

# Signals that end the service, or tell it something, and it decides what becomes of its children.
OF_THE_SERVICE: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

# Tells the interpreter of a child where to find mixsvc; the child gives the variable its own value back.
SEARCH: Final = "PYTHONPATH"


@record
class SpawnCommand:
    """A program with its arguments and environment, and the payload of its SETUP."""

    program: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    setup: bytes


@record
class ChildSetup:
    """values: the settings as texts, which the service has checked, so that a file that changes later cannot make the
    service and its children differ. run_directory: where relative paths of the settings start. start_directory: the
    current directory while the application is imported. search: sys.path of the service at that time, made absolute.
    pythonpath: the value of PYTHONPATH that the application sees. secrets: what the service shares with its children,
    by name, as JSON.
    """

    values: Values
    run_directory: str
    start_directory: str
    search: Sequence[str]
    pythonpath: str | None
    secrets: Mapping[str, Any]

    def settings(self) -> Settings:
        """The settings, which equal those of the service. Raises BadSetting."""
        return read_settings(None, self.values).within(self.run_directory)

    def encode(self) -> bytes:
        """The payload of SETUP."""
        others = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({**others, "values": _listed(self.values), "search": list(self.search)}).encode()

    @classmethod
    def decode(cls, payload: bytes) -> "ChildSetup":
        """What `encode` has made."""
        found: dict[str, Any] = json.loads(payload)
        return cls(values=_values(found.pop("values")), **found)

    def reloaded(self, payload: bytes) -> "ChildSetup":
        """The same with the settings of a SETTINGS."""
        return replace(self, values=_values(json.loads(payload)))


def encode_settings(values: Values) -> bytes:
    """The payload of SETTINGS: the settings as texts, which the service has checked."""
    return json.dumps(_listed(values)).encode()


def spawn_command(values: Values, run_directory: str, secrets: Mapping[str, Any]) -> SpawnCommand:
    """How to start a child with these settings; called where the service would import the application itself.

    secrets: see ChildSetup.
    """
    here = os.getcwd()
    search = [os.path.join(here, folder) for folder in dict.fromkeys(sys.path)]
    setup = ChildSetup(values, run_directory, here, search, os.environ.get(SEARCH), secrets)
    # -P: the current directory must not take part before SETUP says what takes part.
    arguments = (sys.executable, "-P", "-m", "mixsvc.child")
    environment = {**os.environ, SEARCH: os.pathsep.join(search)}
    return SpawnCommand(sys.executable, arguments, environment, setup.encode())


def _listed(values: Values) -> Sequence[Sequence[str]]:
    return [[*place, value.text, value.name, value.place] for place, value in values.items()]


def _values(listed: Sequence[Sequence[str]]) -> Values:
    return {(section, key): RawSetting(*rest) for section, key, *rest in listed}
