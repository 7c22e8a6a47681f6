import pytest

from mixsvc.common.hook_paths import without_hook_secret


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
