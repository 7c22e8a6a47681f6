"""The types that programs see are those of the interfaces."""

from typing import Any

import pytest
from zope.interface.interface import Method, fromFunction

from mixsvc.interfaces import (
    ICharts,
    IChat,
    IMix,
    IRates,
    TypedCharts,
    TypedChat,
    TypedMix,
    TypedRates,
)
from mixsvc.interfaces.typed import TypedHost

PAIRS = [(IChat, TypedChat), (IRates, TypedRates), (ICharts, TypedCharts), (IMix, TypedMix)]
# What views do not use.
INSIDE = {"elsewhere"}


@pytest.mark.parametrize(("interface", "typed"), PAIRS)
def test_they_have_the_names_of_the_interface(interface: Any, typed: type) -> None:
    assert {name for name in dir(typed) if not name.startswith("_")} == set(interface) - INSIDE


@pytest.mark.parametrize(("interface", "typed"), PAIRS)
def test_their_methods_take_what_those_of_the_interface_take(interface: Any, typed: type) -> None:
    methods: dict[str, Any] = {name: found for name, found in described(interface) if isinstance(found, Method)}
    own: dict[str, Any] = {name: fromFunction(getattr(typed, name), imlevel=1) for name in methods}

    assert signatures(own) == signatures(methods)


def described(interface: Any) -> list[tuple[str, Any]]:
    return [(name, found) for name, found in interface.namesAndDescriptions() if name not in INSIDE]


def signatures(methods: dict[str, Any]) -> dict[str, object]:
    return {name: method.getSignatureInfo() for name, method in methods.items()}


def as_typed(
    chat: IChat, rates: IRates, charts: ICharts, mix: IMix
) -> tuple[TypedChat, TypedRates, TypedCharts, TypedHost]:
    """Type checkers compare the types of parameters and of what comes back here."""
    return chat, rates, charts, mix
