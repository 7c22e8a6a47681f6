"""The time by which mutes and bans end, and what happens to them when somebody sets it."""

from mixsvc.chat.handlers.message_dates import MessageDates
from mixsvc.chat.model.sanctions import Sanction, Sanctions
from mixsvc.chat.storage.queue import StorageQueue
from mixsvc.common.clocks import WallClock

__all__ = ["SanctionClock"]


class SanctionClock:
    """The time of day, for mutes and bans. Used in the reactor thread only.

    A mute that was imposed while the time of day was wrong must not end, nor last, with the error. So those that were
    imposed since this process began keep their length when the time is set, until it may be trusted
    (common.clocks.WallClock). Who has imposed one changes it in the database, too.
    """

    def __init__(
        self, wall: WallClock, sanctions: Sanctions, storage: StorageQueue, message_dates: MessageDates
    ) -> None:
        """message_dates: is told when the time was set, and when it may be trusted."""
        self._wall = wall
        self._message_dates = message_dates
        self._sanctions = sanctions
        self._storage = storage
        # The ids of those that were imposed while the time of day was not trusted; of these, those that this process
        # has stored.
        self._provisional: set[int] = set()
        self._own: set[int] = set()

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        step = self._wall.set_by()
        if step:
            self._message_dates.was_set()
            if self._provisional:
                self._move(step)
        return self._wall.seconds()

    def trusted_now(self) -> float | None:
        """The same if it may be trusted, else None."""
        self.now()
        trusted = self._wall.trusted_seconds()
        if trusted is not None:
            self._provisional.clear()
            self._own.clear()
            self._message_dates.trusted()
        return trusted

    def stored(self, sanction: Sanction) -> None:
        """This process has stored a sanction, with an end by `now`."""
        if self.trusted_now() is None:
            self._own.add(sanction.id)

    def imposed(self, sanction: Sanction) -> None:
        """A sanction is in force from now on, which this node or another one has stored."""
        if self.trusted_now() is None:
            self._provisional.add(sanction.id)

    def _move(self, step: float) -> None:
        ids = [each for each in self._sanctions.move(self._provisional, step) if each in self._own]
        moved = self._storage.change(lambda cursor: self._storage.store.sanctions.move(cursor, ids, step))
        # The queue logs what fails. They are moved here, and in the database with the next step.
        moved.addErrback(lambda failure: None)
