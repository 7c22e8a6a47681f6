"""Options that are changed while a service runs."""

import pytest
from twisted.internet.protocol import Factory

from txsockjs import BadOption
from txsockjs.conformance import Echo
from txsockjs.testing import MemoryService

SITE = "https://site.example"
OPEN, XHR = "/000/{}/xhr", {"Origin": SITE}


def opened(service: MemoryService, session: str, **headers: str) -> int:
    """The status of the first request of a session."""
    return service.post(OPEN.format(session), b"", **headers).status


def test_other_options_hold_for_what_comes_next_and_sessions_that_are_open_go_on() -> None:
    service = MemoryService(Factory.forProtocol(Echo), {"origins": ["self"]})
    before = opened(service, "a"), opened(service, "b", **XHR)

    service.resource.prepare_options({"origins": ["self", SITE], "max_sessions": 1})()

    assert before == (200, 403)
    # There is one session already.
    assert opened(service, "b", **XHR) == 503
    assert service.post("/000/a/xhr_send", b'["x"]', **XHR).status == 204
    assert service.post(OPEN.format("a"), b"").body == b'a["x"]\n'


def test_the_page_for_other_sites_may_be_embedded_by_others() -> None:
    service = MemoryService(Factory.forProtocol(Echo), {"origins": ["self"]})

    service.resource.prepare_options({"origins": ["self", SITE]})()

    assert SITE in service.get("/iframe.html").headers["content-security-policy"]


def test_an_option_that_is_not_valid_changes_nothing() -> None:
    service = MemoryService(Factory.forProtocol(Echo), {"origins": ["self"]})

    with pytest.raises(BadOption):
        service.resource.prepare_options({"origins": ["*"], "max_message": 0})

    assert opened(service, "b", **XHR) == 403
