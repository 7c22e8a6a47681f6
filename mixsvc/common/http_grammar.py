"""The grammar of HTTP tokens, hosts, origins and the field Accept; the only one in mixsvc. Pure.

A token is as in RFC 9110 section 5.6.2. A host is a name, an IPv4 address, or in brackets an IPv6 address or one of a
later version (RFC 3986 section 3.2.2), with a port or without. Names may have an underscore, as those of containers do,
but neither percent signs nor the delimiters that RFC 3986 allows. An origin is
http or https with a host (RFC 6454 section 6.2); a name in other letters than ASCII has its xn-- form there.
"""

import re
from collections.abc import Mapping
from typing import Final

from mixsvc.common.addresses import short_ipv6

__all__ = ["HOST", "ORIGIN", "TOKEN", "is_host", "media_weight", "normal_origin"]

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


# RFC 9110 sections 5.6.4 and 12.4.2.
QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
WEIGHT: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

# An element of Accept, up to the comma after it; a text in quotes that does not end is its last. A parameter of one,
# with its name and value.
ELEMENT: Final = re.compile(r'(?:"(?:[^"\\]|\\.?)*(?:"|$)|[^,"])+')
PARAMETER: Final = re.compile(rf";\s*({TOKEN})\s*=\s*({TOKEN}|{QUOTED})\s*")
MEDIA_RANGE: Final = re.compile(rf"\s*({TOKEN})/({TOKEN})\s*((?:{PARAMETER.pattern})*)")


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


def media_weight(accept: str, kind: str, parameters: Mapping[str, str]) -> float | None:
    """Returns the weight that a field Accept gives to a media type, from 0 (refused) to 1; None if it names none.

    kind: such as "text/plain". parameters: what may stand in the field with it, such as {"version": "0.0.4"}; an
    element with a parameter of another value is for something else, and a parameter that is not here is ignored. The
    most specific element decides (RFC 9110 section 12.5.1). An element that is not valid is ignored.
    """
    found: list[tuple[tuple[int, int], float]] = []
    for element in ELEMENT.findall(accept):
        match = MEDIA_RANGE.fullmatch(element)
        if not match:
            continue
        asked = {name.lower(): value.strip('"').lower() for name, value in PARAMETER.findall(match[3])}
        weight = asked.pop("q", "1")
        named = {name: value for name, value in asked.items() if name in parameters}
        covers = _covers(match[1].lower(), match[2].lower(), kind)
        if covers is None or not WEIGHT.fullmatch(weight) or any(named[name] != parameters[name] for name in named):
            continue
        found.append(((covers, len(named)), float(weight)))
    return max(found)[1] if found else None


def _covers(major: str, minor: str, kind: str) -> int | None:
    """How specific a media range is that covers the media type: 2 for its name, 0 for */*; None if it does not."""
    if f"{major}/{minor}" == kind:
        return 2
    if minor != "*":
        return None
    return 1 if major == kind.partition("/")[0] else 0 if major == "*" else None
