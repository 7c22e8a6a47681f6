"""What a trusted proxy says of its client: X-Forwarded-For, -Proto and -Host."""

import ipaddress
from collections.abc import Collection

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.web.server import Request

from mixsvc.parsers import Network

__all__ = ["apply_forwarded"]


def apply_forwarded(request: Request, trusted: Collection[Network]) -> None:
    """Take the client's address, scheme and host from the headers, when the peer is a trusted proxy.

    The address is the last in X-Forwarded-For that is not a trusted proxy itself: what stands before it was sent by
    the client, who may write there what it likes.
    """
    if not trusted or not _is_trusted(getattr(request.getClientAddress(), "host", ""), trusted):
        return
    for address in reversed(_items(request, b"x-forwarded-for")):
        parsed = _parse(address)
        if parsed is None:
            break
        kind = IPv4Address if parsed.version == 4 else IPv6Address
        request.client = kind("TCP", str(parsed), 0)
        if not _is_trusted(address, trusted):
            break
    protocols = _items(request, b"x-forwarded-proto")
    if protocols and protocols[-1].lower() == "https":
        # What isSecure() looks at, so that wsgi.url_scheme is right (as setHost does, which changes the host as well).
        request._forceSSL = 1
    hosts = _items(request, b"x-forwarded-host")
    if hosts:
        request.requestHeaders.setRawHeaders(b"host", [hosts[-1].encode("latin-1")])


def _items(request: Request, name: bytes) -> list[str]:
    values = request.requestHeaders.getRawHeaders(name) or []
    return [item.strip() for value in values for item in value.decode("latin-1").split(",") if item.strip()]


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # ::ffff:127.0.0.1 is how a dual-stack socket spells an IPv4 peer.
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(text: str, trusted: Collection[Network]) -> bool:
    address = _parse(text)
    return address is not None and any(address in network for network in trusted)
