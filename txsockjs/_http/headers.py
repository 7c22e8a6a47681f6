"""The headers of responses: CORS, caching, cookies; and which origins may send a request."""

import re
from email.utils import formatdate

from twisted.web.http import Request

from txsockjs._protocol.options import Options
from txsockjs._protocol.origins import is_same_origin, normal_origin
from txsockjs.interfaces import IRequestScheme

__all__ = [
    "allow_cross_origin",
    "allow_long",
    "embedders",
    "forbid_caching",
    "is_allowed",
    "is_known",
    "set_cookie",
]

YEAR = 365 * 24 * 3600


def forbid_caching(request: Request) -> None:
    """Forbid the client and proxies to keep or to change the response."""
    request.setHeader(b"cache-control", b"no-store, no-cache, no-transform, must-revalidate, max-age=0")


def allow_long(request: Request, now: float) -> None:
    """Allow the client and proxies to keep the response for a year. now: seconds since 1970."""
    request.setHeader(b"cache-control", b"public, max-age=%d" % YEAR)
    request.setHeader(b"expires", formatdate(now + YEAR, usegmt=True).encode("ascii"))


def allow_cross_origin(request: Request, options: Options) -> None:
    """CORS (WHATWG Fetch, section 3.2): allow the origin to read the response, if the option origins allows it."""
    origin = request.getHeader(b"origin")
    request.setHeader(b"vary", b"Origin")
    if not is_allowed(request, options):
        return
    if origin is not None:
        request.setHeader(b"access-control-allow-origin", origin)
        request.setHeader(b"access-control-allow-credentials", b"true")
    else:
        request.setHeader(b"access-control-allow-origin", b"*")
    wanted = request.getHeader(b"access-control-request-headers")
    if wanted:
        request.setHeader(b"access-control-allow-headers", wanted)


def is_allowed(request: Request, options: Options) -> bool:
    """Whether the option origins allows this request.

    A browser says in Origin where a request comes from, and in Sec-Fetch-Site for requests without Origin, such as that
    of a script tag. A request with neither is not a browser's, so it has nobody's cookies, and is allowed.
    """
    if options.origins is None or "*" in options.origins:
        return True
    origins = request.requestHeaders.getRawHeaders(b"origin") or []
    if not origins:
        return (request.getHeader(b"sec-fetch-site") or b"").lower() not in (b"cross-site", b"same-site")
    # Several Origin headers are joined, and so match none.
    text = b" ".join(origins).decode("latin-1")
    return normal_origin(text) in options.origins or ("self" in options.origins and _is_own(text, request))


def _is_own(origin: str, request: Request) -> bool:
    host = (request.getHeader(b"host") or b"").decode("latin-1")
    return is_same_origin(origin, host, _scheme(request))


def _scheme(request: Request) -> str | None:
    """By which scheme the client has come; None if that is not known, as a proxy in front may use TLS."""
    if IRequestScheme.providedBy(request):
        scheme: str | None = IRequestScheme(request).client_scheme()
        return scheme
    return "https" if request.isSecure() else None


def embedders(origins: frozenset[str] | None) -> bytes | None:
    """The sources of a frame-ancestors directive (CSP Level 3, section 6.4.2) for these origins; None: any origin."""
    if origins is None or "*" in origins:
        return None
    named = sorted(origins - {"self", "null"})
    return " ".join((["'self'"] if "self" in origins else []) + named or ["'none'"]).encode("latin-1")


def is_known(request: Request, etag: bytes) -> bool:
    """Whether If-None-Match says that the client has this version (RFC 9110 section 13.1.2). etag: with its quotes."""
    given = request.getHeader(b"if-none-match") or b""
    tags = [tag.strip(b" \t") for tag in given.split(b",")]
    return any(tag in (b"*", etag, b"W/" + etag) for tag in tags)


def set_cookie(request: Request, options: Options) -> None:
    """Set the cookie JSESSIONID, by which load balancers choose the server, if the option cookie_needed is on.

    SockJS protocol 0.3.3, section JsessionidCookie.
    """
    if options.cookie_needed:
        value = request.getCookie(b"JSESSIONID") or b"dummy"
        # The client's value is echoed into a header, so it must be the value of a cookie (RFC 6265 section 4.1.1).
        if not re.fullmatch(rb"[!#-+\--:<-\[\]-~]{1,4096}", value):
            value = b"dummy"
        request.responseHeaders.addRawHeader(b"set-cookie", b"JSESSIONID=" + value + b"; path=/")
