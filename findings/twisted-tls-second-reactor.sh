#!/bin/sh
# Twisted: what a TLS server on a second reactor writes waits for the global reactor, which may not run at all.
#
# What one would expect: a reactor that is made by hand (`SelectReactor()`, one for a thread, as tests, embedded loops and
# multi-loop servers have them) serves `ssl:` ports by itself. `reactor.listenSSL` and `SSL4ServerEndpoint(reactor, ...)`
# are methods and arguments of that very reactor.
#
# What happens (Twisted 26.10.0): small writes to a TLS connection are joined and sent by a call of the next turn. That
# call is scheduled with the clock of TLSMemoryBIOFactory, and listenSSL gives it none, so that it is the global
# reactor's. The handshake passes, as it does not go this way; then the server's first bytes stay where they are however
# often the reactor that owns the port turns, and leave when the global one does. Without one that runs the client sees
# an open, silent connection, and no error is raised or logged. Importing it also installs a reactor of the default kind.
#
# Source: twisted/internet/posixbase.py (listenSSL), twisted/protocols/tls.py (_AggregateSmallWrites, _get_default_clock).
# TLSMemoryBIOFactory takes `clock`, which its docstring does not name.
#
# Why it matters: the same code works with `tcp:`, and with TLS whenever both reactors are one. Whoever runs a reactor of
# their own listens with TCP and wraps the factory: TLSMemoryBIOFactory(options, False, factory, clock=reactor).
#
# Run it: sh findings/twisted-tls-second-reactor.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet \
    "twisted[tls]==26.10.0" pyopenssl==26.4.0 cryptography==50.0.2

cat >"$folder/finding.py" <<'PYTHON'
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.ssl import CertificateOptions
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory


class Greeter(Protocol):
    def dataReceived(self, data):
        self.transport.write(b"hello")


def options():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return CertificateOptions(crypto.PKey.from_cryptography_key(key), crypto.X509.from_cryptography(builder.sign(key, SHA256())))


def received(factory, turn):
    """What a TLS client gets that says "hi", after ten turns of a reactor."""
    client = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
    client.set_connect_state()
    server, wire = factory.buildProtocol(None), StringTransport()
    server.makeConnection(wire)

    def exchange():
        try:
            server.dataReceived(client.bio_read(65536))
        except SSL.WantReadError:
            pass
        if wire.value():
            client.bio_write(wire.value())
            wire.clear()

    for _ in range(4):
        try:
            client.do_handshake()
        except SSL.WantReadError:
            pass
        exchange()
    client.send(b"hi")
    exchange()
    for _ in range(10):
        turn.runUntilCurrent()
    return client, wire


def text(client, wire):
    if wire.value():
        client.bio_write(wire.value())
    try:
        return client.recv(100)
    except SSL.WantReadError:
        return b""


own, tls = SelectReactor(), options()
port = own.listenSSL(0, Factory.forProtocol(Greeter), tls, interface="127.0.0.1")
client, wire = received(port.factory, own)
before = text(client, wire)
wire.clear()
reactor.runUntilCurrent()
after = text(client, wire)
with_clock = text(*received(TLSMemoryBIOFactory(tls, False, Factory.forProtocol(Greeter), clock=own), own))
port.stopListening()

seen = before, after, with_clock
print(f"Twisted {version('twisted')}: after ten turns of the port's own reactor: {before!r}; after one of the global one: {after!r}")
print(f"with clock=, after ten turns of its own: {with_clock!r}")
if seen != (b"", b"hello", b"hello"):
    sys.exit(f"the behaviour has changed: {seen!r}")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
