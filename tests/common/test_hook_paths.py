import pytest

from mixsvc.common.hook_paths import request_name, without_hook_secret


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (b"/api/hooks/SECRET", b"/api/hooks/***"),
        (b"/mixsvc/api/hooks/SECRET?x=1", b"/mixsvc/api/hooks/***?x=1"),
        (b"//api//hooks//SECRET/more", b"//api//hooks//***"),
        (b"/%61pi/h%6Foks/SECR%45T", b"/api/hooks/***"),
        (b"http://example.org/api/hooks/SECRET", b"http://example.org/api/hooks/***"),
        (b"/api/hooks", b"/api/hooks"),
        (b"/api/rooms/a%20b", b"/api/rooms/a%20b"),
        (b"/", b"/"),
    ],
)
def test_the_secret_of_a_webhook_is_not_in_what_is_logged(path: bytes, logged: bytes) -> None:
    assert without_hook_secret(path) == logged


def test_a_request_is_called_by_its_method_and_path_but_not_by_the_secret_of_a_webhook() -> None:
    assert request_name("GET", "/caf\xc3\xa9") == "GET /caf\xc3\xa9"
    assert request_name("POST", "/api/hooks/S3CRET") == "POST /api/hooks/***"
    assert request_name("GET", "/%61pi/hooks/S3CRET") == "GET /api/hooks/***"
