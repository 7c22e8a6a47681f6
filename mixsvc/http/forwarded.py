"""Whose request it is: the peer in its one spelling, and what a trusted proxy says.

That is X-Forwarded-For, -Proto, -Host, and -Prefix: the path that the proxy has removed from the beginning of the URL.
"""

import re
from collections.abc import Collection
from copy import copy
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from mixsvc.common.addresses import Address, normal_address, parse_address
from mixsvc.common.http_grammar import is_host
from mixsvc.config.network import UNIX, Proxy
from mixsvc.http.head import HeaderFields
from mixsvc.http.hosts import is_one_of

__all__ = [
    "DIRECT",
    "ConnectionEnds",
    "ConnectionSenders",
    "Forwarded",
    "Sender",
    "SenderSite",
    "normal_peer",
    "read_forwarded",
]

# An address with its port, as some proxies write them; an IPv6 one then has brackets.
WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[^\]]*)?)\](?::[0-9]+)?|([0-9.]+):[0-9]+")

# The scheme of a client that a proxy describes so; some name that of a WebSocket.
SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}

# One or more segments of characters that mean themselves in a URL, a cookie and a page; none is . or ..
PREFIX: Final = re.compile(r"(?:/(?!\.\.?(?:/|$))[0-9A-Za-z._~@:+-]+)+")
MAX_PREFIX: Final = 200


class Forwarded(NamedTuple):
    """What a trusted proxy says about its client; each is None, or empty, if it does not say so.

    client: its address. scheme: by which it has come to the proxy, http or https. host: for which it has asked. prefix:
    the path that the proxy has removed from the URL, such as /mix.
    """

    client: IAddress | None = None
    scheme: str | None = None
    host: bytes | None = None
    prefix: str = ""


# Of a client that has come without a proxy.
DIRECT: Final = Forwarded()


class ConnectionEnds(NamedTuple):
    """The two ends of a connection. peer: as `normal_peer` writes it. is_trusted: whether that is a trusted proxy."""

    peer: IAddress
    host: IAddress
    is_secure: bool
    is_trusted: bool


class Sender:
    """Who sends a request, and its header fields, as far as a trusted proxy says. The same for all such requests.

    client: its address. scheme: by which it has come, http or https; None if nobody says so: whoever connects without
    TLS may be a proxy that does not say what its client speaks. prefix: see Forwarded. host: the address that was
    connected to. fields: the Host in them is the one that the client has asked for. is_ours: whether that is a host of
    this site. kept: what the layer above has made of all this.
    """

    __slots__ = ("client", "fields", "given", "host", "is_ours", "kept", "prefix", "scheme")

    def __init__(self, ends: ConnectionEnds, given: HeaderFields, forwarded: Forwarded, hosts: Collection[str]) -> None:
        """given: the fields as they came. hosts: those of the site; empty for all."""
        self.given = given
        self.client = forwarded.client or ends.peer
        self.scheme = forwarded.scheme or ("https" if ends.is_secure else None)
        self.prefix = forwarded.prefix
        self.host = ends.host
        self.fields = given if forwarded.host is None else given.with_host(forwarded.host)
        self.is_ours = not hosts or is_one_of(self.fields.values.get(b"host"), hosts)
        self.kept: Any = None

    def with_host(self, host: bytes) -> "Sender":
        """The same that has asked for another host."""
        other = copy(self)
        other.fields, other.kept = self.fields.with_host(host), None
        return other


class SenderSite(Protocol):
    """What is needed of a site."""

    # See [server] trusted_proxies and hosts.
    trusted: Collection[Proxy]
    hosts: Collection[str]

    def forwarded(self, fields: HeaderFields) -> Forwarded:
        """What a trusted proxy says in these fields."""


class ConnectionSenders:
    """Says who sends the requests of one connection."""

    __slots__ = ("_ends", "_is_secure", "_last", "_site", "_transport")

    def __init__(self, transport: Any, is_secure: bool, site: SenderSite) -> None:
        """transport: of the connection. is_secure: whether it is TLS."""
        self._transport = transport
        self._is_secure = is_secure
        self._site = site
        self._ends: ConnectionEnds | None = None
        # A client sends the same header fields with most of its requests.
        self._last: Sender | None = None

    @property
    def ends(self) -> ConnectionEnds:
        """Asked once, at the first request: before that a PROXY header may name another client."""
        if self._ends is None:
            peer, trusted = normal_peer(self._transport.getPeer()), self._site.trusted
            is_trusted = bool(trusted) and _is_trusted_peer(peer, trusted)
            self._ends = ConnectionEnds(peer, self._transport.getHost(), self._is_secure, is_trusted)
        return self._ends

    def of(self, fields: HeaderFields) -> Sender:
        """Who sends a request with these fields."""
        if self._last is None or self._last.given is not fields:
            forwarded = self._site.forwarded(fields) if self.ends.is_trusted else DIRECT
            self._last = Sender(self.ends, fields, forwarded, self._site.hosts)
        return self._last

    def judge_anew(self) -> None:
        """Other peers may be trusted now, and the site may have other hosts: for the requests from now on."""
        self._ends = self._last = None

    def forget(self) -> None:
        """No request comes soon: keep nothing of the last one."""
        self._last = None


def normal_peer(peer: IAddress) -> IAddress:
    """The peer with its address in one spelling: an IPv4 client of a dual-stack socket is an IPv4 client."""
    if not isinstance(peer, IPv6Address):
        return peer
    host = normal_address(peer.host)
    if host == peer.host:
        return peer
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, peer.port)


def read_forwarded(fields: HeaderFields, trusted: Collection[Proxy]) -> Forwarded:
    """What a trusted proxy says in the header fields of a request.

    The client's address is the last one in X-Forwarded-For that is not a trusted proxy itself: what stands before it
    comes from the client, which can write there what it likes.
    """
    client: IAddress | None = None
    for item in reversed(_items(fields, b"x-forwarded-for")):
        address = _parse(item)
        if address is None:
            break
        kind = IPv4Address if address.version == 4 else IPv6Address
        client = kind("TCP", str(address), 0)
        if not _is_trusted(address, trusted):
            break
    hosts = _items(fields, b"x-forwarded-host")
    # Some proxies pass on whatever their client has sent.
    host = hosts[-1].encode("latin-1") if hosts and is_host(hosts[-1]) else None
    protocols = _items(fields, b"x-forwarded-proto")
    scheme = SCHEMES.get(protocols[-1].lower()) if protocols else None
    return Forwarded(client, scheme, host, _prefix(_items(fields, b"x-forwarded-prefix")))


def _prefix(items: list[str]) -> str:
    """The prefix without a slash at its end; "" for one that is not valid."""
    prefix = items[-1].removesuffix("/") if items else ""
    return prefix if len(prefix) <= MAX_PREFIX and PREFIX.fullmatch(prefix) else ""


def _items(fields: HeaderFields, wanted: bytes) -> list[str]:
    if wanted not in fields.values:
        return []
    values = [value for name, value in fields.pairs if name.lower() == wanted]
    items = [item for value in values for item in value.decode("latin-1").split(",")]
    # Only what HTTP calls white space (RFC 9110 section 5.6.3): Python's has more, such as \x85.
    return [stripped for item in items if (stripped := item.strip(" \t"))]


def _parse(text: str) -> Address | None:
    if found := WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    try:
        return parse_address(text)
    except ValueError:
        return None


def _is_trusted_peer(peer: IAddress, trusted: Collection[Proxy]) -> bool:
    if isinstance(peer, UNIXAddress):
        return UNIX in trusted
    host: Any = getattr(peer, "host", "")
    address = _parse(host)
    return address is not None and _is_trusted(address, trusted)


def _is_trusted(address: Address, trusted: Collection[Proxy]) -> bool:
    return any(network != "unix" and address in network for network in trusted)
