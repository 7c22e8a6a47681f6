"""What the page keeps in the browser, where several windows write."""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.e2e.support.modules import open_stage

STAGE: Final = """<!doctype html><title>Memory</title>
<script type="module">
globalThis.written = [];
const write = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, value) {
  written.push(JSON.parse(value));
  write.call(this, key, value);
};
globalThis.memory = await import("/views/memory.js");
globalThis.isReady = true;
</script>
"""


@pytest.fixture
def written(chrome: Browser, installed: Path) -> Any:
    """Returns what was written, rooms only, when each of these was remembered."""
    with open_stage(chrome, installed, STAGE) as page:
        script = "all => { all.forEach((each) => memory.remember(each)); return written.map(({ rooms }) => rooms); }"
        yield lambda *all: page.evaluate(script, all)


def test_what_is_kept_already_is_not_written_again(written: Any) -> None:
    assert written({"rooms": {"lobby": 3}}, {"rooms": {"lobby": 3}}, {"notify": True}, {"rooms": {}}) == [
        {"lobby": 3},
        {"lobby": 3},
        {},
    ]


def test_a_room_may_be_called_as_what_all_objects_have(chrome: Browser, installed: Path) -> None:
    with open_stage(chrome, installed, STAGE) as page:
        found = page.evaluate(
            """() => {
              const before = { ...memory.remembered(), rooms: {} };
              const { rooms } = memory.furthest(before, { ...before, rooms: { constructor: 3 } });
              return [rooms, memory.readOf({}, "constructor"), memory.readOf(rooms, "constructor")];
            }"""
        )

    assert found == [{"constructor": 3}, None, 3]
