"""Records: frozen values with slots, whose methods are compiled when they are first used.

`record` makes of a class what dataclass(frozen=True, slots=True) makes of it, with its fields: dataclasses.replace,
fields, asdict and match statements work on it. A dataclass compiles seven functions when its module is imported, which
is most of the time that the import takes. With hundreds of such classes that was a sixth of the time of a start, and a
start makes few of the values, compares fewer, and prints none. An instance is also made faster.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import Any, Final, TypeVar, dataclass_transform

__all__ = ["record"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(kind: type[T]) -> type[T]:
    """Make a frozen value of a class with annotated fields; a decorator. What the class defines itself stays.

    Raises what dataclass raises for fields that cannot be. An attribute cannot be set: FrozenInstanceError.
    """
    made = dataclass(init=False, repr=False, eq=False, slots=True)(kind)
    methods = {**_SHARED, **{name: _Later(made, name) for name in _WRITERS}}
    for name in methods.keys() - vars(kind).keys():
        setattr(made, name, methods[name])
    return made


class _Later:
    """In the place of a method until it is first used. Any thread: it does no harm to compile one twice."""

    __slots__ = ("_kind", "_name")

    def __init__(self, kind: type, name: str) -> None:
        self._kind, self._name = kind, name

    def __get__(self, instance: object, owner: type) -> Any:
        method = _compiled(self._kind, self._name)
        setattr(self._kind, self._name, method)
        return method.__get__(instance, owner)


def _compiled(kind: type, name: str) -> Any:
    names: dict[str, Any] = {"MISSING": MISSING}
    exec(_WRITERS[name](kind, names), names)
    method = names[name]
    # As errors about arguments, and tracebacks, show them.
    method.__qualname__, method.__module__ = f"{kind.__qualname__}.{name}", kind.__module__
    return method


def _write_init(kind: Any, names: dict[str, Any]) -> str:
    """The source of __init__; puts what it needs into names. A slot is set by its descriptor, as nothing else may."""
    parameters, lines = ["self"], []
    for each in fields(kind):
        names[f"set_{each.name}"] = vars(kind)[each.name].__set__
        names[f"default_{each.name}"] = each.default
        value = each.name
        if each.default_factory is not MISSING:
            names[f"make_{each.name}"] = each.default_factory
            value = f"make_{each.name}() if {each.name} is MISSING else {each.name}"
        has_default = each.default is not MISSING or each.default_factory is not MISSING
        if each.init:
            parameters.append(f"{each.name}=default_{each.name}" if has_default else each.name)
        lines.append(f"    set_{each.name}(self, {value if each.init else f'default_{each.name}'})")
    if hasattr(kind, "__post_init__"):
        lines.append("    self.__post_init__()")
    return "\n".join([f"def __init__({', '.join(parameters)}):", *lines, "    return"])


def _write_eq(kind: Any, names: dict[str, Any]) -> str:
    compared = [each.name for each in fields(kind) if each.compare]
    return (
        "def __eq__(self, other):\n"
        "    if other.__class__ is not self.__class__:\n        return NotImplemented\n"
        f"    return {_tuple('self', compared)} == {_tuple('other', compared)}"
    )


def _write_hash(kind: Any, names: dict[str, Any]) -> str:
    hashed = [each.name for each in fields(kind) if each.compare]
    return f"def __hash__(self):\n    return hash({_tuple('self', hashed)})"


def _tuple(owner: str, names: list[str]) -> str:
    return f"({''.join(f'{owner}.{name}, ' for name in names)})"


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _set_state(self: object, state: tuple[None, Mapping[str, object]]) -> None:
    """For copy and pickle; state: what object.__getstate__ says of slots."""
    for name, value in state[1].items():
        object.__setattr__(self, name, value)


_WRITERS: Final[Mapping[str, Callable[[Any, dict[str, Any]], str]]] = {
    "__init__": _write_init,
    "__eq__": _write_eq,
    "__hash__": _write_hash,
}

_SHARED: Final[Mapping[str, Callable[..., Any]]] = {
    "__repr__": _repr,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__setstate__": _set_state,
}
