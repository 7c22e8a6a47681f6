"""One call of a WSGI application (PEP 3333): its arguments, its response, and its failures."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeAlias

from twisted.logger import Logger

from mixsvc.common.hook_paths import request_name
from mixsvc.interfaces.holds import HOLDS
from mixsvc.threads.children import this_process
from mixsvc.threads.failures import ApplicationFailure
from mixsvc.wsgi.file_wrapper import FileWrapper
from mixsvc.wsgi.held import CallHolds, take_hold
from mixsvc.wsgi.response import ClientDisconnected, ResponseSink, WSGIResponse
from mixsvc.wsgi.response_head import InvalidResponse, read_response_head

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

__all__ = ["ApplicationCall"]

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class ApplicationCall:
    """Runs the application once, in the thread that calls `run`. name: the request for logs, such as GET /."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, application: "WSGIApplication", environ: "WSGIEnvironment", sink: ResponseSink) -> None:
        """environ: has the ErrorLog and the content of this call alone. sink: gets the response."""
        self.name = request_name(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        self._application = application
        self._environ = environ
        # Taken now, as an application may change the environ.
        self._content, self._errors = environ["wsgi.input"], environ["wsgi.errors"]
        # An object of its own, as the call itself would be in a cycle with its environ.
        self._holds: CallHolds = []
        environ[HOLDS] = self._holds
        self._response = WSGIResponse(sink, self.name, environ["REQUEST_METHOD"])

    def run(self) -> None:
        """Call the application, send its response, log its failure. Never raises."""
        try:
            self._send(self._application(self._environ, self._start_response))
        except ClientDisconnected:
            # The application got this error from `write`, and nobody else needs it.
            pass
        except InvalidResponse as error:
            self._log.error("wsgi: {request}: {error}", request=self.name, error=str(error))
            self._response.abort()
        except BaseException as error:
            if isinstance(error, SystemExit):
                this_process.leave()
            self._log.failure("wsgi: the application failed in {request}", ApplicationFailure(), request=self.name)
            self._response.abort()
        finally:
            self._errors.flush()
            self._content.close()

    def drop(self) -> None:
        """It is not called, and nothing is sent."""
        self._content.close()

    def _send(self, blocks: Iterable[bytes]) -> None:
        try:
            if self._response.hold is not None:
                self._response.send_iterable(blocks)
            elif isinstance(blocks, list | tuple) and not self._response.headers_sent:
                self._response.send_list(blocks)
            elif type(blocks) is FileWrapper and not self._response.headers_sent:
                self._response.send_file(blocks)
            else:
                self._response.send_iterable(blocks)
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        response = self._response
        try:
            if exc_info and exc_info[1] is not None:
                if response.headers_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            elif response.head is not None:
                raise InvalidResponse("the application called start_response twice, the second time without exc_info")
        finally:
            # PEP 3333: this frame and the traceback would refer to each other.
            exc_info = None
        response.head = read_response_head(status, headers)
        if self._holds:
            response.head, response.hold = take_hold(response.head, self._holds)
        return response.write
