"""What is wrong with the files of an endpoint with TLS: its certificate, the private key, the chain."""

import os
import re
from collections.abc import Mapping
from typing import Final

from OpenSSL.crypto import Error as CryptoError
from OpenSSL.SSL import Error as TlsError
from twisted.internet.error import VerifyError

from mixsvc.config.endpoint_text import EndpointText

__all__ = ["EXAMPLE", "tls_fault"]

EXAMPLE: Final = "ssl:443:privateKey=key.pem:certKey=cert.pem"

# What a file in PEM format has.
CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----"
KEY: Final = re.compile(rb"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----")


def tls_fault(endpoint: str, error: BaseException) -> str:
    """Returns what is wrong, "" for an error that is not about the files. error: what an attempt to use them raised."""
    files = _files(endpoint)
    if isinstance(error, OSError) and error.filename is not None:
        name = os.fsdecode(error.filename)
        what = next((what for what, path in files.items() if os.path.abspath(path) == os.path.abspath(name)), "file")
        return f"the {what} {files.get(what, name)} cannot be read ({error.strerror})"
    if isinstance(error, VerifyError):
        return f"the private key {files['private key']} does not belong to the certificate {files['certificate']}"
    if isinstance(error, CryptoError | TlsError):
        return _unusable(files["certificate"], files["private key"])
    return ""


def _files(endpoint: str) -> Mapping[str, str]:
    """The paths of the files, by what they are; see twisted.internet.endpoints for those that are not named."""
    named = EndpointText.of(endpoint.removeprefix("haproxy:")).named
    key = named.get("privateKey", "server.pem")
    files = {"certificate": named.get("certKey", key), "private key": key}
    return files | ({"chain": named["extraCertChain"]} if "extraCertChain" in named else {})


def _unusable(certificate: str, key: str) -> str:
    """What two files are that can be read and not be used."""
    if CERTIFICATE not in _content(certificate):
        return f"{certificate} has no certificate in PEM format"
    if not KEY.search(_content(key)):
        return f"{key} has no private key in PEM format"
    return f"the certificate {certificate} or the private key {key} is damaged, is too weak, or has a password"


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
