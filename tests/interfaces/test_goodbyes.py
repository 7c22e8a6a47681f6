"""How clients come back after a goodbye."""

import random

from mixsvc.interfaces.goodbyes import RETURNS_A_SECOND, at_once, spread_returns


def test_the_more_clients_there_are_the_longer_it_takes_until_all_are_back() -> None:
    assert spread_returns(10_000, lambda: 1.0)() == 20
    assert spread_returns(10_000, lambda: 0.0)() == 0
    # A few come back at once.
    assert spread_returns(10, lambda: 1.0)() == 0.02
    assert at_once() == 0


def test_in_no_second_many_more_come_back_than_are_let_in() -> None:
    returns = spread_returns(10_000, random.Random(7).random)

    seconds = [int(returns()) for _ in range(10_000)]

    assert max(map(seconds.count, set(seconds))) < 1.2 * RETURNS_A_SECOND
