"""Whether a request is for the window, and from it: the defence against pages of other sites.

A page of another site can give its own host name the address of this machine (DNS rebinding). A browser then takes the
window for a part of that site, and only Host tells.
"""

from collections.abc import Collection, Mapping

from mixsvc.common.addresses import is_address
from mixsvc.common.http_grammar import is_host, normal_origin
from mixsvc.http.hosts import is_one_of

__all__ = ["is_from_window", "is_window_host", "port_of"]


def is_window_host(host: str, hosts: Collection[str]) -> bool:
    """Returns whether the window answers for a Host header: an address, localhost, or one of the service's hosts.

    hosts: [server] hosts.
    """
    if not is_host(host):
        return False
    name = _name(host)
    return name in ("localhost", "localhost.") or is_address(name) or is_one_of(host.encode("latin-1"), hosts)


def is_from_window(headers: Mapping[str, str], scheme: str) -> bool:
    """Returns whether a POST came from a page of the window, as far as its browser says.

    headers: see Asked. scheme: by which the client has come. Programs say neither Origin nor Sec-Fetch-Site, and have
    nobody's cookies.
    """
    if headers.get("sec-fetch-site", "same-origin").lower() != "same-origin":
        return False
    origin = headers.get("origin")
    return origin is None or normal_origin(origin) == normal_origin(f"{scheme}://{headers.get('host', '')}")


def port_of(host: str) -> str:
    """Returns the port of a Host header; "" if it names none."""
    # Those of an IPv6 address are before the bracket.
    return host.rpartition("]")[2].partition(":")[2]


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
