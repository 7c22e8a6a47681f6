"""Reads the settings again, and lets the parts take over what is new."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Final, Protocol

from twisted.internet.defer import Deferred, DeferredLock, fail
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.config.current import Current
from mixsvc.config.ini import Values
from mixsvc.config.reading import ReadSettings
from mixsvc.config.settings import Settings
from mixsvc.errors import BadSetting, MixError
from mixsvc.interfaces import DeferToThread
from mixsvc.operations.reloading.difference import SettingsDifference, difference
from mixsvc.operations.reloading.preparing import Prepare, Swap
from mixsvc.operations.reloading.source import SettingsSource
from txsockjs import BadOption

__all__ = ["ReloadOrigin", "ServiceManager", "SettingsReload"]

ENDING: Final = "the service is stopping"


@record
class ReloadOrigin:
    """source: where the settings come from. found: what was read there at the start.

    parts: by their names in the table, those parts that the service itself does not have.
    """

    source: SettingsSource
    found: ReadSettings
    parts: Mapping[str, Prepare] = field(default_factory=dict)


@record
class PreparedReload:
    """Everything that is needed for a reload. changes: what it changes. swaps: what puts that into use."""

    changes: SettingsDifference
    settings: Settings
    swaps: Sequence[Swap]


class ServiceManager(Protocol):
    """Who is told of a reload; mixsvc.operations.systemd has one."""

    def reloading(self) -> None:
        """It begins."""

    def reloaded(self, outcome: str) -> None:
        """It has ended."""


class SettingsReload:
    """Used in the reactor thread."""

    _log: Final = Logger("mixsvc.service")

    def __init__(
        self,
        origin: ReloadOrigin | None,
        current: Current[Settings],
        defer_to_thread: DeferToThread,
        manager: ServiceManager,
    ) -> None:
        """origin: None if the settings come from nowhere that can be read again. current: those that count."""
        self._origin = origin
        self._manager = manager
        self._current = current
        self._defer_to_thread = defer_to_thread
        self._parts: dict[str, Prepare] = dict(origin.parts) if origin is not None else {}
        self._is_ending = False
        # One after the other.
        self._turns = DeferredLock()
        self._values: Values = origin.found.values if origin is not None else {}
        # As they are given: `current` has absolute paths, and the URL of the database that a file has.
        self._present = origin.found.settings if origin is not None else current.now

    @property
    def values(self) -> Values:
        """The texts of the settings that count."""
        return self._values

    def add(self, parts: Mapping[str, Prepare]) -> None:
        """These parts can be reloaded, by their names in the table."""
        self._parts.update(parts)

    def stop(self) -> None:
        """From now on nothing changes any more."""
        self._is_ending = True

    @property
    def is_waiting(self) -> bool:
        """Whether one will begin when the present one has ended: it reads whatever is in the file by then."""
        return bool(self._turns.waiting)

    def reload(self) -> "Deferred[str]":
        """Read the settings again, and apply those that can be changed; fires with a line that says what has changed.

        Fails with MixError if there is a mistake in them; then nothing has changed. The log says both.
        """
        return self._turns.run(self._reload)

    def _reload(self) -> "Deferred[str]":
        if self._is_ending:
            return fail(BadSetting(ENDING))
        # Within its turn: systemd takes the next end that it is told for that of the last beginning.
        self._manager.reloading()
        return self._prepared().addCallback(self._swap).addCallbacks(self._changed, self._unchanged)

    def _prepared(self) -> "Deferred[PreparedReload]":
        if self._origin is None:
            return fail(BadSetting("the settings of this service have not come from a file"))
        return self._defer_to_thread(partial(self._prepare, self._origin.source))

    def _prepare(self, source: SettingsSource) -> PreparedReload:
        """In a worker thread."""
        found = source.read().require_valid()
        changes = difference(self._present, self._values, found)
        settings = replace(changes.settings.within(source.directory), storage=self._current.now.storage)
        try:
            swaps = [self._parts[name](settings) for name in changes.parts() if name in self._parts]
        except BadOption as error:
            raise BadSetting(str(error)) from None
        return PreparedReload(changes, settings, swaps)

    def _swap(self, prepared: PreparedReload) -> str:
        if self._is_ending:
            raise BadSetting(ENDING)
        changes = prepared.changes
        self._current.now, self._present, self._values = prepared.settings, changes.settings, changes.values
        others = [word for swap in prepared.swaps for word in self._swapped(swap)]
        return _sentence([*map(_name, changes.applied), *others], [*map(_name, changes.restart)])

    def _swapped(self, swap: Swap) -> Sequence[str]:
        try:
            return swap() or ()
        except Exception:
            # The others go on: half of a reload is worse than a part that has failed.
            self._log.failure("mixsvc: a part of the service could not take its new settings")
            return ()

    def _tell(self, outcome: str) -> None:
        # It is ready no more.
        if not self._is_ending:
            self._manager.reloaded(outcome)

    def _changed(self, line: str) -> str:
        self._tell(f"Settings read again: {line}")
        self._log.info("mixsvc: the settings were read again: {changes}", changes=line)
        return line

    def _unchanged(self, failure: Failure) -> Failure:
        # Without the reason, which everybody on this machine could read, and which may have a value that is secret.
        self._tell("Settings not read again; the log says why")
        if failure.check(MixError):
            self._log.error("mixsvc: the settings stay as they are: {reason}", reason=str(failure.value))
        else:
            self._log.failure("mixsvc: the settings could not be read again", failure)
        return failure


def _name(place: tuple[str, str]) -> str:
    return f"[{place[0]}] {place[1]}"


def _sentence(changed: Sequence[str], restart: Sequence[str]) -> str:
    if not changed and not restart:
        return "nothing has changed"
    parts = [f"changed: {', '.join(changed)}"] if changed else ["nothing was changed"]
    if restart:
        parts.append(f"{'needs' if len(restart) == 1 else 'need'} a restart: {', '.join(restart)}")
    return "; ".join(parts)
