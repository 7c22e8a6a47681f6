"""The object that views import."""

import pytest
from zope.interface.verify import verifyObject

from mixsvc.facade import Facades, Mix
from mixsvc.interfaces import IMix
from tests.pages.fakes import FakeMix


def test_it_has_what_its_interface_promises() -> None:
    verifyObject(IMix, connected())


def test_it_has_what_the_service_offers() -> None:
    fake = FakeMix()

    mix = connected(fake)

    assert (mix.rates, mix.chat, mix.pairs) == (fake.rates, fake.chat, fake.pairs)


def test_it_says_so_if_no_service_runs() -> None:
    mix = Mix()

    assert not mix.is_connected
    with pytest.raises(RuntimeError, match="mixsvc does not run here; start it with `twistd mixsvc`"):
        _ = mix.rates


def connected(fake: FakeMix | None = None) -> Mix:
    fake = fake or FakeMix()
    mix = Mix()
    mix.connect(lambda: Facades(fake.rates, fake.chat, fake.pairs))
    assert mix.is_connected
    return mix
