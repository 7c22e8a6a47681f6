import errno
import os
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.wsgi.supervision import begun_marks
from mixsvc.wsgi.supervision.begun_marks import NO_MARK, NUMBERS, BegunMarks, open_marks

# Marks the number 7, and is killed.
CHILD = """
import os, signal, sys
from mixsvc.wsgi.supervision.begun_marks import open_marks
open_marks(int(sys.argv[1]))[int(sys.argv[2])] = 1
os.kill(os.getpid(), signal.SIGKILL)
"""


class BegunMarksTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.marks = BegunMarks()
        self.open = open_marks(os.dup(self.marks.descriptor))

    def tearDown(self) -> None:
        self.marks.close()
        self.marks.end()

    def test_a_mark_is_seen_by_the_other_side(self) -> None:
        one, other = self.marks.take(), self.marks.take()

        self.open[one] = 1

        self.assertEqual((self.marks.is_begun(one), self.marks.is_begun(other)), (True, False))

    def test_a_mark_outlives_a_kill(self) -> None:
        number, other = self.marks.take(), self.marks.take()
        descriptor = self.marks.descriptor

        done = subprocess.run([sys.executable, "-c", CHILD, str(descriptor), str(number)], pass_fds=[descriptor])

        self.assertEqual((done.returncode, self.marks.is_begun(number), self.marks.is_begun(other)), (-9, True, False))

    def test_a_number_that_is_taken_again_is_not_marked(self) -> None:
        number = self.marks.take()
        self.open[number] = 1
        self.marks.free(number)

        self.assertEqual([self.marks.is_begun(self.marks.take()) for _ in range(NUMBERS)], [False] * NUMBERS)

    def test_without_a_free_number_a_request_counts_as_begun(self) -> None:
        for _ in range(NUMBERS):
            self.marks.take()

        number = self.marks.take()

        self.assertEqual((number, self.marks.is_begun(number)), (NO_MARK, True))
        self.open[number] = 1
        self.marks.free(number)
        self.assertEqual(self.marks.take(), NO_MARK)

    def test_a_child_cannot_shorten_the_memory_that_the_service_reads(self) -> None:
        self.assertRaises(PermissionError, os.truncate, self.marks.descriptor, 0)

    def test_a_system_without_files_in_memory_has_others(self) -> None:
        def refused(*args: object) -> int:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

        self.patch(os, "memfd_create", refused)
        marks = BegunMarks()
        self.addCleanup(marks.end)
        self.addCleanup(marks.close)
        number = marks.take()

        open_marks(os.dup(marks.descriptor))[number] = 1

        self.assertTrue(marks.is_begun(number))

    def test_what_cannot_be_shared_leaves_no_descriptor_behind(self) -> None:
        def refused(*args: object) -> None:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

        before = os.listdir("/proc/self/fd")
        for module, name in ((begun_marks, "mmap"), (os, "truncate")):
            self.patch(module, name, refused)
            self.assertRaises(OSError, BegunMarks)

        self.assertEqual(len(os.listdir("/proc/self/fd")), len(before))

    def test_a_system_that_refuses_seals_has_marks(self) -> None:
        def refused(*args: object) -> None:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

        self.patch(begun_marks, "fcntl", refused)
        marks = BegunMarks()
        marks.close()
        marks.end()

    def test_where_nobody_reads_the_marks_they_can_be_set(self) -> None:
        open_marks(None)[0] = 1
        self.assertFalse(self.marks.is_begun(self.marks.take()))
