"""What an application registers where it is imported, and how it is called."""

import inspect
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from twisted.logger import Logger

from mixsvc.common.callables import is_coroutine_function, takes
from mixsvc.common.records import record
from mixsvc.interfaces.hooks import MAY, MESSAGE, May, MessageHook, RoomMessage
from mixsvc.threads.failures import ApplicationFailure

__all__ = ["HookRegistry", "hooks", "is_in_hook"]

F = TypeVar("F", bound=Callable[..., Any])

# Whether the function that runs here was called as a hook: what it says calls no hooks.
_in_hook: Final[ContextVar[bool]] = ContextVar("in_hook", default=False)


def is_in_hook() -> bool:
    """Whether the calling code runs inside a hook."""
    return _in_hook.get()


@record
class Listener:
    """A function that gets messages. name: the author of its answers; "" for the default."""

    function: MessageHook
    name: str


class HookRegistry:
    """The registered functions of this process. Registering starts nothing. Used in any thread."""

    _log = Logger()

    def __init__(self) -> None:
        # Replaced, never changed: other threads read them.
        self._listeners: tuple[Listener, ...] = ()
        self._mays: tuple[May, ...] = ()
        self.names: frozenset[str] = frozenset()
        self._changed: Callable[[], object] = _nothing

    def watch(self, changed: Callable[[], object]) -> None:
        """Have a function called whenever `names` has changed, in the thread that registers."""
        self._changed = changed

    def on_message(self, function: Any = None, /, *, name: str = "") -> Any:
        """See IChat."""
        if function is None:
            return lambda given: self._listen(given, name)
        return self._listen(function, name)

    def may(self, function: F, /) -> F:
        """See IChat."""
        _check(function, "may", ("person", "action", "room"))
        if function not in self._mays:
            self._mays += (function,)
            self._name(MAY)
        return function

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """Call what is registered; see HookRunner. Called in a thread of a service or in a child. Blocks."""
        token = _in_hook.set(True)
        try:
            return self._hear(*arguments) if name == MESSAGE else self._permit(*arguments)
        finally:
            _in_hook.reset(token)

    def _listen(self, function: F, name: str) -> F:
        _check(function, "on_message", ("message",))
        if not isinstance(name, str):
            raise TypeError("on_message: the name of the author of answers is text")
        listener = Listener(function, name)
        if listener not in self._listeners:
            self._listeners += (listener,)
            self._name(MESSAGE)
        return function

    def _name(self, name: str) -> None:
        if name not in self.names:
            self.names |= {name}
            self._changed()

    def _hear(self, *fields: Any) -> list[list[str]]:
        return [answer for each in self._listeners for answer in self._answers_of(each, RoomMessage(*fields))]

    def _answers_of(self, listener: Listener, message: RoomMessage) -> list[list[str]]:
        try:
            found = listener.function(message)
            if found:
                message.answer(found)
        except BaseException:
            # Also sys.exit, which ends nothing here.
            failure, name = ApplicationFailure(), _name(listener.function)
            self._log.failure("hooks: {function}, registered by on_message, failed", failure, function=name)
        return [[name or listener.name, text] for name, text in message.take_answers()]

    def _permit(self, person: str | None, pairs: Sequence[Sequence[Any]]) -> list[bool | None]:
        return [self._permits(person, action, room) for action, room in pairs]

    def _permits(self, person: str | None, action: str, room: str | None) -> bool | None:
        """Whether all functions say yes; None if that is not known, as one has failed and none has said no.

        None as well if this process has no function, and is asked because another one has.
        """
        answers = [self._answer_of(each, person, action, room) for each in self._mays]
        return False if False in answers else None if None in answers or not answers else True

    def _answer_of(self, may: May, person: str | None, action: str, room: str | None) -> bool | None:
        try:
            found = may(person, action, room)
            if found is not True and found is not False:
                raise TypeError(f"it returned {type(found).__name__}; it must return True or False")
        except BaseException:
            call = f"{_name(may)}({person!r}, {action!r}, {room!r})"
            self._log.failure("hooks: {call}, registered by may, failed", ApplicationFailure(), call=call)
            return None
        return found


def _check(function: object, decorator: str, arguments: tuple[str, ...]) -> None:
    """Raises TypeError unless the function can be called with these arguments, in a thread."""
    if not callable(function):
        raise TypeError(f"{decorator} registers a function, and {type(function).__name__} is none")
    name = _name(function)
    if is_coroutine_function(function) or inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(
            f"{decorator}: {name} is a coroutine function or a generator; hooks run in threads, where they may block: "
            f"write a plain def with ({', '.join(arguments)})"
        )
    if not takes(function, len(arguments)):
        raise TypeError(f"{decorator}: {name} cannot be called with ({', '.join(arguments)})")


def _name(function: object) -> str:
    """Returns the name of a function with its module."""
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", repr(function))
    return f"{module}.{name}" if module else str(name)


def _nothing() -> None:
    """Nobody watches."""


# What `mix.chat.on_message` and `mix.chat.may` register, in this process.
hooks: Final = HookRegistry()
