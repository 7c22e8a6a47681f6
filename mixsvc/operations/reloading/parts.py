"""The parts of the service that take over other settings while it runs."""

from collections.abc import Callable, Iterable, Mapping

from mixsvc.config.ini import Values
from mixsvc.config.settings import Settings
from mixsvc.http.ports.certificates import RenewingFactory
from mixsvc.http.site import MixSite
from mixsvc.operations.control.parts import MonitoredParts
from mixsvc.operations.reloading import table
from mixsvc.operations.reloading.preparing import Prepare, Swap, taking

__all__ = ["certificates_of", "reloadable"]


def reloadable(parts: MonitoredParts, site: MixSite, values: Callable[[], Values]) -> Mapping[str, Prepare]:
    """Returns what the parts bring, by their names in the table. values: the texts of the settings that count."""
    found: dict[str, Prepare] = {
        table.SITE: taking(site.reload),
        table.UNREAD: taking(lambda settings: parts.unread.limit(*_unread(settings))),
        table.HELD: parts.holder.prepare_reload,
        table.SOCKETS: parts.sockets.prepare_reload,
        table.TOPICS: taking(parts.topics.reload),
        table.RATES: parts.rates.prepare_reload,
        table.WEBHOOKS: parts.webhooks.prepare_reload,
        table.CHAT: parts.chat.prepare_reload,
    }
    if parts.irc is not None:
        found[table.IRC] = taking(parts.irc.reload)
    children = parts.children
    if children is not None:
        # Only a service that has children loads this.
        from mixsvc.wsgi.children.setup import encode_settings

        found[table.CHILDREN] = taking(lambda settings: children.change(settings.web, encode_settings(values())))
    return found


def certificates_of(find: Callable[[], Iterable[RenewingFactory]]) -> Prepare:
    """Returns what reads the certificates of open ports anew, whatever the settings are. find: called in any thread."""

    def prepare(settings: Settings) -> Swap:
        renewals = [each.prepare_renewal() for each in find()]
        return lambda: [name for renew in renewals if (name := renew())]

    return prepare


def _unread(settings: Settings) -> tuple[int, int]:
    return settings.web.max_unread, settings.web.max_unread_together
