"""Which other sites may use the API: nobody's page makes its visitors say or change something without being asked."""

from collections.abc import Collection
from typing import Final

from flask import Flask, Response, request

from mixsvc.pages.api.problems import problem

__all__ = ["guard_api"]

READING: Final = ("GET", "HEAD", "OPTIONS")

PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    # Seconds for which a browser need not ask again.
    "Access-Control-Max-Age": "600",
}


def guard_api(app: Flask, origins: Collection[str]) -> None:
    """Check whatever comes to /api and below; call it once, before the first request.

    origins: sites besides our own whose pages may use it; "*" is every site, without cookies.
    """
    guard = Guard(origins)
    app.before_request(guard.refuse)
    app.after_request(guard.share)


class Guard:
    """Before and after each request to the API."""

    def __init__(self, origins: Collection[str]) -> None:
        self._listed = {_plain(each) for each in origins} - {"*"}
        self._is_open = "*" in origins

    def refuse(self) -> Response | None:
        """The answer where the view is not to be called: a refusal, or what a browser asks in advance."""
        if not _is_api():
            return None
        origin = request.headers.get("Origin", "")
        allowed = self._is_open or _plain(origin) in self._listed
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204, headers=PREFLIGHT) if allowed else None
        if request.method in READING:
            return None
        if not allowed and _is_foreign(origin):
            return problem(403, _advice(origin))
        return _wrong_type()

    def share(self, response: Response) -> Response:
        """Let the pages of listed sites read the answer, with cookies; with "*" any others, without."""
        if not _is_api() or not (self._listed or self._is_open):
            return response
        origin = request.headers.get("Origin", "")
        if _plain(origin) in self._listed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
        elif self._is_open:
            response.headers["Access-Control-Allow-Origin"] = "*"
        response.vary.add("Origin")
        return response


def _is_api() -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def _is_foreign(origin: str) -> bool:
    if origin:
        return _plain(origin) != _own_origin()
    # Programs that are no browsers send neither.
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def _own_origin() -> str:
    return _plain(f"{request.scheme}://{request.host}")


def _advice(origin: str) -> str:
    if not origin:
        return "Pages of other sites may not do this; see [chat] origins."
    return (
        f"Pages of another site may not do this, and this site is {_own_origin()} here. Name yours in [chat] origins, "
        "or, if it is this one, the proxy in [server] trusted_proxies."
    )


def _wrong_type() -> Response | None:
    """A form of any site can send text, but not this content type."""
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if not has_body or request.mimetype == "application/json":
        return None
    return problem(415, "Send JSON, with Content-Type: application/json.")


def _plain(origin: str) -> str:
    """An origin in lower case and without the port that its scheme has anyway."""
    origin = origin.lower()
    return origin.removesuffix(":443" if origin.startswith("https:") else ":80")
