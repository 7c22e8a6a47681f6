"""mixsvc webhook: incoming webhooks (config/hook_file.py), and secrets of outgoing ones (config/outgoing_hooks.py)."""

import argparse
from typing import Final

from mixsvc.commands.command import Command
from mixsvc.commands.output import show
from mixsvc.config.directories import current_directory
from mixsvc.config.hook_file import add_hook, read_hooks, remove_hook
from mixsvc.config.outgoing_hooks import add_secret
from mixsvc.config.reading import read_settings
from mixsvc.config.settings import Settings
from mixsvc.errors import BadSetting

__all__ = ["WEBHOOK"]

# What can be done, and how many arguments it takes.
ARGUMENTS: Final = {"add": 2, "list": 0, "remove": 1, "secret": 1}


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=tuple(ARGUMENTS))
    parser.add_argument("name", nargs="?", help="what the webhook is called, and writes under, such as Grafana")
    parser.add_argument("room", nargs="?", help="for add: the room in which it may write, such as lobby")
    parser.add_argument("-c", "--config", metavar="FILE", help="the settings file of the service (INI)")


def _webhook(options: argparse.Namespace) -> int:
    settings = read_settings(options.config).within(current_directory())
    given = [each for each in (options.name, options.room) if each is not None]
    if len(given) != ARGUMENTS[options.action]:
        raise BadSetting(
            "it is `webhook add NAME ROOM`, `webhook list`, `webhook remove NAME`, or `webhook secret NAME`"
        )
    if options.action == "secret":
        _make_secret(settings, *given)
        return 0
    path = _path("[chat] hooks_file", settings.chat.hooks_file)
    if options.action == "add":
        show(f"{_prefix(settings)}/api/hooks/{add_hook(path, *given)}")
    elif options.action == "remove":
        remove_hook(path, *given)
    else:
        for each in read_hooks(path):
            show(f"{each.name}: {each.room}")
    return 0


def _make_secret(settings: Settings, name: str) -> None:
    known = [each.name for each in settings.webhooks.outgoing]
    if name not in known:
        raise BadSetting(f"there is no webhook {name} in [webhooks] outgoing; there are: {', '.join(known) or 'none'}")
    show(add_secret(_path("[webhooks] secrets_file", settings.webhooks.secrets_file), name))


def _path(setting: str, path: str) -> str:
    if not path:
        raise BadSetting(f"the database is in memory, so give the path of a file in {setting}")
    return path


def _prefix(settings: Settings) -> str:
    prefix = settings.web.pages_prefix()
    if prefix is None:
        raise BadSetting("our pages are not served, and webhooks with them; give their path in [web] pages")
    return prefix


WEBHOOK: Final = Command(
    "webhook",
    "make, list or remove incoming webhooks, and secrets of outgoing ones",
    "webhook add NAME ROOM makes an incoming webhook and prints the path of its URL, which is secret: it is not shown "
    "again. webhook list prints names and rooms, and webhook remove NAME revokes one. A running service follows at "
    "once. webhook secret NAME adds a secret to an outgoing webhook of [webhooks] outgoing, and prints it; a running "
    "service uses it after a reload (mixsvc ctl reload), beside those that the webhook has already. Run it in the "
    "folder and as the user of the service.",
    _add_options,
    _webhook,
)
