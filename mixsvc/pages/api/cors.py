"""Which other sites may use the API: a page of any other site cannot make its visitors send or change something."""

from typing import Final

from flask import Flask, Response, request

from mixsvc.answers.policy import ReadingSites, is_api
from mixsvc.common.http_grammar import normal_origin
from mixsvc.pages.api.problems import problem

__all__ = ["install_cross_origin_policy"]

READING: Final = ("GET", "HEAD", "OPTIONS")

PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    # For so many seconds a browser need not ask again.
    "Access-Control-Max-Age": "600",
}


def install_cross_origin_policy(app: Flask, sites: ReadingSites) -> None:
    """Check every request to /api and below; call it once, before the first request.

    sites: those whose pages may use the API.
    """
    policy = CrossOriginPolicy(sites)
    app.before_request(policy.check)
    app.after_request(policy.add_headers)


class CrossOriginPolicy:
    """What is done before and after each request to the API."""

    def __init__(self, sites: ReadingSites) -> None:
        self._sites = sites

    def check(self) -> Response | None:
        """The response that is sent without calling the view: an error, or the answer to a preflight; else None."""
        # A webhook's secret is in its path, and no cookie counts there, so a foreign page can do nothing by it.
        if not is_api(request.path) or request.path.startswith("/api/hooks/"):
            return None
        origin = request.headers.get("Origin", "")
        allowed = self._sites.has(origin)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204, headers=PREFLIGHT) if allowed else None
        if request.method in READING:
            return None
        if not allowed and _is_foreign(origin):
            return problem(403, _advice(origin))
        return _wrong_type()

    def add_headers(self, response: Response) -> Response:
        """Let pages of the listed sites read the response, with cookies; with "*" all others, without cookies."""
        if not is_api(request.path) or not self._sites:
            return response
        response.headers.update(self._sites.fields(request.headers.get("Origin", "")))
        response.vary.add("Origin")
        return response


def _is_foreign(origin: str) -> bool:
    if origin:
        return normal_origin(origin) != _own_origin()
    # Programs other than browsers send neither header.
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def _own_origin() -> str:
    return normal_origin(f"{request.scheme}://{request.host}")


def _advice(origin: str) -> str:
    if not origin:
        return "Pages of other sites may not send this; [chat] origins lists the sites whose pages may."
    return (
        f"Only pages of {_own_origin()} and of the sites in [chat] origins may send this. Add your site there; if your "
        "site is this one behind a proxy, add the proxy to [server] trusted_proxies."
    )


def _wrong_type() -> Response | None:
    """Require JSON: a form on any site can send text, but not this content type."""
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if not has_body or request.mimetype == "application/json":
        return None
    return problem(415, "Send JSON, with Content-Type: application/json.")
