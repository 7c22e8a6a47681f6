"""Whose turn it is to serve the chat's port, of the processes of a host that share a path.

The process that holds a lock there has it; a file beside the lock says where the chat is. The system releases the lock
when its process ends, however it ends, and another process takes it within a second.
"""

import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from mixsvc.common.files import open_private
from mixsvc.common.records import record
from mixsvc.errors import MixError
from mixsvc.storage.lock import DatabaseLock, refuse_beside_service

__all__ = ["ChatLocation", "ChatLock", "Turns"]

# The member of the location's file with the port for other processes. Processes of an older version, which run while a
# host restarts its workers one by one, read and write this name, and accept no members besides it and "port".
RPC_PORT: Final = "desk"

# How often a process tries to take the lock, and how long it waits when it could not serve the chat, in seconds.
LOCK_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0


@record
class ChatLocation:
    """Where the chat is. port: for browsers, if it has a TCP port. rpc_port: for the other processes."""

    port: int | None = None
    rpc_port: int | None = None


class ChatLock:
    """The right to serve the chat's port, and a file that says where the chat is."""

    _is_ours = False

    def __init__(self, shared_path: str) -> None:
        """shared_path: the path that the processes share; both files are beside it."""
        self._shared_path = shared_path
        self._lock = DatabaseLock(shared_path)
        self._location_path = f"{os.path.realpath(shared_path)}-chat.place"

    def acquire(self) -> bool:
        """Try to take the lock; returns whether this process has it now. Raises OSError if that fails."""
        is_ours = self._lock.acquire()
        if is_ours:
            self._is_ours = True
            self._remove_location()
        return is_ours

    def release(self) -> None:
        """Let another process take the lock. Does nothing if this process does not have it."""
        if self._is_ours:
            self._is_ours = False
            self._remove_location()
            self._lock.release()

    def refuse_beside_service(self) -> None:
        """Raise DatabaseUnusable if a twistd service has the lock, and serves a chat by itself."""
        refuse_beside_service(self._lock, self._shared_path)

    def publish(self, location: ChatLocation) -> None:
        """Tell the other processes where the chat is; called by the process that has the lock."""
        draft = f"{self._location_path}.new"
        with open(draft, "w", encoding="utf-8", opener=open_private) as file:
            json.dump({"port": location.port, RPC_PORT: location.rpc_port}, file)
        os.replace(draft, self._location_path)

    def location(self) -> ChatLocation:
        """Where the chat is, as far as is known. Called in any thread of any process."""
        try:
            with open(self._location_path, encoding="utf-8") as file:
                fields = json.load(file)
            return ChatLocation(fields["port"], fields[RPC_PORT])
        except (OSError, ValueError, TypeError, LookupError):
            return ChatLocation()

    def _remove_location(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._location_path)


class Turns:
    """Takes the lock as soon as no other process has it, and then serves. Used in the reactor thread.

    last_error: why this process could not serve when it had the lock last; "" if it could, or another one has it.
    """

    _log = Logger()

    def __init__(
        self, clock: Any, lock: ChatLock, serve: Callable[[], Awaitable[None]], give_up: Callable[[], None]
    ) -> None:
        """serve: called with the lock, until it succeeds once. give_up: undoes what it did before it failed."""
        self._clock = clock
        self._lock = lock
        self._serve = serve
        self._undo = give_up
        self._loop = LoopingCall(self._begin)
        self._loop.clock = clock
        self._attempting: Deferred[None] = succeed(None)
        self._retry_at = float("-inf")
        self._first_attempt: Deferred[None] = Deferred()
        self.last_error = ""

    def start(self) -> "Deferred[None]":
        """Serve unless another process does, and take over when that process ends.

        Fires after the first attempt, and does not fail.
        """
        self._loop.start(LOCK_SECONDS)
        return self._first_attempt

    def stop(self) -> "Deferred[None]":
        """Try no more; fires when an attempt that runs has ended. Cancel it to give that up. The lock stays."""
        if self._loop.running:
            self._loop.stop()
        return self._attempting

    def _begin(self) -> "Deferred[None]":
        self._attempting = Deferred.fromCoroutine(self._attempt())
        return self._attempting

    async def _attempt(self) -> None:
        if self._clock.seconds() < self._retry_at:
            return
        try:
            if self._lock.acquire():
                await self._serve()
                self.last_error = ""
                # It may have been stopped meanwhile.
                if self._loop.running:
                    self._loop.stop()
            else:
                self._lock.refuse_beside_service()
                self.last_error = ""
        except (MixError, OSError) as error:
            self._give_up(str(error))
        except CancelledError:
            self._give_up("")
        except Exception:
            self._log.failure("mixsvc: the chat could not be started here")
            self._give_up("")
        if not self._first_attempt.called:
            self._first_attempt.callback(None)

    def _give_up(self, error: str) -> None:
        """Release everything until the next attempt; log an error once as long as it stays the same."""
        self._undo()
        self._lock.release()
        self._retry_at = self._clock.seconds() + RETRY_SECONDS
        if error and error != self.last_error:
            self.last_error = error
            self._log.critical("mixsvc: there is no chat: {error}", error=error)
