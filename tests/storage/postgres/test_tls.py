"""TLS to the server as the URL says it, with a certificate of a server's own authority."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mixsvc.errors import DatabaseUnusable
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.start import rehearse
from tests.postgres import PASSWORD, Postgres

MAKE = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=server"
    " -addext subjectAltName=IP:127.0.0.1"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, and its key beside it."""
    made = tmp_path_factory.mktemp("tls") / "server.crt"
    words = ["openssl", *MAKE.split(), "-keyout", str(made.with_suffix(".key")), "-out", str(made)]
    subprocess.run(words, check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def server(certificate: Path) -> Iterator[Postgres]:
    """A server that takes TLS connections only, over TCP."""
    with Postgres(settings={}) as server:
        data = server.folder / "data"
        for each in (certificate, certificate.with_suffix(".key")):
            shutil.copy(each, data)
            os.chmod(data / each.name, 0o600)
            if os.getuid() == 0:
                shutil.chown(data / each.name, "postgres", "postgres")
        (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        server.execute("ALTER SYSTEM SET ssl = on")
        server.execute("SELECT pg_reload_conf()")
        yield server


def test_a_certificate_that_the_url_names_is_checked(server: Postgres, certificate: Path) -> None:
    url = f"{server.url(server.new_database())}?sslmode=verify-full&sslrootcert={certificate}"

    rehearse(url)

    with closing(connect(url)) as connection:
        row = connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert row == (True,)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("sslmode=disable", "no encryption"),
        ("sslmode=verify-full&sslrootcert=/nowhere.crt", 'root certificate file "/nowhere.crt" does not exist'),
        ("sslmode=verify-full&sslrootcert={other}", "certificate verify failed"),
    ],
)
def test_what_does_not_fit_is_one_line(server: Postgres, certificate: Path, options: str, told: str) -> None:
    other = certificate.with_name("other.crt")
    words = ["openssl", *MAKE.split(), "-keyout", str(other.with_suffix(".key")), "-out", str(other)]
    subprocess.run(words, check=True, capture_output=True)

    with pytest.raises(DatabaseUnusable) as refused:
        rehearse(f"{server.url('postgres')}?{options.format(other=other)}")

    text = str(refused.value)
    assert told in text
    assert "\n" not in text
    assert PASSWORD not in text and "s%40same" not in text
