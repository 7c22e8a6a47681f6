"""The facade that views import."""

import pytest
from zope.interface.verify import verifyObject

from mixsvc.facade import Mix, Parts
from mixsvc.interfaces import IMix
from tests.pages.fakes import FakeMix


def test_it_keeps_its_promises() -> None:
    verifyObject(IMix, served())


def test_it_gives_what_is_served() -> None:
    fake = FakeMix()

    mix = served(fake)

    assert (mix.rates, mix.chat, mix.pairs) == (fake.rates, fake.chat, fake.pairs)


def test_it_says_so_when_nothing_is_served() -> None:
    mix = Mix()

    assert not mix.is_served
    with pytest.raises(RuntimeError, match="mixsvc does not run here; start it with `twistd mixsvc`"):
        _ = mix.rates


def served(fake: FakeMix | None = None) -> Mix:
    fake = fake or FakeMix()
    mix = Mix()
    mix.serve(lambda: Parts(fake.rates, fake.chat, fake.pairs))
    assert mix.is_served
    return mix
