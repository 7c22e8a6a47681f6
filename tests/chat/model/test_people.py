"""Persons: a reserved name cannot be taken in another spelling."""

import pytest

from mixsvc.chat.model.people import People
from mixsvc.common.names import key, normalise
from mixsvc.errors import NameTaken


@pytest.mark.parametrize(
    ("reserved", "spelling"),
    [("Ann", "ANN"), ("Ann", "\uff21nn"), ("Straße", "STRASSE"), ("Ann B", "ann \u3000 b"), ("\u1fb7", "\u1fbc\u0342")],
)
def test_another_spelling_of_a_reserved_name_is_taken(reserved: str, spelling: str) -> None:
    people = People([key(reserved)], [])

    with pytest.raises(NameTaken):
        people.check(normalise(spelling), "guest:1", may_be_reserved=False)
    people.check(normalise(spelling), "session:1", may_be_reserved=True)
