"""What an application may answer, and what comes of its mistakes: the same in threads and in processes."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.e2e.support.exchange import Exchange, Response
from tests.e2e.support.service import Service

FAILED = b"The server failed to answer; its log says why.\n"


@pytest.fixture
def client(contract: Service) -> Iterator[Exchange]:
    """A connection. The service goes on, in the same processes."""
    before = processes(contract)
    with Exchange(contract.port) as opened:
        yield opened
    assert processes(contract) <= before or len(before) < 2


def processes(service: Service) -> set[int]:
    """The numbers of the processes that answer."""
    with Exchange(service.port) as client:
        return {int(client.ask("/process").body.split()[0]) for _ in range(6)}


def once_closed(service: Service, name: str) -> None:
    """Wait for the end of a response; it was closed once."""
    service.wait_for(f"closed {name} 1 times")
    assert f"closed {name} 2 times" not in service.log()


def failures(service: Service, view: str) -> int:
    """How many failures of a view are in the log."""
    return len(re.findall(rf"wsgi: the application failed in GET /{view}$", service.log(), re.MULTILINE))


# Heads and bodies


@pytest.mark.parametrize("length", ["", "&length=yes"])
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "404 Not Found", "599", "200 Größe", "204 No Content"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_status_and_its_headers_are_the_same_in_both(
    both: Mapping[str, Service], method: str, status: str, length: str
) -> None:
    answers = []
    for service in both.values():
        with Exchange(service.port) as client:
            name = f"{method}-{status.split()[0]}-{len(length)}-{len(status)}"
            answer = client.ask(f"/answer?status={quote(status)}&name={name}{length}", method)
            once_closed(service, name)
            # No byte of a body is left over.
            assert client.ask("/next").json()["PATH_INFO"] == "/next"
            answers.append(
                (answer.code, answer.reason, [field for field in answer.fields if field[0] != "date"], answer.body)
            )

    assert answers[0] == answers[1]
    assert ("x-name", "value") in answers[0][2]
    assert answers[0][3] == (b"" if method == "HEAD" or status.startswith("204") else b"body")


@pytest.mark.parametrize("status", ["205%20Reset", "304%20Not%20Modified"])
def test_a_status_without_a_body_has_none(contract: Service, client: Exchange, status: str) -> None:
    answer = client.ask(f"/answer?status={status}&length=yes&name={status[:3]}")

    assert (answer.body, client.ask("/next").code) == (b"", 200)
    once_closed(contract, status[:3])


def test_start_response_may_be_called_in_the_first_block(client: Exchange) -> None:
    answer = client.ask("/starts?how=in+the+first+block")

    assert (answer.code, answer.body) == (202, b"late")


def test_a_head_that_was_not_sent_yet_is_replaced(client: Exchange) -> None:
    answer = client.ask("/starts?how=replaced")

    assert (answer.code, answer.body) == (418, b"replaced")
    assert (answer.field("x-first"), answer.field("x-second")) == (None, "yes")


def test_a_head_that_was_sent_is_not_replaced(contract: Service, client: Exchange) -> None:
    answer = client.ask("/starts?how=replaced+after+bytes")

    assert (answer.code, answer.body, answer.is_whole) == (200, b"begun", False)
    contract.wait_for("ValueError: on purpose")


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("never", "the application returned a body without calling start_response"),
        ("twice", "the application called start_response twice, the second time without exc_info"),
    ],
)
def test_start_response_is_called_once(contract: Service, client: Exchange, how: str, line: str) -> None:
    answer = client.ask(f"/starts?how={how}")

    assert (answer.code, answer.body) == (500, FAILED)
    contract.wait_for(f"wsgi: GET /starts: {line}")


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("header", "the header X-Evil has control characters in its value"),
        ("hop", "the header Connection may be set by the server only"),
        ("status", "the status must be like '200 OK', not 'OK'"),
        ("str", "a block of the body must be bytes, not str"),
        ("short", "the body is 6 bytes shorter than its Content-Length"),
    ],
)
def test_what_is_invalid_is_500_and_one_line(contract: Service, client: Exchange, what: str, line: str) -> None:
    answer = client.ask(f"/invalid?what={what}")

    contract.wait_for(f"wsgi: GET /invalid: {line}")
    if what == "short":
        assert (answer.code, answer.body, answer.is_whole) == (200, b"body", False)
    else:
        assert (answer.code, answer.body, answer.field("set-cookie")) == (500, FAILED, None)


def test_what_is_longer_than_its_length_is_cut_there(contract: Service, client: Exchange) -> None:
    answer = client.ask("/invalid?what=long")

    assert (answer.code, answer.body, client.ask("/next").code) == (200, b"bo", 200)
    contract.wait_for("wsgi: GET /invalid: the body is longer than its Content-Length; the rest is not sent")


# Failures


@pytest.mark.parametrize("when", ["at once", "first"])
def test_a_failure_before_the_first_byte_is_500(contract: Service, client: Exchange, when: str) -> None:
    before = failures(contract, "fails")

    answer = client.ask(f"/fails?when={when.replace(' ', '+')}&name=early")

    assert (answer.code, answer.body, client.ask("/next").code) == (500, FAILED, 200)
    contract.lines.wait_for_count("wsgi: the application failed in GET /fails$", before + 1)


@pytest.mark.parametrize("size", [5, 200_000, 3_000_000])
def test_a_failure_behind_some_bytes_ends_the_connection_behind_them(
    contract: Service, client: Exchange, size: int
) -> None:
    answer = client.ask(f"/fails?when=later&bytes={size}&name=late-{size}")

    assert (answer.code, len(answer.body), answer.is_whole) == (200, size, False)
    assert client.read() == b""
    once_closed(contract, f"late-{size}")


def test_a_failure_of_close_comes_behind_a_whole_response(contract: Service, client: Exchange) -> None:
    before = failures(contract, "fails")

    answer = client.ask("/fails?when=closing&name=closing")

    assert (answer.code, answer.body, answer.is_whole) == (200, b"xxxxx", True)
    contract.lines.wait_for_count("wsgi: the application failed in GET /fails$", before + 1)
    assert client.ask("/next").code == 200


@pytest.mark.parametrize("how", ["exit", "interrupt"])
def test_a_view_does_not_end_its_process(contract: Service, client: Exchange, how: str) -> None:
    answer = client.ask(f"/ends?how={how}")

    assert (answer.code, answer.body, client.ask("/next").code) == (500, FAILED, 200)
    contract.wait_for("SystemExit: the view has called sys.exit" if how == "exit" else "KeyboardInterrupt")


def test_a_forked_child_that_returns_from_the_view_ends_there(client: Exchange) -> None:
    for _ in range(3):
        answer = client.ask("/ends?how=fork")
        assert (answer.code, answer.body) == (200, b"0")


# What is written beside the response


def test_what_a_view_writes_anywhere_is_a_line_of_the_log(contract: Service, client: Exchange) -> None:
    assert client.ask("/says?name=Ann").body == b"said"

    for line in (
        r"wsgi: Ann by wsgi.errors, with \{braces\}$",
        "wsgi: and an unfinished line of Ann$",
        r"Ann by print, with \{braces\} and ü$",
        "Ann by stderr$",
        r"Ann by logging, with \{braces\}$",
    ):
        contract.wait_for(line)


# Files


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """Of a megabyte."""
    path = tmp_path / "long"
    path.write_bytes(b"".join(number.to_bytes(4) for number in range(2**18)))
    return path


@pytest.mark.parametrize(
    ("start", "size"), [(0, 2**20), (1000, 2**20), (2**20 - 10, 2**20), (0, 0), (0, 70), (200, 99)]
)
def test_a_file_is_sent_from_its_position_on(client: Exchange, long_file: Path, start: int, size: int) -> None:
    whole = long_file.read_bytes()[:size]
    long_file.write_bytes(whole)

    for gone in ("", "&deleted=yes"):
        answer = client.ask(f"/file?path={long_file}&from={start}{gone}")
        assert answer.is_whole and answer.body == whole[start:]
        assert answer.field("content-length") == str(len(whole[start:]))


def ranged(client: Exchange, path: Path, *fields: str) -> Response:
    return client.ask(f"/sent?path={path}", "GET", None, *fields)


def test_ranges_of_a_file_are_sent(client: Exchange, long_file: Path) -> None:
    whole = long_file.read_bytes()

    answer = ranged(client, long_file)
    assert (answer.code, answer.body) == (200, whole)
    etag = answer.field("etag")
    for first, last in ((0, 0), (10, 400_000), (2**20 - 5, 2**20 - 1)):
        answer = ranged(client, long_file, f"Range: bytes={first}-{last}")
        assert (answer.code, answer.body) == (206, whole[first : last + 1])
        assert answer.field("content-range") == f"bytes {first}-{last}/{2**20}"
    assert ranged(client, long_file, "Range: bytes=9999999-").code == 416
    assert ranged(client, long_file, f"If-None-Match: {etag}").code == 304
    assert client.ask(f"/sent?path={long_file}", "HEAD").field("content-length") == str(2**20)


# Connections


def test_pipelined_requests_are_answered_in_order(client: Exchange) -> None:
    for number in range(20):
        client.send(f"/answer?status=200+OK&name=piped-{number}" if number % 3 else f"/number/{number}")

    for number in range(20):
        answer = client.receive()
        assert answer.body == b"body" if number % 3 else answer.json()["PATH_INFO"] == f"/number/{number}"


def test_a_connection_is_kept_for_many_requests(client: Exchange) -> None:
    for number in range(100):
        assert client.ask(f"/{number}").json()["PATH_INFO"] == f"/{number}"
