"""Whose request it is: the peer in its one spelling, and what a trusted proxy says.

That is X-Forwarded-For, -Proto, -Host, and -Prefix: the path that the proxy has removed from the beginning of the URL.
"""

import re
from collections.abc import Collection
from typing import Any, Final, NamedTuple

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.web.server import Request

from mixsvc.common.addresses import Address, normal_address, parse_address
from mixsvc.common.http_grammar import is_host
from mixsvc.config.network import UNIX, Proxy
from mixsvc.http.hosts import replace_host

__all__ = ["apply_forwarded", "normal_peer"]

# An address with its port, as some proxies write them; an IPv6 one then has brackets.
WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[^\]]*)?)\](?::[0-9]+)?|([0-9.]+):[0-9]+")

# The scheme of a client that a proxy describes so; some name that of a WebSocket.
SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}

# One or more segments of characters that mean themselves in a URL, a cookie and a page; none is . or ..
PREFIX: Final = re.compile(r"(?:/(?!\.\.?(?:/|$))[0-9A-Za-z._~@:+-]+)+")
MAX_PREFIX: Final = 200


class Forwarded(NamedTuple):
    """What a trusted proxy says about its client.

    scheme: by which the client has come to the proxy, http or https; None if the proxy does not say so. prefix: the
    path that the proxy has removed from the URL, such as /mix; "" for none.
    """

    scheme: str | None = None
    prefix: str = ""


# Of a client that has come without a proxy.
DIRECT: Final = Forwarded()


def normal_peer(peer: IAddress) -> IAddress:
    """The peer with its address in one spelling: an IPv4 client of a dual-stack socket is an IPv4 client."""
    if not isinstance(peer, IPv6Address):
        return peer
    host = normal_address(peer.host)
    if host == peer.host:
        return peer
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, peer.port)


def apply_forwarded(request: Request, trusted: Collection[Proxy]) -> Forwarded:
    """Take the client's address and host from the headers, if the peer is a trusted proxy; returns what else it says.

    The address is the last one in X-Forwarded-For that is not a trusted proxy itself: what stands before it comes from
    the client, which can write there what it likes.
    """
    if not trusted or not _is_trusted_peer(request.getClientAddress(), trusted):
        return DIRECT
    for item in reversed(_items(request, b"x-forwarded-for")):
        address = _parse(item)
        if address is None:
            break
        kind = IPv4Address if address.version == 4 else IPv6Address
        request.client = kind("TCP", str(address), 0)
        if not _is_trusted(address, trusted):
            break
    hosts = _items(request, b"x-forwarded-host")
    # Some proxies pass on whatever their client has sent.
    if hosts and is_host(hosts[-1]):
        replace_host(request, hosts[-1].encode("latin-1"))
    protocols = _items(request, b"x-forwarded-proto")
    scheme = SCHEMES.get(protocols[-1].lower()) if protocols else None
    return Forwarded(scheme, _prefix(_items(request, b"x-forwarded-prefix")))


def _prefix(items: list[str]) -> str:
    """The prefix without a slash at its end; "" for one that is not valid."""
    prefix = items[-1].removesuffix("/") if items else ""
    return prefix if len(prefix) <= MAX_PREFIX and PREFIX.fullmatch(prefix) else ""


def _items(request: Request, name: bytes) -> list[str]:
    values = request.requestHeaders.getRawHeaders(name) or []
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
