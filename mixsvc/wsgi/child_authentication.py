"""Who opens a chat connection, where [chat] authenticator runs in the processes of views. Reactor thread.

The identity comes back as JSON. Its `ended` stays in the process that has found it, under a number, and is called
there. Once that process is gone, another one asks the authenticator again, with the environ of then: the login has
ended unless the same person is found.
"""

import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.server import Request

from mixsvc.common.answers import error_of
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import Identity
from mixsvc.threads.limited_runs import LimitedRuns
from mixsvc.wsgi.environ import connection_texts
from mixsvc.wsgi.supervision.interfaces import ProcessEnded

__all__ = ["AGAIN_AT_ONCE", "ANSWER_SECONDS", "AT_ONCE", "LOOKED_AT", "ChildAuthenticator", "LoginProcess"]

T = TypeVar("T")

# How long the authenticator may take, in seconds, also for several answers of one question.
ANSWER_SECONDS: Final = 10.0

# So many requests are identified at a time; the others wait for their turn.
AT_ONCE: Final = 64

# So many logins are looked at by one question.
LOOKED_AT: Final = 100

# So many logins of processes that are gone are asked for again by one question, and by one look.
AGAIN_BY_ONE: Final = 8
AGAIN_AT_ONCE: Final = 64


class LoginProcess(Protocol):
    """A process that runs the authenticator."""

    @property
    def has_ended(self) -> bool:
        """Whether it answers nothing any more."""

    def run(self, name: str, arguments: Sequence[object], /) -> "Deferred[Any]":
        """See ChildRuns.run."""


class RemoteLogin:
    """`ended` of an Identity whose authenticator is in another process.

    process, handle: where it is, and its number there; None if that process has forgotten it.
    """

    def __init__(self, ask: "Callable[[RemoteLogin], bool]", texts: str, person: str, moderator: bool) -> None:
        """ask: says whether it has ended; blocks. texts: the environ of the request that has opened the connection."""
        self._ask = ask
        self.texts, self.person, self.moderator = texts, person, moderator
        self.process: LoginProcess | None = None
        self.handle: int | None = None
        self.is_needed = True

    def __call__(self) -> bool:
        """See Identity. Called in a worker thread. Raises ServiceBusy, and what `ended` raises there."""
        return self._ask(self)


# Whether each login has ended, or how it failed to find that out.
Answers: TypeAlias = dict[RemoteLogin, bool | Failure]


class ChildAuthenticator:
    """Asks the authenticator of the processes of views; an Identifier. Used in the reactor thread."""

    def __init__(
        self, clock: IReactorTime, find: Callable[[], Awaitable[LoginProcess]], bridge: Callable[..., Any]
    ) -> None:
        """find: fires with a process that is ready. bridge: calls from a worker thread into the reactor, and waits."""
        self._clock = clock
        self._find = find
        self._turns = LimitedRuns(AT_ONCE)
        self._ask: Callable[[RemoteLogin], bool] = lambda login: bool(bridge(self._has_ended, login))

    def __call__(self, request: Request, /) -> "Deferred[Identity | None]":
        """See Identifier. Fails with what the authenticator raises, and ServiceBusy if there is no answer in time."""
        texts = json.dumps(connection_texts(request))
        return self._turns.run(lambda: self._within(Deferred.fromCoroutine(self._who(texts))))

    def look(self, identities: Sequence[Identity]) -> "Deferred[Sequence[bool | Failure | None]]":
        """Says of each whether its login has ended, or how it failed to find out (mixsvc.hooks.login_watch).

        Of those whose process is gone it asks for some at a time; of the others it says None until it is their turn.
        """
        return Deferred.fromCoroutine(self._look([each.ended for each in identities]))

    def forget(self, identity: Identity | None, /) -> None:
        """See Identifier."""
        login = identity.ended if identity is not None else None
        if isinstance(login, RemoteLogin):
            login.is_needed = False
            self._release(login)

    def stop(self) -> None:
        """See Identifier; the processes are somebody else's."""

    async def _who(self, texts: str) -> Identity | None:
        process = await self._find()
        found = await process.run("login.who", [texts])
        if found is None:
            return None
        person, name, moderator, handle = found
        if handle is None:
            return Identity(person, name, moderator)
        login = RemoteLogin(self._ask, texts, person, moderator)
        login.process, login.handle = process, handle
        return Identity(person, name, moderator, login)

    def _has_ended(self, login: RemoteLogin) -> "Deferred[bool]":
        return self._within(Deferred.fromCoroutine(self._find_out(login)))

    async def _find_out(self, login: RemoteLogin) -> bool:
        answers = await self._look_there([login])
        if not answers:
            answers = await self._look_again([login])
        answer = answers[login]
        if isinstance(answer, Failure):
            answer.raiseException()
        return answer

    async def _look(self, logins: Sequence[object]) -> Sequence[bool | Failure | None]:
        remote = [each for each in logins if isinstance(each, RemoteLogin)]
        by_process: dict[LoginProcess | None, list[RemoteLogin]] = {}
        for each in remote:
            by_process.setdefault(each.process, []).append(each)
        answers: Answers = {}
        looks = [Deferred.fromCoroutine(self._look_all(each, self._look_there)) for each in by_process.values()]
        for found in await gatherResults(looks):
            answers.update(found)
        lost = [each for each in remote if each not in answers][:AGAIN_AT_ONCE]
        answers.update(await self._look_all(lost, self._look_again, AGAIN_BY_ONE))
        return [answers.get(each) if isinstance(each, RemoteLogin) else False for each in logins]

    async def _look_all(
        self,
        logins: Sequence[RemoteLogin],
        look: "Callable[[Sequence[RemoteLogin]], Coroutine[Any, Any, Answers]]",
        at_once: int = LOOKED_AT,
    ) -> "Answers":
        """Look at some after the others. A failure is that of those it was met at."""
        answers: Answers = {}
        for part in _parts(logins, at_once):
            try:
                answers.update(await self._within(Deferred.fromCoroutine(look(part))))
            except Exception:
                answers.update(dict.fromkeys(part, Failure()))
        return answers

    async def _look_there(self, logins: Sequence[RemoteLogin]) -> "Answers":
        """Ask the process that has all of these; says nothing of those that it has not, or not any more."""
        process = logins[0].process
        known = [each for each in logins if each.handle is not None]
        if process is None or process.has_ended or not known:
            return {}
        try:
            answers = await process.run("login.ended", [each.handle for each in known])
        except ProcessEnded:
            return {}
        found = zip(known, answers, strict=True)
        return {login: _answer(answer) for login, answer in found if answer is not None}

    async def _look_again(self, logins: Sequence[RemoteLogin]) -> "Answers":
        """Ask the authenticator again, in a process that is ready."""
        process = await self._find()
        asked = [[each.texts, each.person, each.moderator] for each in logins]
        found = zip(logins, await process.run("login.again", asked), strict=True)
        return {login: self._adopt(login, process, answer) for login, answer in found}

    def _adopt(self, login: RemoteLogin, process: LoginProcess, answer: Any) -> bool | Failure:
        if isinstance(answer, dict):
            return _answer(answer)
        has_ended, handle = answer
        self._release(login)
        login.process, login.handle = process, handle
        if not login.is_needed:
            self._release(login)
        return bool(has_ended)

    def _release(self, login: RemoteLogin) -> None:
        """Have the process forget its handle."""
        process, handle = login.process, login.handle
        login.handle = None
        if process is not None and handle is not None and not process.has_ended:
            # Without an answer it forgets the oldest ones by itself.
            process.run("login.forget", [handle]).addErrback(_ignore)

    def _within(self, answering: "Deferred[T]") -> "Deferred[T]":
        return answering.addTimeout(ANSWER_SECONDS, self._clock, _late)


def _answer(answer: Any) -> bool | Failure:
    return Failure(error_of(answer)) if isinstance(answer, dict) else bool(answer)


def _parts(logins: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    yield from (logins[start : start + size] for start in range(0, len(logins), size))


def _late(_: object, seconds: float) -> Any:
    raise ServiceBusy(f"the authenticator did not answer within {seconds:g} s")


def _ignore(failure: Failure) -> None:
    """Nobody waits for the answer."""
