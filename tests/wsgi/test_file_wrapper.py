"""wsgi.file_wrapper: blocks of any file object, and which objects are plain files."""

import gzip
import io
import os
import tempfile
from pathlib import Path

import pytest

from mixsvc.wsgi.file_wrapper import FileWrapper


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def test_it_gives_the_file_in_blocks_and_closes_it() -> None:
    file = io.BytesIO(b"0123456789")
    wrapper = FileWrapper(file, 4)

    assert list(wrapper) == [b"0123", b"4567", b"89"]
    assert list(wrapper) == []
    wrapper.close()
    assert file.closed


def test_the_object_needs_no_more_than_read() -> None:
    class OnlyRead:
        def read(self, size: int) -> bytes:
            return b""

    wrapper = FileWrapper(OnlyRead())

    assert (list(wrapper), wrapper.seekable(), wrapper.tell(), wrapper.plain_file()) == ([], False, None, None)
    wrapper.close()


def test_its_position_may_be_changed_as_that_of_the_object() -> None:
    wrapper = FileWrapper(io.BytesIO(b"0123456789"))

    wrapper.seek(-3, os.SEEK_END)

    assert (wrapper.seekable(), wrapper.tell(), list(wrapper)) == (True, 7, [b"789"])


def test_what_is_left_of_a_file_on_disk_is_a_plain_file(path: Path) -> None:
    for buffering in (-1, 0):
        with path.open("rb", buffering) as file:
            assert file.read(3) == b"012"

            assert FileWrapper(file).plain_file() == (file.fileno(), 3, 7)
    with tempfile.TemporaryFile() as file:
        file.write(b"abc")
        file.seek(1)
        assert FileWrapper(file).plain_file() == (file.fileno(), 1, 2)
        assert os.pread(file.fileno(), 9, 0) == b"abc"
        file.seek(100)
        assert FileWrapper(file).plain_file() == (file.fileno(), 100, 0)


def test_nothing_else_is_one(path: Path, tmp_path: Path) -> None:
    zipped = tmp_path / "zipped"
    zipped.write_bytes(gzip.compress(b"abc"))
    with gzip.open(zipped) as unzipped, path.open(encoding="ascii") as text, open(os.devnull, "rb") as device:
        # A GzipFile has the descriptor of what is compressed.
        for file in (unzipped, text, device, io.BytesIO(b"abc"), io.BufferedReader(io.BytesIO(b"abc"))):
            assert FileWrapper(file).plain_file() is None
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe, open(writing, "wb"):
        assert FileWrapper(pipe).plain_file() is None
    closed = path.open("rb")
    closed.close()
    assert FileWrapper(closed).plain_file() is None
