"""Bodies of requests: each and all together, up to the limit and one byte more."""

import pytest

from mixsvc.http.errors import RefusedRequest
from mixsvc.http.uploads import MAX_IN_MEMORY, UploadQuota, open_body


def status(bodies: UploadQuota, size: int, added: int) -> int:
    with pytest.raises(RefusedRequest) as raised:
        bodies.grow(size, added)
    return raised.value.status


def test_one_body_may_have_so_many_bytes() -> None:
    bodies = UploadQuota(10, 100)

    bodies.grow(0, 4)
    bodies.grow(4, 6)

    assert status(bodies, 10, 1) == 413
    assert bodies.kept == 10


def test_all_together_may_have_so_many() -> None:
    bodies = UploadQuota(10, 25)
    for _ in range(2):
        bodies.grow(0, 10)
    bodies.grow(0, 5)

    assert status(bodies, 5, 1) == 503

    bodies.release(10)
    bodies.grow(5, 1)
    assert bodies.kept == 16


@pytest.mark.parametrize("length", [None, 0, MAX_IN_MEMORY, MAX_IN_MEMORY + 1])
def test_what_is_written_can_be_read(length: int | None) -> None:
    with open_body(length) as body:
        body.write(b"x" * (length or 5))
        body.seek(0)

        assert body.read() == b"x" * (length or 5)
