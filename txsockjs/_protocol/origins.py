"""Origins (RFC 6454) and the Host header as text; which of them are equal. Pure."""

import re
from functools import lru_cache
from typing import Final

from txsockjs._protocol.addresses import is_ipv6, short_ipv6

__all__ = ["is_same_origin", "normal_origin"]

# The Host header (RFC 9110 section 7.2), and an origin as browsers write it (RFC 6454 section 6.2), never with a colon
# and no port.
AUTHORITY: Final = r"(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(:(?P<port>[0-9]*))?"
HOST: Final = re.compile(AUTHORITY)
ORIGIN: Final = re.compile(rf"(?P<scheme>https?)://{AUTHORITY}(?<!:)")

DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


@lru_cache(256)
def normal_origin(origin: str) -> str:
    """The one spelling of an origin: in lower case, without the default port, an IPv6 address in its short form.

    Other texts than origins of http and https, such as null, are only put into lower case.
    """
    origin = origin.lower()
    found = ORIGIN.fullmatch(origin)
    return origin if found is None else _spelled(found["scheme"], found["host"], found["port"])


@lru_cache(256)
def is_same_origin(origin: str, host: str, scheme: str | None) -> bool:
    """Whether an origin of http or https is that of a service.

    host: the service's, as a Host header has it. scheme: by which the client has come; None if that is not known, and
    then the schemes are not compared.
    """
    theirs, ours = ORIGIN.fullmatch(origin.lower()), HOST.fullmatch(host.lower())
    if theirs is None or ours is None or scheme not in (None, theirs["scheme"]):
        return False
    if ours["host"].startswith("[") and not is_ipv6(ours["host"][1:-1]):
        return False
    return normal_origin(origin) == _spelled(theirs["scheme"], ours["host"], ours["port"])


def _spelled(scheme: str, host: str, port: str | None) -> str:
    if host.startswith("["):
        host = f"[{short_ipv6(host[1:-1])}]"
    return f"{scheme}://{host}" if port in (None, "", DEFAULT_PORTS[scheme]) else f"{scheme}://{host}:{port}"
