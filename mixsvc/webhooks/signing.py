"""Signatures of Standard Webhooks 1.0.0, "Signature scheme": HMAC-SHA-256. Pure."""

import base64
import hmac
from collections.abc import Mapping, Sequence

__all__ = ["signed_headers"]


def signed_headers(id: str, now: int, body: bytes, secrets: Sequence[bytes]) -> Mapping[str, str]:
    """Returns the headers of an attempt; now: seconds since 1970, UTC. There is a signature for each secret."""
    content = f"{id}.{now}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(each, content, "sha256")).decode() for each in secrets]
    return {
        "webhook-id": id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
