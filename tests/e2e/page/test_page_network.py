"""After a change of the network, of which nobody tells the page, it is back within seconds, whatever its transport."""

from collections.abc import Iterator
from time import monotonic
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.old_network import OldNetwork
from tests.e2e.support.service import SLACK, Service

# Seconds within which the page is back; a loaded machine takes longer.
BACK: Final = 8.0


@pytest.fixture
def network(service: Service) -> Iterator[OldNetwork]:
    with OldNetwork(service.port) as network:
        yield network


@pytest.mark.parametrize(("forbidden", "transport"), [(False, "websocket"), (True, "xhr-streaming")])
def test_a_page_whose_network_has_changed_is_back_in_seconds_and_has_missed_nothing(
    service: Service, network: OldNetwork, visitor: NewVisitor, forbidden: bool, transport: str
) -> None:
    network.forbids_websockets = forbidden
    ann = visitor()
    ann.enter(network.url, f"Ann {transport}")
    expect(ann.status).to_have_text(f"online over {transport}")
    with Chatter(service.port, f"Bob {transport}") as bob:
        bob.say("before")
        expect(ann.texts.last).to_have_text("before")

        network.leave()
        left_at = monotonic()
        bob.say("meanwhile")

        expect(ann.texts.last).to_have_text("meanwhile")
        assert monotonic() - left_at < BACK + SLACK
        expect(ann.status).to_have_text(f"online over {transport}")
        print(f"back over {transport} after {monotonic() - left_at:.1f} s")
        ann.say("here again")
        expect(ann.texts.last).to_have_text("here again")
        expect(ann.page.locator("#unsent")).to_be_empty()
