"""Where a browser finds an open port: the link that the start shows."""

from collections.abc import Collection
from typing import Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.protocols.tls import TLSMemoryBIOFactory

from mixsvc.http.hosts import is_one_of

__all__ = ["address_text", "link_to"]

# Addresses that stand for every address of the machine: one of them that a browser here can open, and what the others
# are.
EVERY: Final = {
    "0.0.0.0": ("127.0.0.1", "every other IPv4 address"),
    "::": ("::1", "every other address"),
}

# Endpoints on which clients speak the PROXY protocol first, as no browser does.
FOR_PROXIES: Final = "haproxy:"


def link_to(port: IListeningPort, description: str, hosts: Collection[str] = ()) -> str:
    """Returns the URL of a port, and what else it serves; the bare address where no browser here would be answered.

    description: the endpoint string of the port. hosts: those of [server] hosts; empty for all.
    """
    address = port.getHost()
    if not isinstance(address, IPv4Address | IPv6Address) or description.startswith(FOR_PROXIES):
        return address_text(address)
    host, others = EVERY.get(address.host, (address.host, ""))
    place = f"[{host.replace('%', '%25')}]:{address.port}" if ":" in host else f"{host}:{address.port}"
    if hosts and not is_one_of(place.encode("ascii", "replace"), hosts):
        return f"{address_text(address)} for {', '.join(sorted(hosts))}"
    scheme = "https" if isinstance(getattr(port, "factory", None), TLSMemoryBIOFactory) else "http"
    return f"{scheme}://{place}/{f' and {others} of this machine' if others else ''}"


def address_text(address: IAddress) -> str:
    """Returns an address as host and port, or as the path of a Unix socket."""
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    name = getattr(address, "name", address)
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    # An abstract name begins with NUL, for which systemd and others write @ (unix(7)).
    return f"@{text[1:]}" if text.startswith("\0") else text
