"""The grammar of HTTP tokens, hosts and origins; the only one in mixsvc. Pure.

A token is as in RFC 9110 section 5.6.2. A host is a name, an IPv4 address, or in brackets an IPv6 address or one of a
later version (RFC 3986 section 3.2.2), with a port or without. Names may have an underscore, as those of containers do,
but neither percent signs nor the delimiters that RFC 3986 allows. An origin is
http or https with a host (RFC 6454 section 6.2); a name in other letters than ASCII has its xn-- form there.
"""

import re
from typing import Final

from mixsvc.common.addresses import short_ipv6

__all__ = ["HOST", "ORIGIN", "TOKEN", "is_host", "normal_origin"]

# A part of a pattern, without a group.
TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"

# The rules of RFC 3986 appendix A, by their names there.
H16: Final = "[0-9A-Fa-f]{1,4}"
DEC_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
LS32: Final = rf"(?:{H16}:{H16}|{DEC_OCTET}(?:\.{DEC_OCTET}){{3}})"
IPV6_ADDRESS: Final = "|".join(
    [rf"(?:{H16}:){{6}}{LS32}", rf"::(?:{H16}:){{5}}{LS32}"]
    + [rf"(?:(?:{H16}:){{0,{before}}}{H16})?::(?:{H16}:){{{4 - before}}}{LS32}" for before in range(5)]
    + [rf"(?:(?:{H16}:){{0,5}}{H16})?::{H16}", rf"(?:(?:{H16}:){{0,6}}{H16})?::"]
)
IP_FUTURE: Final = "v[0-9A-Fa-f]{1,8}[.][0-9A-Za-z._~:-]{1,45}"

NAME: Final = rf"(?:[0-9A-Za-z_~][0-9A-Za-z._~-]{{0,254}}|\[(?:{IPV6_ADDRESS}|{IP_FUTURE})\])"

# Groups: name and port. The port may be empty.
HOST: Final = re.compile(rf"(?P<name>{NAME})(?::(?P<port>[0-9]{{0,5}}))?")

# Groups: scheme, host (with its port) and name.
ORIGIN: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>(?P<name>{NAME})(?::[1-9][0-9]{{0,4}})?)", re.IGNORECASE | re.ASCII
)


def is_host(text: str) -> bool:
    """Whether the text is a host, with a port or without."""
    return HOST.fullmatch(text) is not None


def normal_origin(origin: str) -> str:
    """The origin in lower case, without the port that its scheme has by default, and an IPv6 address in its short form.

    So equal ones are equal. Other texts than origins, such as null, are only put into lower case.
    """
    origin = origin.lower()
    found = ORIGIN.fullmatch(origin)
    if found is None:
        return origin
    host = found["host"].removesuffix(":443" if found["scheme"] == "https" else ":80")
    if host.startswith("["):
        host = host.replace(found["name"], f"[{short_ipv6(found['name'][1:-1])}]", 1)
    return f"{found['scheme']}://{host}"
