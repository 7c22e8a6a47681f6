"""What twistd does around makeService, as far as it matters here: its directory, its user, its log, its errors."""

import atexit
import codecs
import os
import pwd
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any, Final

from flask import Flask
from twisted.logger import Logger

from mixsvc.common.text import printable
from mixsvc.config.directories import current_directory
from mixsvc.errors import BadSetting, MixError
from mixsvc.operations.log_files import LogFile
from mixsvc.operations.restart.beginning import VARIABLE, Beginning, Inheritance

__all__ = [
    "acting_as",
    "begun",
    "gives_up_rights",
    "later_user",
    "load_early",
    "log_file",
    "report_in_one_line",
    "require_directory",
    "run_directory",
    "settle_in",
    "settle_pid_file",
]

# What twistd uses unless it is told.
HERE: Final = "."
PID_FILE: Final = "twistd.pid"
LOG_FILE: Final = "twistd.log"

# What is imported at first use, which is late for a process that has become another user meanwhile.
LOADED_LATER: Final = (
    "mixsvc.rates.sources.agent",
    "mixsvc.rates.sources.ecb_xml",
    "mixsvc.charts.drawing",
    "mixsvc.pages.webhooks.slack",
    "mixsvc.operations.control.acceptor",
    "mixsvc.operations.control.channel",
    "mixsvc.operations.control.desk",
    "mixsvc.operations.control.sessions",
    "mixsvc.operations.window.resource",
)

# Where twistd's options have what this process has from another one.
INHERITANCE: Final = "mixsvc_inheritance"

_log = Logger()


def require_directory(options: object) -> None:
    """Raise BadSetting if the process has no directory any more, and something is in it; called first of all."""
    directory, pid_file = (_twistd(options).get(each) or "" for each in ("rundir", "pidfile"))
    if not os.path.isabs(directory) or not os.path.isabs(pid_file or "/"):
        current_directory()


def run_directory(options: object) -> str:
    """The directory to which the settings' paths refer. Raises BadSetting if twistd cannot change to it.

    The one in which twistd was started need not be one that this user may enter, as with sudo: then it changes to /.
    """
    twistd = _twistd(options)
    given = twistd.get("rundir") or HERE
    directory = os.path.abspath(given)
    may_enter = os.access(given, os.X_OK, effective_ids=True)
    if given == HERE and not may_enter:
        twistd["rundir"] = "/"
        _log.info("mixsvc: the service runs in /, as it may not enter {directory}", directory=directory)
    elif not os.path.isdir(given):
        raise BadSetting(f"--rundir {directory} is not a directory; create it, or give another one")
    elif not may_enter:
        raise BadSetting(f"--rundir {directory} may not be entered; correct its permissions, or give another one")
    return directory


@contextmanager
def acting_as(options: object) -> Iterator[None]:
    """Use the rights of the user that twistd will become (--uid, --gid), also those of this user's other groups.

    Does nothing unless the process is root.
    """
    uid, gid = _twistd(options).get("uid"), _twistd(options).get("gid")
    if uid is None or os.geteuid() != 0:
        yield
        return
    group, before = gid if gid is not None else _group_of(uid), os.getgroups()
    # As twistd does it later, if it becomes another user at all.
    if uid:
        os.setgroups(_groups_of(uid, group))
    os.setegid(group)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        if uid:
            os.setgroups(before)


def later_user(options: object) -> Mapping[str, Any]:
    """The user that twistd will become (--uid, --gid), as arguments of subprocess.Popen; none if it stays the same."""
    uid, gid = _twistd(options).get("uid"), _twistd(options).get("gid")
    if uid is None or os.geteuid() != 0:
        return {}
    group = gid if gid is not None else _group_of(uid)
    return {"user": uid, "group": group, "extra_groups": _groups_of(uid, group)}


def gives_up_rights(options: object) -> bool:
    """Whether twistd will become another user."""
    return _twistd(options).get("uid") is not None


def load_early(application: object) -> None:
    """Load what is otherwise loaded at first use: the later user may not be allowed to read our installation.

    A request loads a Flask app's templates, and the modules that it imports on the way.
    """
    for encoding in ("idna", "cp437", "latin-1"):
        codecs.lookup(encoding)
    for name in LOADED_LATER:
        import_module(name)
    if isinstance(application, Flask):
        application.test_client().get("/")


def log_file(options: object) -> LogFile | None:
    """Open the file that twistd logs to; returns None if it logs elsewhere. Raises BadSetting if it cannot be opened.

    The user that twistd will become creates it, if allowed to, so that it can be reopened later.
    """
    twistd = _twistd(options)
    path = twistd.get("logfile") or ("" if twistd.get("nodaemon", True) else LOG_FILE)
    if path in ("", "-") or twistd.get("logger") or twistd.get("syslog"):
        return None
    try:
        with acting_as(options):
            return LogFile(path)
    except BadSetting:
        # As twistd does it, which opens the file before it becomes that user.
        return _opened_log(path)


def settle_in(options: object) -> None:
    """If this process is to take over from another one (operations/restart), let twistd know what that implies.

    Called before `settle_pid_file`. Raises BadSetting.
    """
    if VARIABLE in os.environ:
        # Only here, as most processes are the first ones.
        from mixsvc.operations.restart.predecessor import settle_in

        twistd = _twistd(options)
        twistd[INHERITANCE] = inheritance = Inheritance.take(os.environ)
        if inheritance is not None:
            settle_in(twistd, inheritance)


def begun(options: object) -> Beginning:
    """How this process has begun; called once, in its first folder."""
    twistd = _twistd(options)
    beginning = Beginning.now(twistd, twistd.get(INHERITANCE))
    # Before the application registers something, as this comes last of all.
    atexit.register(beginning.at_exit)
    return beginning


def settle_pid_file(options: object) -> None:
    """Do without twistd's own pid file in the foreground where it cannot be written: nobody has asked for it.

    Called before twistd looks at the file, which it removes if the process that it names has ended. Raises BadSetting
    for one that was asked for, and for that of a daemon, which could not be found without it.
    """
    twistd = _twistd(options)
    path = twistd.get("pidfile")
    if not path or twistd.get("chroot") is not None or _is_writable(path):
        return
    if twistd.get("nodaemon", True) and path == PID_FILE:
        twistd["pidfile"] = ""
        _log.info("mixsvc: there is no pid file, as {folder} cannot be written to", folder=os.getcwd())
        return
    raise BadSetting(
        f"the pid file {os.path.abspath(path)} cannot be written to; "
        "give another one with --pidfile=PATH, or none with --pidfile="
    )


def _opened_log(path: str) -> LogFile:
    try:
        return LogFile(path)
    except BadSetting as error:
        raise BadSetting(f"{error} (twistd's option --logfile=PATH)") from None


def _is_writable(path: str) -> bool:
    """Whether a file can be written, and removed later."""
    places = [os.path.dirname(path) or HERE, *([path] if os.path.lexists(path) else [])]
    return not os.path.isdir(path) and all(os.access(place, os.W_OK, effective_ids=True) for place in places)


def report_in_one_line() -> None:
    """From now on print a MixError that ends the process as one line, without a traceback: its text says what to do."""
    before = sys.excepthook

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, MixError):
            # twistd has replaced sys.stderr by its log.
            print(f"mixsvc: {printable(str(error))}", file=sys.__stderr__)
        else:
            before(kind, error, trace)

    sys.excepthook = report


def _twistd(options: object) -> MutableMapping[str, Any]:
    """twistd's own options; empty if ours were parsed alone."""
    parent: MutableMapping[str, Any] | None = getattr(options, "parent", None)
    return parent if parent is not None else {}


def _groups_of(uid: int, group: int) -> Sequence[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, group)
    except KeyError:
        return [group]


def _group_of(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        raise BadSetting(f"--uid {uid} has no group; give one with --gid") from None
