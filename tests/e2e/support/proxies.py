"""nginx and HAProxy as Debian packages them, on the loopback, with the examples of deploy/ and ports of their own."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from select import select
from signal import SIGHUP
from time import monotonic
from types import TracebackType
from typing import Final, Self

from tests.builds import PROJECT
from tests.e2e.support.service import DEADLINE, Lines
from tests.ports import free_port
from tests.txsockjs.certificate import write_certificate

__all__ = ["Backend", "Proxy", "haproxy", "nginx", "nginx_below"]

# Around the site of deploy/nginx.conf: what /etc/nginx/nginx.conf says on a real machine.
NGINX: Final = """\
daemon off;
{user}
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Backend:
    """Where a service listens: for everybody, and for operators."""

    port: int
    admin_port: int


class Proxy:
    """A proxy that runs; as a context manager it is killed at the end. Its certificate is for localhost."""

    def __init__(
        self, command: Sequence[str], ports: tuple[int, int], certificate: Path, site: Path | None = None
    ) -> None:
        """site: the file that `reload` changes, if it can."""
        self.port, self.tls_port = ports
        self._site = site
        self.certificate = certificate
        self.context = ssl.create_default_context(cafile=str(certificate))
        # websockets.sync reads in one thread while it writes in another. With TLS 1.3 that may read a session ticket in
        # the moment of the write, and of some hundred handshakes one is lost.
        self.context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout
        self.lines = Lines(self._process.stdout)
        try:
            self._wait()
        except BaseException:
            self._end()
            raise

    def _wait(self) -> None:
        end = monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), DEADLINE).close()
                return
            except ConnectionRefusedError:
                said = "\n".join(self.lines.so_far())
                assert self._process.poll() is None and monotonic() < end, f"it does not listen:\n{said}"
                select([], [], [], 0.02)

    def reload(self, old: str, new: str) -> None:
        """Change some words of the site, as an operator does with `nginx -s reload`, and wait for the new workers."""
        assert self._site is not None
        text = self._site.read_text()
        assert old in text
        self._site.write_text(text.replace(old, new))
        before = len(self.lines.so_far())
        self._process.send_signal(SIGHUP)
        self.lines.wait_for("start worker process", before)
        # Those of before accept no connections any more.
        self.lines.wait_for("gracefully shutting down|exiting", before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE)
        self.lines.wait_for_end()


def nginx(folder: Path, backends: Sequence[Backend]) -> Proxy:
    """deploy/nginx.conf in front of these services."""
    key, certificate = write_certificate(folder)
    port, tls_port = free_port(), free_port()
    site = adapted(
        "nginx.conf",
        {
            "listen 80;": f"listen 127.0.0.1:{port};",
            "listen 443 ": f"listen 127.0.0.1:{tls_port} ",
            "/etc/ssl/example.org.pem": str(certificate),
            "/etc/ssl/example.org.key": str(key),
            **{f"server 127.0.0.1:{8080 + at} ": f"server 127.0.0.1:{each.port} " for at, each in enumerate(backends)},
        },
    )
    site = site.replace("# server ", "server ")
    (folder / "site.conf").write_text(site)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, user="user root;" if os.getuid() == 0 else ""))
    command = [program("nginx"), "-p", str(folder), "-c", str(config)]
    return Proxy(command, (port, tls_port), certificate, folder / "site.conf")


def nginx_below(folder: Path, port: int, text: str) -> Proxy:
    """A site with these locations for a service on this port, with TLS and the maps of deploy/nginx.conf."""
    key, certificate = write_certificate(folder)
    tls_port = free_port()
    assert "127.0.0.1:8080" in text
    maps = adapted("nginx.conf", {}).partition("\nserver {")[0]
    tls = f"listen 127.0.0.1:{tls_port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
    site = f"server {{ {tls} {text.replace('127.0.0.1:8080', f'127.0.0.1:{port}')} }}"
    (folder / "site.conf").write_text(f"{maps}\n{site}\n")
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, user="user root;" if os.getuid() == 0 else ""))
    return Proxy([program("nginx"), "-p", str(folder), "-c", str(config)], (tls_port, tls_port), certificate)


def haproxy(folder: Path, backends: Sequence[Backend]) -> Proxy:
    """deploy/haproxy.cfg in front of these services, with ten times as many health checks."""
    key, certificate = write_certificate(folder)
    both = folder / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    port, tls_port = free_port(), free_port()
    text = adapted(
        "haproxy.cfg",
        {
            "bind :80\n": f"bind 127.0.0.1:{port}\n",
            "bind :443 ": f"bind 127.0.0.1:{tls_port} ",
            "/etc/ssl/example.org.pem": str(both),
            # The test may not open so many files.
            "maxconn 20000": "maxconn 500",
            "inter 2s": "inter 200ms",
            **{f"127.0.0.1:{8080 + at}": f"127.0.0.1:{each.port}" for at, each in enumerate(backends)},
            **{f" port {9090 + at}": f" port {each.admin_port}" for at, each in enumerate(backends)},
            "    # server ": "    server ",
            # For tests that ask for certain nodes.
            "backend sessions\n": "backend sessions\n    http-response set-header X-Node %[srv_name]\n",
        },
    )
    config = folder / "haproxy.cfg"
    config.write_text(text)
    return Proxy([program("haproxy"), "-db", "-f", str(config)], (port, tls_port), certificate)


def adapted(name: str, changes: Mapping[str, str]) -> str:
    """An example with some of its words changed; every one of them must be there."""
    text = (PROJECT / "deploy" / name).read_text()
    for old, new in changes.items():
        assert old in text, f"deploy/{name} has no {old!r} any more"
        text = text.replace(old, new)
    return text


def program(name: str) -> str:
    """The program's path: not every PATH has the programs for root."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, f"{name} is not installed; tools/system-packages {name} does it"
    return found
