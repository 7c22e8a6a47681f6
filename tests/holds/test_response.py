"""From a view to its client that is held: what frameworks and middleware may do to the response on the way."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from flask import Flask, Response, abort, make_response

from mixsvc.holds.response import HeldResponse
from mixsvc.interfaces.holds import HOLD_HEADER
from tests.holds.held import STREAM, HeldCase, holding

PLAIN = STREAM % (b"", b"")
Start = Callable[..., Any]


class HeldResponseTests(HeldCase):
    """Applications, and what becomes of their clients."""

    def head_of(self, application: Any, data: bytes = PLAIN) -> bytes:
        self.serve(application)
        _, wire = self.ask(data)
        return self.said(wire)[0]

    def is_held(self) -> bool:
        return len(self.topics.followings) == 1

    def flask(self, view: Callable[[], Any]) -> Flask:
        app = Flask("shop")
        app.add_url_rule("/orders/42", view_func=view, endpoint="order")
        return app

    def test_a_flask_view_returns_it_as_it_is(self) -> None:
        head = self.head_of(self.flask(lambda: holding("order-42")))

        assert head.startswith(b"HTTP/1.1 200 OK")
        assert self.is_held()

    def test_a_flask_view_may_add_headers_and_so_may_what_runs_after_it(self) -> None:
        app = self.flask(lambda: (holding("order-42", fields={"X-Hold": "h"}), {"X-View": "v"}))

        @app.after_request
        def after(response: Response) -> Response:
            response.headers["X-After"] = "a"
            response.set_cookie("seen", "1")
            return response

        head = self.head_of(app)

        for line in (b"X-Hold: h", b"X-View: v", b"X-After: a", b"Set-Cookie: seen=1; Path=/"):
            assert line in head.split(b"\r\n")
        assert self.is_held()

    def test_make_response_takes_it(self) -> None:
        def view() -> Response:
            response = make_response(holding("order-42"))
            response.headers["Cache-Control"] = "no-store, no-transform"
            return response

        assert b"\r\nCache-Control: no-store, no-transform\r\n" in self.head_of(self.flask(view))
        assert self.is_held()

    def test_frameworks_with_responses_of_their_own_take_it_apart(self) -> None:
        def application(environ: Any, start_response: Start) -> list[bytes]:
            held = Response.from_app(holding("order-42"), environ)
            start_response(held.status, list(held.headers.items()))
            return [held.get_data()]

        assert b"\r\nContent-Type: text/event-stream\r\n" in self.head_of(application)
        assert self.is_held()

    def test_taken_apart_in_another_server_it_has_the_answer_of_that(self) -> None:
        held = Response.from_app(holding("order-42"), {"REQUEST_METHOD": "GET"})

        assert (held.status_code, held.headers["Content-Type"]) == (501, "text/plain; charset=utf-8")
        assert b"set [chat] listen" in held.get_data()

    def test_in_another_server_the_answer_has_the_headers_of_the_hold_that_are_not_its_own(self) -> None:
        fields = {
            "Set-Cookie": "seen=1",
            "content-type": "text/event-stream",
            "Location": "/",
            "Cache-Control": "public",
        }

        held = Response.from_app(holding("order-42", fields=fields), {"REQUEST_METHOD": "GET"})

        assert dict(held.headers) == {
            "Set-Cookie": "seen=1",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(held.get_data())),
        }

    def test_what_is_decided_after_the_view_goes_to_the_client(self) -> None:
        app = self.flask(lambda: holding("order-42"))

        @app.after_request
        def after(response: Response) -> Response:
            response.status_code = 403
            return response

        head = self.head_of(app)

        assert head.startswith(b"HTTP/1.1 403 ")
        assert HOLD_HEADER.lower().encode() not in head.lower()
        assert not self.is_held()

    def test_a_hold_that_is_not_returned_holds_nobody(self) -> None:
        def view() -> str:
            make_response(holding("order-42"))
            abort(404)

        assert self.head_of(self.flask(view)).startswith(b"HTTP/1.1 404 ")
        assert not self.is_held()

    def test_of_several_holds_the_one_that_is_returned_counts(self) -> None:
        def view() -> HeldResponse:
            make_response(holding("other"))
            return holding("order-42")

        self.head_of(self.flask(view))

        assert [each.subscription.topics for each in self.topics.followings] == [("order-42",)]

    def test_hold_and_content_is_an_error_that_names_the_request(self) -> None:
        def written(environ: Any, start_response: Start) -> Iterable[bytes]:
            write: list[Any] = []
            holding("order-42")(environ, cast(Any, lambda *given: write.append(start_response(*given))))
            write[0](b"text")
            return []

        def wrapped(environ: Any, start_response: Start) -> Iterable[bytes]:
            yield from holding("order-42")(environ, start_response)
            yield b"<!-- 3 ms -->"

        def listed(environ: Any, start_response: Start) -> Iterable[bytes]:
            return [*holding("order-42")(environ, start_response), b"", b"text"]

        for application in (written, wrapped, listed):
            head = self.head_of(application)

            assert head.startswith(b"HTTP/1.1 500 ")
            assert not self.is_held()
            assert any("has content" in each for each in self.errors())
            assert any(each.get("request") == "GET /orders/42" for each in self.events)
            self.events.clear()

    def test_middleware_may_wrap_the_blocks_and_call_close(self) -> None:
        closed: list[bool] = []

        class Wrapped:
            def __init__(self, blocks: Iterable[bytes]) -> None:
                self._blocks = blocks

            def __iter__(self) -> Any:
                yield b""
                yield from self._blocks

            def close(self) -> None:
                closed.append(True)

        self.head_of(lambda environ, start: Wrapped(holding("order-42")(environ, start)))

        assert self.is_held()
        assert closed == [True]

    def test_an_application_may_begin_its_response_late(self) -> None:
        def application(environ: Any, start_response: Start) -> Iterable[bytes]:
            yield from holding("order-42")(environ, start_response)
            yield b""

        self.head_of(application)

        assert self.is_held()

    def test_a_header_that_another_server_has_sent_steers_nothing(self) -> None:
        def proxy(environ: Any, start_response: Start) -> Iterable[bytes]:
            start_response("200 OK", [(HOLD_HEADER, "x" * 22), ("Content-Length", "4")])
            return [b"text"]

        self.serve(proxy)
        _, wire = self.ask(PLAIN)

        assert self.said(wire)[1] == b"text"
        assert not self.is_held()

    def test_the_token_of_another_request_holds_nobody(self) -> None:
        tokens: list[str] = []

        def application(environ: Any, start_response: Start) -> Iterable[bytes]:
            tokens.append(holding("order-42").headers(environ)[HOLD_HEADER])
            start_response("200 OK", [(HOLD_HEADER, tokens[0])])
            return []

        self.serve(application)
        self.ask(PLAIN)
        _, wire = self.ask(PLAIN)

        assert self.said(wire)[0].startswith(b"HTTP/1.1 500 ")
        assert len(self.topics.followings) == 1
        assert any(HOLD_HEADER in each for each in self.errors())

    def test_two_tokens_are_an_error(self) -> None:
        def application(environ: Any, start_response: Start) -> Iterable[bytes]:
            found = [holding("order-42").headers(environ)[HOLD_HEADER] for _ in range(2)]
            start_response("200 OK", [(HOLD_HEADER, each) for each in found])
            return []

        assert self.head_of(application).startswith(b"HTTP/1.1 500 ")
        assert not self.is_held()

    def test_a_framework_that_takes_no_application_sends_the_headers(self) -> None:
        def application(environ: Any, start_response: Start) -> Iterable[bytes]:
            start_response("200 OK", list(holding("order-42").headers(environ).items()))
            return []

        assert self.head_of(application).startswith(b"HTTP/1.1 200 ")
        assert self.is_held()

    def test_what_compresses_responses_lets_a_hold_alone_and_no_client_sees_why(self) -> None:
        """As Flask-Compress does, which compresses streams by default."""
        compressed: list[str] = []
        view: list[Any] = [holding("order-42"), (holding("order-42"), 403), "text"]
        app = self.flask(lambda: view.pop(0))

        @app.after_request
        def compress(response: Response) -> Response:
            if "Content-Encoding" not in response.headers:
                compressed.append(response.get_data(as_text=True))
            return response

        heads = [self.head_of(app, data) for data in (PLAIN, PLAIN, PLAIN)]
        view.append(holding("order-42"))
        heads.append(self.head_of(app, PLAIN.replace(b"GET", b"HEAD")))

        assert compressed == ["text"]
        assert [head[9:12] for head in heads] == [b"200", b"403", b"200", b"200"]
        assert not [head for head in heads if b"content-encoding" in head.lower()]

    def test_head_gets_the_head(self) -> None:
        self.serve(holding("order-42"))
        _, wire = self.ask(PLAIN.replace(b"GET", b"HEAD"))

        head, body = self.said(wire)
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"\r\nContent-Type: text/event-stream\r\n" in head
        assert HOLD_HEADER.lower().encode() not in head.lower()
        assert (body, self.is_held()) == (b"", False)

    def test_a_topic_that_cannot_be_one_is_an_error_that_names_the_request(self) -> None:
        head = self.head_of(holding("no topic"))

        assert head.startswith(b"HTTP/1.1 500 ")
        assert any(
            each.get("request") == "GET /orders/42" and "no topic" in str(each.get("error")) for each in self.events
        )

    def test_a_post_may_be_held(self) -> None:
        self.head_of(holding("order-42"), PLAIN.replace(b"GET", b"POST"))

        assert self.is_held()

    def test_in_another_server_the_client_learns_that_nobody_holds_it(self) -> None:
        started: list[str] = []

        body = holding("order-42")({"REQUEST_METHOD": "GET"}, cast(Any, lambda status, _: started.append(status)))

        assert started == ["501 Not Implemented"]
        assert b"cannot hold" in b"".join(body)
        self.assertRaises(RuntimeError, holding("order-42").headers, {"REQUEST_METHOD": "GET"})
