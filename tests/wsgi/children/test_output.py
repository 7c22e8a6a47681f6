"""What a child writes past Python's own stdout and stderr."""

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.children.output import LINE_BYTES, ChildOutput


class ChildOutputTests(SynchronousTestCase):
    """ChildOutput."""

    def logged(self, *portions: tuple[int, bytes]) -> list[str]:
        """The lines of the log for these portions, and for the end of both outputs."""
        output = ChildOutput()
        with capturedLogs() as events:
            for descriptor, data in portions:
                output.came(descriptor, data)
            output.ended(1)
            output.ended(2)
        return [formatEvent(event) for event in events]

    def test_each_line_is_an_event_whatever_it_holds(self) -> None:
        assert self.logged((1, b"one\n\ntwo {x}"), (1, b" %s\nth\xff")) == ["one", "two {x} %s", "th\\xff"]

    def test_the_two_outputs_do_not_mix(self) -> None:
        assert self.logged((1, b"a"), (2, b"b\n"), (1, b"c\n")) == ["b", "ac"]

    def test_a_line_without_end_is_not_kept_for_ever(self) -> None:
        assert self.logged((1, b"x" * LINE_BYTES), (1, b"x"), (1, b"y\n")) == ["x" * (LINE_BYTES + 1), "y"]
