import os
from pathlib import Path

import pytest
from twisted.logger import capturedLogs, eventAsText

from mixsvc.config.hook_file import HookFile, add_hook, check_hook_file, read_hooks, remove_hook
from mixsvc.errors import BadSetting


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "webhooks")


def test_a_new_webhook_is_found_by_its_secret_which_the_file_does_not_have(path: str) -> None:
    secret = add_hook(path, "Grafana 1", "lobby")

    found = HookFile(path).find(secret)
    assert found is not None
    assert (found.name, found.room) == ("Grafana 1", "lobby")
    assert secret not in Path(path).read_text()
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert HookFile(path).find(secret[:-1]) is HookFile("").find(secret) is None


def test_every_secret_is_another_one(path: str) -> None:
    assert len({add_hook(path, f"h{number}", "lobby") for number in range(5)}) == 5
    assert len(read_hooks(path)) == 5


def test_removing_one_leaves_the_others_and_the_comments(path: str) -> None:
    first, second = add_hook(path, "a", "lobby"), add_hook(path, "b", "dev")
    with open(path, "a") as file:
        file.write("# mine")
    remove_hook(path, "A")

    hooks = HookFile(path)
    assert hooks.find(first) is None
    assert hooks.find(second) is not None
    add_hook(path, "c", "lobby")
    assert "# mine\n" in Path(path).read_text()
    assert [each.name for each in read_hooks(path)] == ["b", "c"]


@pytest.mark.parametrize(
    ("name", "room", "why"),
    [
        ("a", "no room", "A room's name"),
        ("\u200b", "lobby", "A name has"),
        ("ONE", "lobby", "there is a webhook ONE"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(path: str, name: str, room: str, why: str) -> None:
    add_hook(path, "one", "lobby")
    with pytest.raises(BadSetting, match=why):
        add_hook(path, name, room)


def test_an_unknown_one_cannot_be_removed(path: str) -> None:
    with pytest.raises(BadSetting, match="no webhook x"):
        remove_hook(path, "x")


@pytest.mark.parametrize(
    "text", ["x lobby a", "0" * 64 + " lobby", "0" * 64 + " no/room a", f"{'0' * 64} r a\n{'1' * 64} r a", "\udcff"]
)
def test_a_file_with_a_mistake_is_named_with_its_line(path: str, text: str) -> None:
    Path(path).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadSetting, match="hooks_file"):
        check_hook_file(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="not a plain file"):
        check_hook_file(str(tmp_path))
    check_hook_file("")
    check_hook_file(str(tmp_path / "none"))


def test_a_file_that_could_not_be_read_is_read_again_though_it_looks_the_same(path: str) -> None:
    secret = add_hook(path, "a", "lobby")
    content, found = Path(path).read_bytes(), os.stat(path)
    hooks = HookFile(path)
    with open(path, "r+b") as file, capturedLogs() as events:
        for text, is_served in ((b"?" * len(content), False), (content, True)):
            file.seek(0)
            file.write(text)
            file.flush()
            # As with a change of permissions, which a test of root cannot have, time and size stay.
            os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
            assert [hooks.find(secret) is not None for _ in range(2)] == [is_served] * 2

    assert ["no incoming webhook is served" in eventAsText(each) for each in events] == [True]


def test_two_commands_at_once_do_not_lose_what_one_has_written(path: str) -> None:
    add_hook(path, "a", "lobby")
    Path(f"{path}.new").touch()
    with pytest.raises(BadSetting, match="is being changed"):
        add_hook(path, "b", "lobby")
    assert [each.name for each in read_hooks(path)] == ["a"]
