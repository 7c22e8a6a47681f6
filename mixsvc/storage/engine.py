"""What the parts expect of a database, whichever it is. `database.Database` is the one for SQLite, and
`postgres.database.PostgresDatabase` the one for PostgreSQL; `choosing` chooses.
"""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, runtime_checkable

from twisted.internet.defer import Deferred

__all__ = ["Cursor", "Engine", "RepeatingRunner", "TransactionRunner"]

P = ParamSpec("P")
T = TypeVar("T")

# A cursor of the database in use; the functions of a store for this kind of database know which it is.
Cursor: TypeAlias = Any


class TransactionRunner(Protocol):
    """Runs functions in the database's thread. Used in the reactor thread."""

    def run(self, function: Callable[Concatenate[Cursor, P], T], /, *args: P.args, **kwargs: P.kwargs) -> "Deferred[T]":
        """Run function(cursor, ...) in one transaction; fires with what it returns once that would survive a power cut.

        Fails with StorageError if the database fails, or with what the function raises; then nothing is changed.
        """


@runtime_checkable
class RepeatingRunner(TransactionRunner, Protocol):
    """Runs functions in a database whose answer may be lost: then nobody knows what was done."""

    def run_again(
        self, function: Callable[Concatenate[Cursor, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "Deferred[T]":
        """Like run, for a function that does nothing more when it is called a second time, as it is after a loss."""


class Engine(TransactionRunner, Protocol):
    """A database in use. Used in the reactor thread."""

    @property
    def probe(self) -> Callable[[Cursor], object]:
        """A function for `run` that writes something, so that it fails where nothing can be stored."""

    @property
    def is_available(self) -> bool:
        """Whether the last call has found a database that answers."""

    def sockets(self) -> Sequence[Any]:
        """Its connections that no child of this process may keep open, each with a fileno."""

    def close(self) -> "Deferred[None]":
        """Close after the functions that are running. A second call does nothing. The caller may stop waiting."""
