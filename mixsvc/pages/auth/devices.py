"""A cookie of browsers in which a moderator has logged in: it opens a lane of its own for the next login there."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from mixsvc.common import names

__all__ = ["COOKIE", "LIFETIME", "Devices"]

COOKIE: Final = "mixsvc_device"

# In seconds; browsers keep a cookie for at most 400 days.
LIFETIME: Final = 400 * 86400

# A browser is remembered for the moderators who have logged in there last.
MAX_ACCOUNTS: Final = 8

# More than eight accounts need.
MAX_CHARS: Final = 2048


class Devices:
    """Signs and reads the cookies; the server keeps nothing of them. Used in any thread.

    A cookie holds a random id for each account's last login from the browser. It proves nothing but that, and so
    is no login: whoever steals one may try passwords for that account, as slowly as anybody else.
    """

    def __init__(self, key: bytes) -> None:
        """key: signs the cookies."""
        signer = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        self._serializer = URLSafeSerializer(key, salt="mixsvc-device", signer_kwargs=signer)

    def device(self, cookie: str, name: str) -> str:
        """The id under which an account, by its name, has logged in from this browser; "" if it has not."""
        return self._read(cookie).get(names.key(name), "")

    def remember(self, cookie: str, name: str) -> str:
        """The browser's next cookie, after a login of this account. cookie: the one it has, "" for none.

        Each login gets an id of its own: whoever has a copy of an earlier cookie makes its owner wait no more.
        """
        accounts = dict(self._read(cookie))
        accounts.pop(names.key(name), "")
        kept = list(accounts.items())[-(MAX_ACCOUNTS - 1) :]
        signed = self._serializer.dumps(dict([*kept, (names.key(name), secrets.token_urlsafe(12))]))
        return signed if isinstance(signed, str) else signed.decode("ascii")

    def _read(self, cookie: str) -> Mapping[str, str]:
        if not cookie.isascii() or len(cookie) > MAX_CHARS:
            return {}
        try:
            accounts: dict[str, str] = self._serializer.loads(cookie)
        except BadSignature:
            return {}
        return accounts
