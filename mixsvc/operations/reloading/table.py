"""For each setting, how a reload applies it: by which parts, or not without a restart."""

from collections.abc import Mapping
from typing import Final

__all__ = ["ALWAYS", "APPLIED", "CERTIFICATES", "DIRECT", "ORDER", "PAGES", "RESTART", "STOP", "parts_of"]

# The parts, by the names under which the service gives what they bring to be reloaded.
SITE: Final = "site"
ADMIN: Final = "admin"
LOG: Final = "access log"
STOP: Final = "stop"
UNREAD: Final = "unread"
CHILDREN: Final = "children"
PAGES: Final = "pages"
DIRECT: Final = "direct"
CHAT: Final = "chat"
HELD: Final = "held"
SOCKETS: Final = "sockets"
TOPICS: Final = "topics"
IRC: Final = "irc"
RATES: Final = "rates"
WEBHOOKS: Final = "webhooks"
CERTIFICATES: Final = "certificates"

# In which order they take over what is new: whoever says who moderates comes before the chat, which ends logins.
ORDER: Final = (
    *(CERTIFICATES, SITE, ADMIN, STOP, UNREAD, PAGES, CHILDREN, DIRECT, HELD, SOCKETS, TOPICS, RATES, WEBHOOKS),
    *(CHAT, IRC),
    # Last, as checking it makes a file.
    LOG,
)

# Those whose files may be others though no setting has changed.
ALWAYS: Final = (CERTIFICATES, WEBHOOKS)

# Those of all HTTP ports, and those that answer for our pages.
PORTS: Final = (SITE, ADMIN)
ALL_PAGES: Final = (PAGES, CHILDREN)
# Doors of the chat, which have its limits.
DOORS: Final = (CHAT, IRC)

APPLIED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "server": {
        "shutdown_timeout": (STOP,),
        "restart_timeout": (STOP,),
        "drain": (STOP,),
        "access_log": (LOG,),
        "access_log_file": (LOG,),
        "trusted_proxies": PORTS,
        "hosts": PORTS,
        "hsts": PORTS,
        "header_timeout": PORTS,
        "idle_timeout": PORTS,
        "transfer_timeout": PORTS,
        "slowest_transfer": PORTS,
        "max_connections": PORTS,
    },
    "web": {
        "sockets_per_address": (SOCKETS,),
        "view_timeout": (CHILDREN,),
        "restart_after": (CHILDREN,),
        "restart_memory": (CHILDREN,),
        "slow_client_timeout": PORTS,
        "max_body": (*PORTS, *ALL_PAGES),
        "max_bodies": PORTS,
        "max_unread": (UNREAD, CHILDREN),
        "max_unread_together": (UNREAD, CHILDREN),
    },
    "chat": {
        "origins": (CHAT, HELD, SOCKETS, DIRECT, *ALL_PAGES),
        "max_rooms": (CHAT,),
        "max_joined": DOORS,
        "large_room": (CHAT,),
        "history": (CHAT,),
        "keep": (CHAT,),
        "keep_days": (CHAT,),
        "edit_for": (CHAT,),
        "max_text": (CHAT, *ALL_PAGES),
        "max_message": (CHAT, *ALL_PAGES),
        "max_outbox": DOORS,
        "max_sessions": (CHAT, CHILDREN),
        "max_per_address": (CHAT,),
        "rate": DOORS,
        "burst": DOORS,
        "joins": (CHAT,),
        "searches": (CHAT,),
        "guests": (CHAT, DIRECT, *ALL_PAGES),
        "moderators": (CHAT, *ALL_PAGES),
        "hooks_file": ALL_PAGES,
        "hook_rate": (CHAT,),
        "hook_burst": (CHAT,),
    },
    "irc": {
        "max_connections": (IRC,),
        "max_per_address": (IRC,),
    },
    "topics": {
        "keep": (TOPICS,),
        "keep_for": (TOPICS,),
        "max_topics": (TOPICS,),
        "max_data": (TOPICS, *ALL_PAGES),
        "rate": (TOPICS,),
        "burst": (TOPICS,),
        "streams": (HELD, CHILDREN),
        "streams_per_address": (HELD,),
        "max_unread": (HELD,),
    },
    "rates": {
        "interval": (RATES,),
        "timeout": (RATES,),
        "sources": (RATES,),
        "ecb_url": (RATES,),
        "ecb_90_days_url": (RATES,),
        "ecb_history_url": (RATES,),
        "json_preset": (RATES,),
        "json_url": (RATES,),
        "json_base": (RATES,),
        "json_date": (RATES,),
        "json_rates": (RATES,),
        "json_code": (RATES,),
        "json_amount": (RATES,),
        "json_inverse": (RATES,),
        "json_base_field": (RATES,),
        "json_headers": (RATES,),
        "json_key_env": (RATES,),
    },
    "webhooks": {
        "outgoing": (WEBHOOKS,),
        "secrets_file": (WEBHOOKS,),
        "timeout": (WEBHOOKS,),
    },
}

# What a start makes once: ports, threads and processes, the application, what the database and all nodes share.
RESTART: Final[Mapping[str, frozenset[str]]] = {
    "server": frozenset({"listen", "port", "interface", "admin_listen", "admin_token_file", "control"}),
    "web": frozenset(
        {"wsgi", "processes", "threads", "socket_threads", "socketio_path", "process_nice", "reload"}
        | {"secret_key_file", "pages"}
    ),
    "chat": frozenset(
        {"prefix", "listen", "url", "rooms", "private_rooms", "open_rooms", "authenticator", "token_file"}
    ),
    "irc": frozenset({"listen", "name"}),
    "topics": frozenset({"in_memory"}),
    "rates": frozenset({"pairs", "chart_processes", "chart_timeout"}),
    "webhooks": frozenset(),
    "storage": frozenset({"path", "url", "url_file"}),
    "nodes": frozenset({"listen_url", "name", "heartbeat", "dead_after"}),
}


def parts_of(section: str, key: str) -> tuple[str, ...]:
    """The names of the parts that apply a setting; none if it needs a restart."""
    return APPLIED.get(section, {}).get(key, ())
