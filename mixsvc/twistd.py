"""What twistd does around makeService, as far as it matters here: its directory, its user, how errors are told."""

import codecs
import os
import pwd
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from flask import Flask

from mixsvc.errors import BadSetting, MixError
from mixsvc.operations.log_files import LogFile

__all__ = ["acting_as", "gives_up_rights", "log_file", "read_ahead", "run_directory", "tell_in_one_line"]


def run_directory(options: object) -> str:
    """Where twistd will run; it goes there after makeService. Raises BadSetting for one that is not there."""
    directory = os.path.abspath(_twistd(options).get("rundir") or ".")
    if not os.path.isdir(directory):
        raise BadSetting(f"--rundir {directory} is no directory; make it, or give another one")
    return directory


@contextmanager
def acting_as(options: object) -> Iterator[None]:
    """Be the user that twistd will become (--uid, --gid), as far as files are concerned; only root becomes anybody."""
    uid, gid = _twistd(options).get("uid"), _twistd(options).get("gid")
    if uid is None or os.geteuid() != 0:
        yield
        return
    os.setegid(gid if gid is not None else _group_of(uid))
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def gives_up_rights(options: object) -> bool:
    """Whether twistd will become somebody else."""
    return _twistd(options).get("uid") is not None


def read_ahead(application: object) -> None:
    """Load what is otherwise loaded when it is first needed: the later user may not be able to read our installation.

    A first request does it for a Flask app: its templates, and what is imported on the way.
    """
    for encoding in ("idna", "cp437", "latin-1"):
        codecs.lookup(encoding)
    if isinstance(application, Flask):
        application.test_client().get("/")


def log_file(options: object) -> LogFile | None:
    """The file that twistd is told to log to, opened; None where it logs elsewhere. Raises BadSetting.

    It belongs to the user that twistd will become, if that one may make it: so that it can be reopened later.
    """
    twistd = _twistd(options)
    path = twistd.get("logfile") or ("" if twistd.get("nodaemon", True) else "twistd.log")
    if path in ("", "-") or twistd.get("logger") or twistd.get("syslog"):
        return None
    try:
        with acting_as(options):
            return LogFile(path)
    except BadSetting:
        return LogFile(path)


def tell_in_one_line() -> None:
    """From now on an error of ours that ends the process is one line: it has its advice in its text."""
    before = sys.excepthook

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, MixError):
            # twistd has made a log of sys.stderr.
            print(f"mixsvc: {error}", file=sys.__stderr__)
        else:
            before(kind, error, trace)

    sys.excepthook = tell


def _twistd(options: object) -> Mapping[str, Any]:
    """twistd's own options; none where ours stand alone."""
    parent: Mapping[str, Any] | None = getattr(options, "parent", None)
    return parent if parent is not None else {}


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        raise BadSetting(f"--uid {uid} has no group; give one with --gid") from None
