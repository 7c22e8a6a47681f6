"""For each setting it is known how a reload applies it, and the reference says so."""

import re
from dataclasses import fields
from importlib import import_module

from mixsvc.config.settings import SECTIONS
from mixsvc.operations.reloading.table import APPLIED, ORDER, RESTART, parts_of
from tests.builds import PROJECT
from tests.operations.reloading.effects import SHOWN

SETTINGS = {(section, each.name) for section, kind in SECTIONS.items() for each in fields(kind)}


def test_each_setting_is_applied_or_needs_a_restart_and_none_does_both() -> None:
    applied = {(section, key) for section, keys in APPLIED.items() for key in keys}
    restart = {(section, key) for section, keys in RESTART.items() for key in keys}

    assert applied | restart == SETTINGS
    assert not applied & restart


def test_each_setting_that_is_applied_has_parts_and_each_part_has_its_turn() -> None:
    used = {name for keys in APPLIED.values() for names in keys.values() for name in names}

    assert all(names for keys in APPLIED.values() for names in keys.values())
    assert used <= set(ORDER)
    assert len(ORDER) == len(set(ORDER))


def test_the_reference_says_of_each_setting_what_changes_it() -> None:
    text = (PROJECT / "docs/reference/settings.md").read_text()

    found = re.findall(r"^\| `\[(\w+)\] (\w+)` \| (reload|restart) \|$", text, re.MULTILINE)

    assert {(section, key): how for section, key, how in found} == {
        place: "reload" if parts_of(*place) else "restart" for place in SETTINGS
    }
    assert len(found) == len(SETTINGS)


def test_the_effect_of_each_setting_that_is_applied_is_shown_by_a_test() -> None:
    # Their decorators have said so.
    for name in ("site", "chat", "rate", "view", "topic"):
        import_module(f"tests.operations.reloading.test_{name}_effects")
    import_module("tests.operations.restart.test_restarting")

    assert {(section, key) for section, keys in APPLIED.items() for key in keys} == SHOWN
