"""Checks the moderators' passwords."""

import re
from collections.abc import Sequence
from typing import Final

from twisted.logger import Logger
from werkzeug.security import check_password_hash

from mixsvc.common import names
from mixsvc.common.records import record
from mixsvc.config.parsers import Moderator
from mixsvc.errors import BadSetting
from mixsvc.pages.auth.devices import Devices
from mixsvc.pages.auth.memory import AttemptLimits

__all__ = ["LoginAttempt", "Logins", "WrongPassword"]

# Werkzeug's hash of a password: method, salt and 64 bytes.
HASH: Final = r"scrypt:[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[^$]+\$[0-9a-f]{128}"

# The method of the hash that is checked if no moderator has a password.
DEFAULT_METHOD: Final = "scrypt:32768:8:1"


class WrongPassword(Exception):
    """The name, the password or both are wrong."""


@record
class LoginAttempt:
    """What somebody sent. address: "" if it is not known. cookie: that of the browser (see Devices), "" for none."""

    name: str
    password: str
    address: str
    cookie: str = ""


class Logins:
    """Checks the logins of moderators. Used in any thread."""

    _log = Logger("mixsvc.web")

    def __init__(self, moderators: Sequence[Moderator], limits: AttemptLimits, devices: Devices) -> None:
        """Raises BadSetting if the hash of a password is not valid."""
        self.devices = devices
        self._limits = limits
        self._moderators = {names.key(each.name): each for each in moderators if each.password_hash}
        for each in self._moderators.values():
            if not re.fullmatch(HASH, each.password_hash):
                raise BadSetting(
                    f"[chat] moderators: {each.name}: the text after the name is not the hash of a password; "
                    "give what `mixsvc hash-password` prints"
                )
        methods = [each.password_hash.split("$")[0] for each in self._moderators.values()]
        # Takes as long to check as a real hash, and belongs to no password.
        self._nobody = Moderator("", f"{(methods or [DEFAULT_METHOD])[0]}$nobody${'0' * 128}")

    def check(self, attempt: LoginAttempt) -> Moderator:
        """The moderator with this name and password; blocks for about 0.1 s, for an unknown name as well.

        Raises WrongPassword, and TooManyAttempts, at once, if it did not check.
        """
        key = names.key(attempt.name)
        device = self.devices.device(attempt.cookie, attempt.name) if key in self._moderators else ""
        moderator, is_right = self._moderators.get(key, self._nobody), False
        number = self._limits.begin(key, attempt.address, device)
        try:
            is_right = check_password_hash(moderator.password_hash, attempt.password)
        finally:
            self._limits.end(number, is_right)
        name, address = attempt.name, attempt.address
        if not is_right:
            self._log.warn("web: the login of {name!r} from {address} was refused", name=name, address=address)
            raise WrongPassword
        self._log.info("web: the moderator {name!r} has logged in from {address}", name=name, address=address)
        return moderator
