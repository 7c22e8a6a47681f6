"""All settings, their defaults and their parsers; `reading` reads them.

A setting is a field of one of the dataclasses below. Its section is the attribute of Settings, its key is the name of
the field, and the field knows its parser.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Any, Final, TypeVar

from mixsvc.common.currencies import EURO, parse_currency
from mixsvc.common.records import record
from mixsvc.config import network, parsers
from mixsvc.config.outgoing_hooks import OutgoingHook, outgoing_hooks

__all__ = [
    "IRC_LISTEN",
    "LONGEST_HEARTBEAT",
    "MEMORY",
    "SECTIONS",
    "ChatSettings",
    "IrcSettings",
    "NodesSettings",
    "RatesSettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "TopicsSettings",
    "WebSettings",
    "WebhooksSettings",
]

T = TypeVar("T")

# A relative path of a certificate in an endpoint, in which colons and backslashes are escaped.
CERTIFICATE_FILE: Final = re.compile(r"(?<=:)((?:privateKey|certKey|extraCertChain)=)([^/:])")

# The setting that names the endpoints of IRC, in the words of errors and of the log.
IRC_LISTEN: Final = "[irc] listen"

# The longest time between two heartbeats of a node, in seconds.
LONGEST_HEARTBEAT: Final = 60.0

# Where the European Central Bank publishes its rates.
BANK: Final = "https://www.ecb.europa.eu/stats/eurofxref/"

# The default name of the socket for `mixsvc ctl`.
CONTROL: Final = "mixsvc.ctl"


def setting(parse: Callable[[str], T], default: str) -> T:
    """Returns a dataclass field with a default and the parser of its text, which raises ValueError."""
    made: Any = field(default=parse(default), metadata={"parse": parse})
    result: T = made
    return result


def _seconds_or_none(text: str) -> float | None:
    return parsers.seconds(0.1, 3600)(text) if text else None


@record
class ServerSettings:
    """[server]: ports, proxies, the access log, time limits of connections, and the stop."""

    listen: tuple[str, ...] = setting(parsers.lines, "")
    port: int = setting(parsers.whole(0, 65535), "8080")
    interface: str = setting(parsers.address, "127.0.0.1")
    admin_listen: tuple[str, ...] = setting(parsers.lines, "")
    admin_token_file: str = setting(parsers.path, "")
    control: str = setting(parsers.path, CONTROL)
    shutdown_timeout: float = setting(parsers.seconds(0.1, 3600), "5")
    restart_timeout: float = setting(parsers.seconds(1, 3600), "60")
    drain: float = setting(parsers.seconds(0, 3600), "0")
    access_log: str = setting(parsers.one_of_or_none("combined", "json", "off"), "combined")
    access_log_file: str = setting(parsers.path, "")
    trusted_proxies: tuple[network.Proxy, ...] = setting(network.proxies, "")
    hosts: tuple[str, ...] = setting(network.hosts, "")
    hsts: int = setting(parsers.whole(0, 10**9), "0")
    header_timeout: float = setting(parsers.seconds(1, 3600), "20")
    idle_timeout: float = setting(parsers.seconds(1, 86400), "60")
    transfer_timeout: float = setting(parsers.seconds(1, 86400), "30")
    slowest_transfer: int = setting(parsers.whole(1, 2**30), "1024")
    max_connections: int = setting(parsers.whole(1, 10**6), "12000")

    def endpoints(self) -> tuple[str, ...]:
        """Returns the endpoint strings to listen on (twisted.internet.endpoints.serverFromString)."""
        interface = self.interface.replace(":", r"\:")
        return self.listen or (f"tcp:{self.port}:interface={interface}:backlog=4096",)


@record
class WebSettings:
    """[web]: the WSGI application, our pages, and the limits of requests."""

    wsgi: str = setting(parsers.dotted_name, "")
    processes: int = setting(parsers.whole(0, 256), "0")
    threads: int = setting(parsers.whole(1, 1000), "10")
    socket_threads: int = setting(parsers.whole(0, 100_000), "200")
    sockets_per_address: int = setting(parsers.whole(0, 100_000), "0")
    socketio_path: str = setting(partial(parsers.prefix_or_none, example="/socket.io"), "/socket.io")
    process_nice: int = setting(parsers.whole(0, 19), "5")
    view_timeout: float = setting(parsers.seconds(0, 86400), "0")
    restart_after: int = setting(parsers.whole(0, 10**9), "0")
    restart_memory: int = setting(parsers.whole(0, 2**50), "0")
    reload: bool = setting(parsers.yes_or_no, "no")
    # An older name of [server] transfer_timeout, for responses only; None if it is not set.
    slow_client_timeout: float | None = setting(_seconds_or_none, "")
    max_body: int = setting(parsers.whole(0, 2**40), "16777216")
    max_bodies: int = setting(parsers.whole(0, 2**50), "268435456")
    max_unread: int = setting(parsers.whole(0, 2**50), "67108864")
    max_unread_together: int = setting(parsers.whole(0, 2**50), "1073741824")
    secret_key_file: str = setting(parsers.path, "")
    pages: str = setting(partial(parsers.prefix_or_none, example="/mixsvc"), "")

    def __post_init__(self) -> None:
        # Code that has changed can only be loaded into a process of its own.
        if self.reload and not self.processes:
            object.__setattr__(self, "processes", 1)

    def pages_prefix(self) -> str | None:
        """Returns the path under which our own pages are: "" for the root, None if they are not served."""
        return self.pages or (None if self.wsgi else "")


@record
class ChatSettings:
    """[chat]: where it is served and to whom, its rooms, its moderators, and its limits."""

    prefix: str = setting(parsers.prefix, "/chat")
    listen: tuple[str, ...] = setting(parsers.lines, "")
    url: str = setting(partial(parsers.url_or_none, example="https://chat.example.org/chat"), "")
    origins: tuple[str, ...] = setting(parsers.origins, "")
    rooms: tuple[str, ...] = setting(parsers.room_names, "lobby")
    private_rooms: tuple[str, ...] = setting(parsers.room_patterns, "")
    open_rooms: bool = setting(parsers.yes_or_no, "yes")
    max_rooms: int = setting(parsers.whole(1, 10**6), "1000")
    max_joined: int = setting(parsers.whole(1, 1000), "50")
    large_room: int = setting(parsers.whole(1, 10_000), "100")
    history: int = setting(parsers.whole(0, 1000), "50")
    keep: int = setting(parsers.whole(1, 10**9), "10000")
    keep_days: int = setting(parsers.whole(0, 100_000), "0")
    edit_for: int = setting(parsers.whole(0, 10**9), "86400")
    max_text: int = setting(parsers.whole(1, 100_000), "2000")
    max_message: int = setting(parsers.whole(256, 2**30), "65536")
    max_outbox: int = setting(parsers.whole(4096, 2**30), "1048576")
    max_sessions: int = setting(parsers.whole(1, 10**6), "10000")
    max_per_address: int = setting(parsers.whole(1, 10**6), "2500")
    rate: float = setting(parsers.number(0.01, 10**6), "5")
    burst: int = setting(parsers.whole(1, 10**6), "20")
    joins: int = setting(parsers.whole(1, 10**6), "120")
    searches: int = setting(parsers.whole(1, 10**6), "60")
    guests: bool = setting(parsers.yes_or_no, "yes")
    authenticator: str = setting(partial(parsers.dotted_name, example="yourpackage.auth:who"), "")
    moderators: tuple[parsers.Moderator, ...] = setting(parsers.moderators, "")
    token_file: str = setting(parsers.path, "")
    hooks_file: str = setting(parsers.path, "")
    hook_rate: float = setting(parsers.number(0.01, 10**6), "1")
    hook_burst: int = setting(parsers.whole(1, 10**6), "20")


@record
class IrcSettings:
    """[irc]: the chat for IRC clients."""

    listen: tuple[str, ...] = setting(parsers.lines, "")
    name: str = setting(network.host_with_dot, "mixsvc.irc")
    max_connections: int = setting(parsers.whole(1, 10**6), "2000")
    max_per_address: int = setting(parsers.whole(1, 10**6), "50")


@record
class TopicsSettings:
    """[topics]: what is published, how long it is kept, and its limits."""

    keep: int = setting(parsers.whole(1, 10**9), "1000")
    keep_for: float = setting(parsers.seconds(0, 10**9), "86400")
    in_memory: bool = setting(parsers.yes_or_no, "no")
    max_topics: int = setting(parsers.whole(1, 10**7), "100000")
    max_data: int = setting(parsers.whole(1, 2**30), "65536")
    rate: float = setting(parsers.number(0.01, 10**6), "1000")
    burst: int = setting(parsers.whole(1, 10**6), "5000")
    streams: int = setting(parsers.whole(1, 10**6), "10000")
    streams_per_address: int = setting(parsers.whole(1, 10**6), "2500")
    max_unread: int = setting(parsers.whole(4096, 2**30), "1048576")


@record
class RatesSettings:
    """[rates]: the sources, how often they are asked, the pairs on the page, and the charts."""

    interval: float = setting(parsers.seconds(0.1, 86400), "30")
    timeout: float = setting(parsers.seconds(0.1, 3600), "10")
    sources: tuple[str, ...] = setting(parsers.names_of("ecb", "json", "archive"), "ecb, archive")
    ecb_url: str = setting(partial(parsers.url, example=f"{BANK}eurofxref-daily.xml"), f"{BANK}eurofxref-daily.xml")
    ecb_90_days_url: str = setting(
        partial(parsers.url_or_none, example=f"{BANK}eurofxref-hist-90d.xml"), f"{BANK}eurofxref-hist-90d.xml"
    )
    ecb_history_url: str = setting(
        partial(parsers.url_or_none, example=f"{BANK}eurofxref-hist.zip"), f"{BANK}eurofxref-hist.zip"
    )
    json_preset: str = setting(parsers.one_of_or_none("frankfurter"), "frankfurter")
    json_url: str = setting(parsers.url_template, "")
    json_base: str = setting(parse_currency, EURO)
    json_date: str = setting(parsers.field_path, "date")
    json_rates: str = setting(parsers.field_path, "rates")
    json_code: str = setting(parsers.field_path_or_none, "")
    json_amount: str = setting(parsers.field_path_or_none, "")
    json_inverse: bool = setting(parsers.yes_or_no, "no")
    json_base_field: str = setting(parsers.field_path_or_none, "")
    json_headers: tuple[tuple[str, str], ...] = setting(parsers.headers, "")
    json_key_env: str = setting(parsers.variable_name, "")
    pairs: tuple[tuple[str, str], ...] = setting(parsers.pairs, "EUR/USD, EUR/GBP, EUR/JPY, EUR/CHF")
    chart_processes: int = setting(parsers.whole(1, 64), "1")
    chart_timeout: float = setting(parsers.seconds(0.1, 60), "5")


@record
class WebhooksSettings:
    """[webhooks]: who is told what is said."""

    outgoing: tuple[OutgoingHook, ...] = setting(outgoing_hooks, "")
    secrets_file: str = setting(parsers.path, "")
    timeout: float = setting(parsers.seconds(0.1, 300), "15")


@record
class StorageSettings:
    """[storage]: the database."""

    path: str = setting(parsers.path, "mixsvc.sqlite3")
    # Checked where it is used: no message may show it, as it may have a password.
    url: str = setting(parsers.one_line, "")
    url_file: str = setting(parsers.path, "")


@record
class NodesSettings:
    """[nodes]: how services that use one PostgreSQL database are one chat."""

    # Like the URL of the database; empty: that one.
    listen_url: str = setting(parsers.one_line, "")
    name: str = setting(parsers.one_line, "")
    heartbeat: float = setting(parsers.seconds(0.1, LONGEST_HEARTBEAT), "2")
    dead_after: float = setting(parsers.seconds(1, 3600), "15")


@record
class Settings:
    """All settings. The defaults are those of config.example.ini."""

    server: ServerSettings = field(default_factory=ServerSettings)
    web: WebSettings = field(default_factory=WebSettings)
    chat: ChatSettings = field(default_factory=ChatSettings)
    irc: IrcSettings = field(default_factory=IrcSettings)
    rates: RatesSettings = field(default_factory=RatesSettings)
    topics: TopicsSettings = field(default_factory=TopicsSettings)
    webhooks: WebhooksSettings = field(default_factory=WebhooksSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    nodes: NodesSettings = field(default_factory=NodesSettings)

    def logouts_file(self) -> str:
        """Where the processes of one service keep log-outs: beside the database, else beside the key of the sessions.

        "" if they need not outlive the process.
        """
        beside = self.web.secret_key_file if self.storage.path == MEMORY else self.storage.path
        # All names of one file mean the same place.
        return f"{os.path.realpath(beside)}-logouts" if beside else ""

    def within(self, directory: str) -> "Settings":
        """Returns the same settings with absolute paths; relative ones start at this directory, where the service runs.

        The secret files are beside the database unless their paths are set, and so is the socket for `mixsvc ctl`
        under its default name. With the URL of a server the database's path only says where they are: it becomes
        :memory:, as there is no file of ours.
        """
        storage = self.storage.path
        if storage != MEMORY:
            storage = os.path.join(directory, storage)

        def beside(path: str, name: str) -> str:
            if not path and storage == MEMORY:
                return ""
            return os.path.join(directory, path or os.path.join(os.path.dirname(storage), name))

        placed = partial(_endpoints_within, directory)
        server = _placed(self.server, directory, beside)
        hook_secrets = beside(self.webhooks.secrets_file, "webhook_secrets")
        web = replace(self.web, secret_key_file=beside(self.web.secret_key_file, "secret_key"))
        files = beside(self.chat.token_file, "api_token"), beside(self.chat.hooks_file, "incoming_webhooks")
        url_file = self.storage.url_file and os.path.join(directory, self.storage.url_file)
        if self.storage.url or url_file:
            storage = MEMORY
        return replace(
            self,
            server=server,
            storage=replace(self.storage, path=storage, url_file=url_file),
            web=web,
            webhooks=replace(self.webhooks, secrets_file=hook_secrets),
            chat=replace(self.chat, token_file=files[0], hooks_file=files[1], listen=placed(self.chat.listen)),
            irc=replace(self.irc, listen=placed(self.irc.listen)),
        )


def _placed(server: ServerSettings, directory: str, beside: Callable[[str, str], str]) -> ServerSettings:
    """The same settings with absolute paths. beside(path, name): a path, by default that of a file of the database's
    folder.
    """
    log, control = server.access_log_file, server.control
    return replace(
        server,
        listen=_endpoints_within(directory, server.listen),
        admin_listen=_endpoints_within(directory, server.admin_listen),
        access_log_file=log and os.path.join(directory, log),
        admin_token_file=beside(server.admin_token_file, "admin_token"),
        control=control and beside("" if control == CONTROL else control, CONTROL),
    )


def _endpoints_within(directory: str, endpoints: Sequence[str]) -> tuple[str, ...]:
    """The same endpoints with absolute paths of their certificates."""
    start = re.sub(r"([\\:])", r"\\\1", os.path.join(directory, ""))
    return tuple(CERTIFICATE_FILE.sub(lambda found: found[1] + start + found[2], each) for each in endpoints)


# The path of a database that SQLite keeps in memory; it is lost at the end.
MEMORY: Final = ":memory:"

SECTIONS: Final[dict[str, type[Any]]] = {
    "server": ServerSettings,
    "web": WebSettings,
    "chat": ChatSettings,
    "irc": IrcSettings,
    "topics": TopicsSettings,
    "webhooks": WebhooksSettings,
    "rates": RatesSettings,
    "storage": StorageSettings,
    "nodes": NodesSettings,
}
