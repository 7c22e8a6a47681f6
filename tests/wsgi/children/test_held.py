"""A view in a child that leaves its client to the service: the frame that the service gets."""

from collections.abc import Iterable
from typing import Any

from mixsvc.holds.response import HeldResponse, cannot_hold
from mixsvc.interfaces.holds import TOPICS, Hold
from mixsvc.wsgi.children.environ_frame import decode_head
from mixsvc.wsgi.children.frames import FrameType
from tests.wsgi.children.child import ChildCase

HOLD = Hold(
    TOPICS, ("order-42", "bäume"), since="3@e", person="ada", retry=5, timeout=2.5, first="<p>", again_after=9.0
)


class HoldInAChildTests(ChildCase):
    """The test plays the service."""

    def test_the_frame_has_the_head_without_the_token_and_the_hold(self) -> None:
        self.serve(HeldResponse(HOLD, {"X-Shop": "1"}, cannot_hold))

        self.call(7)
        frame = self.next(FrameType.HOLD, FrameType.FAIL, FrameType.WHOLE)

        code, _, headers, hold = decode_head(frame.payload)
        assert (frame.type, frame.id, code, Hold.decode(hold)) == (FrameType.HOLD, 7, 200, HOLD)
        assert dict(headers) == {
            b"Content-Type": b"application/json",
            b"Cache-Control": b"no-store",
            b"X-Shop": b"1",
        }
        assert self.next(FrameType.OVER).id == 7

    def test_hold_and_content_fails(self) -> None:
        def application(environ: Any, start_response: Any) -> Iterable[bytes]:
            return [*HeldResponse(HOLD, {}, cannot_hold)(environ, start_response), b"text"]

        self.serve(application)

        self.call(7)

        assert self.next(FrameType.HOLD, FrameType.FAIL, FrameType.WHOLE).type == FrameType.FAIL
