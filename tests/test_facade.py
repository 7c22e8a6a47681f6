"""The object that views import."""

from typing import cast

import pytest
from zope.interface.verify import verifyObject

from mixsvc.application import connect_for_import
from mixsvc.errors import NotPublished
from mixsvc.facade import Facades, Mix
from mixsvc.hooks.registry import hooks
from mixsvc.interfaces import IChat, IMix
from mixsvc.interfaces.topics import ITopics
from tests.pages.fakes import FakeChat, FakeMix


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


def test_hooks_can_be_registered_before_anything_runs_and_nothing_is_asked_for() -> None:
    chat = to_come(Mix())

    assert (chat.on_message, chat.may) == (hooks.on_message, hooks.may)
    with pytest.raises(RuntimeError, match="mixsvc does not run here"):
        chat.rooms()


def test_while_an_application_is_imported_everything_else_says_that_nothing_runs() -> None:
    mix = Mix()
    connect_for_import(mix)

    assert to_come(mix).may == hooks.may
    with pytest.raises(RuntimeError, match="does not run yet while your module is imported"):
        to_come(mix).say("lobby", "Ann", "hi")
    with pytest.raises(RuntimeError, match="does not run yet while your module is imported"):
        _ = mix.rates


def test_the_chat_that_was_to_come_can_be_used_when_it_has_come() -> None:
    mix, fake = Mix(), FakeMix(chat=FakeChat())
    connect_for_import(mix)
    kept = to_come(mix)

    mix.connect(lambda: Facades(fake.rates, fake.chat, fake.pairs))

    assert kept.prefix == "/talk"
    assert mix.chat is fake.chat


def test_where_no_chat_comes_the_error_says_so_and_views_see_none() -> None:
    mix, fake = Mix(), FakeMix()
    kept = to_come(mix)
    mix.connect(lambda: Facades(fake.rates, None, fake.pairs))

    assert mix.chat is None
    with pytest.raises(RuntimeError, match=r"no chat in this host, so mix\.chat\.say cannot be used"):
        kept.say("lobby", "Ann", "hi")


def to_come(mix: Mix) -> IChat:
    chat = mix.chat
    assert chat is not None
    return chat


def test_topics_are_those_of_the_service() -> None:
    asked: list[tuple[object, ...]] = []

    class Topics:
        def publish(self, *given: object) -> int:
            asked.append(given)
            return 7

        def last(self, *topics: str) -> str:
            return f"{topics}"

        def close(self, *given: object) -> None:
            asked.append(given)

    fake, topics = FakeMix(), Topics()
    mix = Mix()
    mix.connect(lambda: Facades(fake.rates, None, fake.pairs, topics=cast(ITopics, topics)))

    assert mix.publish("order-42", "paid", event="state", key="k") == 7
    assert mix.last("a", "b") == "('a', 'b')"
    mix.close("order-42", "ada")
    assert asked == [("order-42", "paid", "state", "k"), ("order-42", "ada")]


def test_a_host_without_topics_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"there are no topics in this host; set \[chat\] listen"):
        connected().publish("order-42", "paid")


def test_a_hold_needs_no_running_service_until_somebody_is_held() -> None:
    held = Mix().hold("order-42", first={"state": "paid"})

    with pytest.raises(RuntimeError, match="cannot hold a client"):
        held.headers({})
    with pytest.raises(NotPublished, match="no topic"):
        Mix().hold("no topic")
