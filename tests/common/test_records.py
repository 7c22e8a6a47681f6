"""What a record does must be what dataclass(frozen=True, slots=True) makes a class do; both are asked the same here."""

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, replace
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from mixsvc.common.records import record

T = TypeVar("T")


@record
class Place:
    """A record at the top of a module, as pickle needs it."""

    street: str
    number: int = 1


def plain(kind: type[T]) -> type[T]:
    return dataclass(frozen=True, slots=True)(kind)


@pytest.fixture(params=[record, plain])
def make(request: pytest.FixtureRequest) -> Callable[[type], Any]:
    found: Callable[[type], Any] = request.param
    return found


def entry(make: Callable[[type], Any]) -> Any:
    class Entry:
        """Has whatever a field may have."""

        kind: ClassVar[str] = "entry"
        name: str
        size: int = 3
        seen: list[int] = field(default_factory=list, compare=False)
        secret: str = field(default="", repr=False)
        version: int = field(default=2, init=False)

        def doubled(self) -> int:
            """Twice the size."""
            return self.size * 2

    return make(Entry)


def test_arguments_are_taken_by_place_and_by_name(make: Callable[[type], Any]) -> None:
    kind = entry(make)

    made = kind("a", 4, seen=[1], secret="s")

    assert (made.name, made.size, made.seen, made.secret, made.version) == ("a", 4, [1], "s", 2)
    assert (made.doubled(), made.kind, kind.kind) == (8, "entry", "entry")
    assert kind("a").seen is not kind("a").seen


@pytest.mark.parametrize("arguments", [{}, {"name": "a", "other": 1}, {"name": "a", "version": 3}])
def test_wrong_arguments_are_a_type_error_that_names_the_class(
    make: Callable[[type], Any], arguments: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=r"Entry\.__init__\(\)"):
        entry(make)(**arguments)


def test_equal_are_those_of_one_class_whose_compared_fields_are(make: Callable[[type], Any]) -> None:
    kind, other = entry(make), entry(make)

    assert kind("a", seen=[1]) == kind("a", seen=[2])
    assert hash(kind("a", seen=[1])) == hash(kind("a", seen=[2]))
    assert kind("a") != kind("b")
    assert kind("a") != kind("a", secret="s")
    assert kind("a") != other("a")
    assert {kind("a"), kind("a"), kind("b")} == {kind("a"), kind("b")}


def test_one_that_holds_something_without_a_hash_has_none(make: Callable[[type], Any]) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(entry(make)([]))


def test_nothing_of_one_can_be_changed(make: Callable[[type], Any]) -> None:
    made = entry(make)("a")

    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'size'"):
        made.size = 5
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'size'"):
        del made.size
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        made.another = 1
    assert not hasattr(made, "__dict__")


def test_the_functions_for_dataclasses_work(make: Callable[[type], Any]) -> None:
    kind = entry(make)

    assert [each.name for each in fields(kind)] == ["name", "size", "seen", "secret", "version"]
    assert replace(kind("a", 1), size=2) == kind("a", 2)
    assert asdict(kind("a")) == {"name": "a", "size": 3, "seen": [], "secret": "", "version": 2}
    assert astuple(kind("a")) == ("a", 3, [], "", 2)
    match kind("a", 7):
        case kind(name, size):
            assert (name, size) == ("a", 7)
        case _:
            raise AssertionError("does not match")


def test_its_text_shows_what_may_be_shown(make: Callable[[type], Any]) -> None:
    text = repr(entry(make)("a", secret="hidden"))

    assert text.endswith("Entry(name='a', size=3, seen=[], version=2)")


def test_what_a_class_defines_itself_stays(make: Callable[[type], Any]) -> None:
    class Own:
        """Says by itself how it looks, and checks what it is given."""

        number: int

        def __post_init__(self) -> None:
            if self.number < 0:
                raise ValueError(self.number)

        def __repr__(self) -> str:
            return f"<{self.number}>"

    kind = make(Own)

    assert repr(kind(3)) == "<3>"
    with pytest.raises(ValueError, match="-1"):
        kind(-1)


def test_one_without_fields_is_a_value_as_well(make: Callable[[type], Any]) -> None:
    class Nothing:
        """Has no fields."""

    kind = make(Nothing)

    assert kind() == kind()
    assert hash(kind()) == hash(kind())


def test_one_of_any_type_can_be_made_for_some_type() -> None:
    # As Pair[int] sets an attribute of its own; a frozen dataclass with slots raises a TypeError then.
    @record
    class Pair(Generic[T]):
        """Holds two of a type."""

        first: T
        second: T

    assert Pair[int](1, 2) == Pair(1, 2)


def test_a_class_below_one_may_have_an_init_of_its_own(make: Callable[[type], Any]) -> None:
    kind = entry(make)

    class Below(kind):  # type: ignore[misc, valid-type]
        def __init__(self, number: int) -> None:
            kind.__init__(self, str(number))

    # Twice, as the first use may leave something behind.
    assert [Below(1).name, Below(2).name] == ["1", "2"]
    assert kind("a").name == "a"


def test_copies_and_pickles_are_equal() -> None:
    place = Place("Elm", 7)

    assert copy.copy(place) == place
    assert copy.deepcopy([place]) == [place]
    assert pickle.loads(pickle.dumps(place)) == place


def test_methods_are_compiled_when_they_are_first_used() -> None:
    kind = entry(record)
    before = {name: vars(kind)[name] for name in ("__init__", "__eq__", "__hash__")}

    made = kind("a")

    assert inspect.isfunction(vars(kind)["__init__"])
    assert [vars(kind)[name] is before[name] for name in before] == [False, True, True]
    assert made == made and inspect.isfunction(vars(kind)["__eq__"])


def test_the_signature_is_known_before_the_first_use() -> None:
    assert list(inspect.signature(entry(record)).parameters) == ["name", "size", "seen", "secret"]
