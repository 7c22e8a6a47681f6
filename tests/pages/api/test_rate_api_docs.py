"""The examples in docs/reference/rates-api.md, run against the app."""

import re
import shlex
from typing import Any

import pytest
from flask import json
from flask.testing import FlaskClient

from mixsvc.pages.app import create_app
from tests.answers.test_rate_query import KNOWN
from tests.builds import PROJECT
from tests.pages.fakes import FakeMix

HOST = "localhost:8080"
TEXT = (PROJECT / "docs" / "reference" / "rates-api.md").read_text()
EXAMPLES = [
    example for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL) for example in block.split("$ ")[1:]
]


@pytest.fixture
def client() -> FlaskClient:
    return create_app(FakeMix(KNOWN)).test_client()


def meaning(text: str) -> Any:
    """Returns JSON as its value, as the order of its members does not matter."""
    return json.loads(text) if text.startswith("{") else text.replace("\r\n", "\n")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.splitlines()[0])
def test_the_answer_is_what_the_example_shows(client: FlaskClient, example: str) -> None:
    command, _, shown = example.partition("\n")
    curl, *options, url = shlex.split(command)
    headers = dict(line.split(": ") for line in options[1:])

    answer = client.get(url.removeprefix(HOST), headers=headers)

    assert (curl, options[:1]) in [("curl", []), ("curl", ["-H"])]
    assert meaning(answer.text) == meaning(shown)


def test_each_route_has_an_example(client: FlaskClient) -> None:
    routes = {
        str(rule)
        for rule in client.application.url_map.iter_rules()
        # A stream has an example in docs/reference/events.md.
        if str(rule).startswith(("/api/rates", "/api/convert")) and not str(rule).endswith("/events")
    }

    for route in routes:
        pattern = re.sub("<.*?>", "[A-Z]+", route)
        assert any(re.search(f"{HOST}{pattern}[?'\\n]", example) for example in EXAMPLES), route
