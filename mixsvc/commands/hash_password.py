"""mixsvc hash-password: the hash of a moderator's password."""

import argparse
import getpass
import sys
from typing import Final

from werkzeug.security import generate_password_hash

from mixsvc.commands.command import Command
from mixsvc.commands.output import show
from mixsvc.errors import MixError

__all__ = ["HASH_PASSWORD"]


def _no_options(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def _hash_password(options: argparse.Namespace) -> int:
    try:
        password = _ask_twice() if sys.stdin is not None and sys.stdin.isatty() else _read_line()
        if not password:
            raise MixError("the password is empty; enter one")
        hashed = generate_password_hash(password, method="scrypt")
    except EOFError:
        raise MixError("the input ended before a password; enter one") from None
    except UnicodeError:
        # In the C locale Python reads bytes that are no text as surrogates, which cannot be encoded.
        raise MixError("the password is not text in the encoding of this system; enter another one") from None
    show(hashed)
    return 0


def _ask_twice() -> str:
    password = getpass.getpass("Password: ")
    if password and getpass.getpass("Again: ") != password:
        raise MixError("the two passwords differ; try again")
    return password


def _read_line() -> str:
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


HASH_PASSWORD: Final = Command(
    "hash-password",
    "hash a moderator's password",
    "Asks for a password twice (without a terminal it reads one line) and prints its hash, for a line NAME:HASH of "
    "[chat] moderators.",
    _no_options,
    _hash_password,
)
