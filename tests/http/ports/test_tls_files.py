"""What is wrong with the certificate of a port is said with the files' names."""

from pathlib import Path

import pytest

from mixsvc.errors import BadSetting
from mixsvc.http.ports.listening import check_ports
from tests.txsockjs.certificate import write_certificate

EMPTY = "empty.pem"
ADVICE = "; give one such as ssl:443:privateKey=key.pem:certKey=cert.pem"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two certificates with their keys, an empty file, and a damaged certificate."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        key, certificate = write_certificate(tmp_path / name)
        key.rename(f"{name}.key")
        certificate.rename(f"{name}.pem")
    Path(EMPTY).touch()
    Path("damaged.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    Path("folder").mkdir()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the certificate server.pem cannot be read (No such file or directory)"),
        ("privateKey=a.key:certKey=no.pem", "the certificate no.pem cannot be read (No such file or directory)"),
        ("privateKey=no.key:certKey=a.pem", "the private key no.key cannot be read (No such file or directory)"),
        ("privateKey=folder:certKey=a.pem", "the private key folder cannot be read (Is a directory)"),
        (
            "privateKey=a.key:certKey=a.pem:extraCertChain=no.pem",
            "the chain no.pem cannot be read (No such file or directory)",
        ),
        ("privateKey=a.key:certKey=b.pem", "the private key a.key does not belong to the certificate b.pem"),
        ("privateKey=a.key:certKey=empty.pem", "empty.pem has no certificate in PEM format"),
        ("privateKey=a.key", "a.key has no certificate in PEM format"),
        ("privateKey=empty.pem:certKey=a.pem", "empty.pem has no private key in PEM format"),
        (
            "privateKey=a.key:certKey=damaged.pem",
            "the certificate damaged.pem or the private key a.key is damaged, is too weak, or has a password",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["ssl", "haproxy:ssl"])
def test_the_file_and_what_is_wrong_with_it_are_named(kind: str, words: str, said: str) -> None:
    description = ":".join(filter(None, [kind, "0", words]))

    with pytest.raises(BadSetting) as raised:
        check_ports([description])

    assert str(raised.value) == f"[server] listen: {description!r}: {said}{ADVICE}"


def test_files_that_are_in_order_are_no_mistake() -> None:
    check_ports(["ssl:0:privateKey=a.key:certKey=a.pem:interface=127.0.0.1"])
