"""One call of a WSGI application as PEP 3333 wants it: what it is called with, and what its failures lead to."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias

from twisted.logger import Logger

from mixsvc.wsgi.response import Answer, ClientGone, Way
from mixsvc.wsgi.response_head import BadAnswer, read_head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

__all__ = ["Call"]

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Call:
    """Runs the application once, in the thread that calls `run`. `name` is for logs, such as GET /."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, application: "WSGIApplication", environ: "WSGIEnvironment", way: Way) -> None:
        """environ: with the ErrorLog and the content that are this call's own."""
        self.name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self._application = application
        self._environ = environ
        # Here, as applications change the environ.
        self._content, self._errors = environ["wsgi.input"], environ["wsgi.errors"]
        self._answer = Answer(way, self.name, environ["REQUEST_METHOD"])

    def run(self) -> None:
        """Call it, send what it answers, log its failure. Never raises."""
        try:
            self._send(self._application(self._environ, self._start_response))
        except ClientGone:
            # It was told by way of this error, and nobody else wants to know.
            pass
        except BadAnswer as error:
            self._log.error("wsgi: {request}: {error}", request=self.name, error=str(error))
            self._answer.give_up()
        except BaseException:
            self._log.failure("wsgi: the application failed in {request}", request=self.name)
            self._answer.give_up()
        finally:
            self._errors.flush()
            self._content.close()

    def _send(self, blocks: Iterable[bytes]) -> None:
        try:
            if isinstance(blocks, list | tuple) and not self._answer.is_begun:
                self._answer.put_all(blocks)
            else:
                self._answer.put_each(blocks)
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        answer = self._answer
        try:
            if exc_info and exc_info[1] is not None:
                if answer.is_begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            elif answer.head is not None:
                raise BadAnswer("the application called start_response twice, the second time without exc_info")
        finally:
            # PEP 3333: the traceback refers to this frame, which would refer to it.
            exc_info = None
        answer.head = read_head(status, headers)
        return answer.put
