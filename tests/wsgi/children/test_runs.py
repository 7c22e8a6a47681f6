"""Questions between the service and one child: bounded, with time limits, and given up without a trace."""

import json

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common.answers import decode, encode_error, encode_value
from mixsvc.errors import NoSuchRoom, ServiceBusy
from mixsvc.wsgi.children import asked
from mixsvc.wsgi.children.asked import MAX_QUESTIONS, ChildQuestions
from mixsvc.wsgi.children.asking import MAX_QUESTION, ServiceQuestions
from mixsvc.wsgi.children.frames import Frame, FrameReader, FrameType
from mixsvc.wsgi.children.runs import MAX_ARGUMENTS, MAX_RUNS, ChildRuns
from mixsvc.wsgi.supervision.interfaces import ProcessEnded


class Sent:
    """The frames that were sent."""

    def __init__(self) -> None:
        self._data = b""

    def __call__(self, frame: bytes) -> None:
        self._data += frame

    def frames(self) -> list[Frame]:
        """Those since the last call."""
        data, self._data = self._data, b""
        return list(FrameReader().feed(data))


class ChildRunsTests(SynchronousTestCase):
    """What the service has a child do."""

    def setUp(self) -> None:
        self.sent = Sent()
        self.clock = Clock()
        self.runs = ChildRuns(self.clock, self.sent)

    def test_a_run_fires_with_what_the_child_returns(self) -> None:
        first, second = self.runs.run("may", ["Ann", None]), self.runs.run("may", ["Ben"])
        frames = self.sent.frames()
        assert [json.loads(frame.payload) for frame in frames] == [["may", ["Ann", None]], ["may", ["Ben"]]]

        self.runs.answered(frames[1].id, encode_value(False))
        self.runs.answered(frames[0].id, encode_value({"a": 1}))

        assert (self.successResultOf(first), self.successResultOf(second)) == ({"a": 1}, False)

    def test_a_run_fails_with_the_childs_exception(self) -> None:
        running = self.runs.run("may", [])
        self.runs.answered(self.sent.frames()[0].id, encode_error(NoSuchRoom("no room x")))

        assert str(self.failureResultOf(running, NoSuchRoom).value) == "no room x"

    def test_a_run_fails_if_its_answer_cannot_be_read(self) -> None:
        running = self.runs.run("may", [])
        self.runs.answered(self.sent.frames()[0].id, b"?")

        self.failureResultOf(running, ValueError)

    def test_a_run_that_is_given_up_is_cancelled_there_and_its_late_answer_forgotten(self) -> None:
        running = self.runs.run("may", [])
        (run,) = self.sent.frames()

        running.cancel()

        self.failureResultOf(running, CancelledError)
        assert self.sent.frames() == [Frame(FrameType.CANCEL, run.id, b"")]
        self.runs.answered(run.id, encode_value(1))

    def test_all_fail_when_the_process_ends_and_none_is_told_of_it(self) -> None:
        running = [self.runs.run("may", []), self.runs.run("may", [])]
        self.sent.frames()

        self.runs.lost()

        for each in running:
            self.failureResultOf(each, ProcessEnded)
        assert self.sent.frames() == []

    def test_no_more_wait_than_may(self) -> None:
        running = [self.runs.run("may", []) for _ in range(MAX_RUNS)]

        self.failureResultOf(self.runs.run("may", []), ServiceBusy)

        # A thread may still have what nobody waits for.
        running[0].addErrback(lambda _: None).cancel()
        self.failureResultOf(self.runs.run("may", []), ServiceBusy)
        self.runs.answered(self.sent.frames()[0].id, encode_value(None))
        self.assertNoResult(self.runs.run("may", []))

    def test_arguments_have_a_limit(self) -> None:
        self.failureResultOf(self.runs.run("may", ["x" * MAX_ARGUMENTS]), ValueError)

        assert self.sent.frames() == []


class ChildQuestionsTests(SynchronousTestCase):
    """What a child asks, at the service."""

    def setUp(self) -> None:
        self.sent = Sent()

    def reply(self, answer: "Deferred[bytes]") -> object:
        """What the child gets for this answer."""
        ChildQuestions(lambda question: answer, self.sent).asked(7, b"?")
        (frame,) = self.sent.frames()
        assert (frame.type, frame.id) == (FrameType.REPLY, 7)
        return decode(frame.payload)

    def test_the_answer_goes_back(self) -> None:
        assert self.reply(succeed(encode_value(b"raw"))) == b"raw"

    def test_a_fault_is_logged_here_and_an_error_there(self) -> None:
        self.assertRaises(RuntimeError, self.reply, fail(LookupError("secret")))

        assert len(self.flushLoggedErrors(LookupError)) == 1

    def test_an_answer_that_is_too_long_is_an_error_there(self) -> None:
        self.patch(asked, "MAX_ANSWER", 1000)

        self.assertRaises(ValueError, self.reply, succeed(b"\0" * 1001))

    def test_no_more_are_in_work_than_may(self) -> None:
        answers: list[Deferred[bytes]] = []

        def answer(question: bytes) -> Deferred[bytes]:
            answers.append(Deferred())
            return answers[-1]

        questions = ChildQuestions(answer, self.sent)
        for id in range(MAX_QUESTIONS + 1):
            questions.asked(id, b"?")

        (frame,) = self.sent.frames()
        assert frame.id == MAX_QUESTIONS
        self.assertRaises(ServiceBusy, decode, frame.payload)
        answers[0].callback(b"\0")
        questions.asked(0, b"?")
        assert len(answers) == MAX_QUESTIONS + 1


class ServiceQuestionsTests(SynchronousTestCase):
    """What a child asks, in the child."""

    def test_an_answer_that_does_not_come_in_time_is_not_waited_for(self) -> None:
        sent = Sent()
        questions = ServiceQuestions(sent)

        error = self.assertRaises(ServiceBusy, questions.ask, b"?", 0.001)

        assert str(error) == "no answer within 0.001 s; try again"
        questions.answered(sent.frames()[0].id, b"late")

    def test_an_answer_that_one_frame_cannot_hold_arrives_whole(self) -> None:
        self.patch(asked, "MAX_FRAME", 10)
        whole = bytes(range(95))
        received: list[Frame] = []

        def receive(data: bytes) -> None:
            (frame,) = FrameReader().feed(data)
            received.append(frame)
            (asking.came if frame.type == FrameType.PART else asking.answered)(frame.id, frame.payload)

        there = ChildQuestions(lambda question: succeed(whole), receive)

        def ask(data: bytes) -> None:
            (frame,) = FrameReader().feed(data)
            there.asked(frame.id, frame.payload)

        asking = ServiceQuestions(ask)

        assert asking.ask(b"?", 30.0) == whole
        assert [len(each.payload) for each in received] == [10] * 9 + [5]
        # Nobody waits for it any more.
        asking.came(received[0].id, b"late")

    def test_a_question_has_a_limit(self) -> None:
        sent = Sent()

        self.assertRaises(ValueError, ServiceQuestions(sent).ask, b"x" * (MAX_QUESTION + 1), 1.0)

        assert sent.frames() == []
