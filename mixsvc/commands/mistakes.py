"""Every mistake in a settings file at once, for `mixsvc check-config`.

It judges what the file says, in the folder and with the rights of who runs it: each value, each contradiction, whether
the modules can be imported that it names (which runs them), the secret files, the database, folders and certificates.
It makes and changes nothing. What another moment may change is not checked: whether a port is free, whether systemd
passes a socket, and whether a source of rates answers.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from mixsvc import facade
from mixsvc.application import (
    check_application,
    check_authenticator,
    check_pages,
    check_places,
    connect_for_import,
)
from mixsvc.config.hook_file import check_hook_file
from mixsvc.config.ini import RawSetting
from mixsvc.config.outgoing_hooks import read_secrets
from mixsvc.config.reading import ReadSettings, inspect_settings
from mixsvc.config.secret_files import check_admin_token, check_api_token, check_secret_key
from mixsvc.config.settings import Settings
from mixsvc.embedded.process import check_chat_path
from mixsvc.errors import MixError
from mixsvc.http.ports.listening import check_endpoints
from mixsvc.operations.agreement import expect_agreement, own_part
from mixsvc.operations.control.socket_file import check_control
from mixsvc.operations.log_files import check_log_file
from mixsvc.rates.sources import check_sources, unused_settings
from mixsvc.storage.choosing import look, rehearse, settled

__all__ = ["mistakes_in", "remarks_in"]

# The setting that a check is about, by section and key, and the check, which raises MixError.
Check: TypeAlias = tuple[str, str, Callable[[], object]]

# Settings whose paths are checked if they are given.
FILES: Final = (
    ("server", "control"),
    ("server", "access_log_file"),
    ("server", "admin_token_file"),
    ("web", "secret_key_file"),
    ("chat", "token_file"),
)
NOTHING: Final = RawSetting("", "", "")


def mistakes_in(path: str, folder: str) -> Sequence[str]:
    """Returns a line for each mistake in a settings file, in the order of the file; none if it can be used. Blocks.

    folder: where the service runs, and relative paths start. Called in the main thread, in a process of its own: it
    imports the modules that the settings name.
    """
    found = inspect_settings(path, {})
    connect_for_import(facade.mix)
    texts = [str(each) for each in found.mistakes]
    as_given: Check = ("chat", "listen", partial(check_chat_path, found.settings))
    for section, key, check in (*_checks(found.settings.within(folder)), as_given):
        if (section, key) in FILES and not found.values.get((section, key), NOTHING).text:
            # By default these are beside the database, whose folder has a check of its own.
            continue
        try:
            check()
        except MixError as error:
            texts.append(_placed(path, found, (section, key), str(error)))
    # Two checks may find one mistake.
    return sorted(dict.fromkeys(" ".join(text.split()) for text in texts), key=_line)


def remarks_in(path: str) -> Sequence[str]:
    """Returns a line for what is no mistake and has hardly been meant. Blocks."""
    found = inspect_settings(path, {})
    unused = unused_settings(found.settings.rates)
    return [_placed(path, found, ("rates", "sources"), unused)] if unused else []


def _checks(settings: Settings) -> Iterator[Check]:
    server, chat, rates = settings.server, settings.chat, settings.rates
    yield from _endpoint_checks(settings)
    for pair in rates.pairs:
        yield "rates", "pairs", partial(check_sources, replace(rates, pairs=(pair,)))
    yield "server", "control", partial(check_control, server.control)
    yield "server", "access_log_file", partial(check_log_file, server.access_log_file)
    yield "web", "pages", partial(check_places, settings)
    yield "web", "wsgi", partial(check_application, settings)
    yield from _secret_files(settings)
    yield "chat", "authenticator", partial(check_authenticator, settings)
    yield "chat", "moderators", partial(check_pages, facade.mix, settings)
    yield "chat", "hooks_file", partial(check_hook_file, chat.hooks_file)
    yield "webhooks", "outgoing", partial(_check_secrets, settings)
    place = "url" if settings.storage.url else "url_file" if settings.storage.url_file else "path"
    yield "storage", place, partial(rehearse, settings.storage, settings.nodes.listen_url)
    yield "storage", place, partial(_check_agreement, settings)


def _secret_files(settings: Settings) -> Iterator[Check]:
    server, key, token = settings.server, settings.web.secret_key_file, settings.chat.token_file
    yield "web", "secret_key_file", partial(check_secret_key, key)
    yield "chat", "token_file", partial(check_api_token, token)
    if server.admin_listen:
        yield "server", "admin_token_file", partial(check_admin_token, server.admin_token_file)


def _endpoint_checks(settings: Settings) -> Iterator[Check]:
    for section, key, endpoints in (
        ("server", "listen", settings.server.endpoints()),
        ("server", "admin_listen", settings.server.admin_listen),
        ("chat", "listen", settings.chat.listen),
        ("irc", "listen", settings.irc.listen),
    ):
        for endpoint in endpoints:
            # systemd passes its sockets to the service only.
            if "systemd:" not in endpoint:
                yield section, key, partial(check_endpoints, [endpoint], f"[{section}] {key}")


def _check_secrets(settings: Settings) -> None:
    """Check that each outgoing webhook has a secret. Raises MixError."""
    read_secrets(settings.webhooks.outgoing, settings.webhooks.secrets_file)


def _check_agreement(settings: Settings) -> None:
    """Check that the files of secrets are those of the nodes that live. Raises MixError."""
    look(settled(settings.storage), lambda cursor: expect_agreement(cursor, own_part(settings)))


def _placed(path: str, found: ReadSettings, place: tuple[str, str], text: str) -> str:
    """The text of a mistake behind the line of its setting: the one that it names, else the one that was checked."""
    named = re.match(r"\[(\w+)\] (\w+)", text)
    setting = (named[1], named[2]) if named else place
    value = found.values.get(setting)
    where = value.place if value is not None else path
    return f"{where}: {text}" if named else f"{where}: [{setting[0]}] {setting[1]}: {text}"


def _line(text: str) -> int:
    found = re.search(r", line ([0-9]+): ", text)
    return int(found[1]) if found else sys.maxsize
