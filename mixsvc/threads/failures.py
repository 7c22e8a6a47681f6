"""Failures of applications' code, as their authors know them from Python."""

from traceback import format_exception

from twisted.python.failure import Failure

__all__ = ["ApplicationFailure"]


class ApplicationFailure(Failure):
    """One whose traceback is Python's: with causes (`raise ... from ...`), notes, and the members of groups.

    Twisted's own shows the last exception alone. Made from an exception, or without arguments in an except block; any
    thread.
    """

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        """The traceback, of several lines. The arguments change nothing."""
        return "".join(format_exception(self.value)).rstrip("\n")
