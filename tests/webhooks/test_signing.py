import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from mixsvc.webhooks.signing import signed_headers

OLD, NEW = b"o" * 24, b"n" * 32


def receiver(secret: bytes) -> Webhook:
    return Webhook("whsec_" + base64.b64encode(secret).decode())


def test_the_signature_is_the_one_of_the_specification() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [secret])

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_receivers_with_the_old_and_with_the_new_secret_verify_what_both_sign() -> None:
    body = '{"text":"ü"}'.encode()
    # The library accepts what was signed in the last five minutes.
    now = int(datetime.now(UTC).timestamp())
    headers = dict(signed_headers("msg_1", now, body, [OLD, NEW]))

    for secret in (OLD, NEW):
        assert receiver(secret).verify(body, headers) == {"text": "ü"}
    with pytest.raises(WebhookVerificationError):
        receiver(b"x" * 24).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        receiver(OLD).verify(body + b" ", headers)
