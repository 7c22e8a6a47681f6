"""Code and marks that the page finds as they are meant."""

import pytest

from mixsvc.pages.webhooks.light_markdown import BOLD, ITALICS, Marked, block_of_code, code, joined


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a", "`a`"),
        ("a`b", "`` a`b ``"),
        ("a``b", "` a``b `"),
        ("a`b``c", "``` a`b``c ```"),
        ("a\nb", "`` a\nb ``"),
    ],
)
def test_code_stands_between_backticks_that_are_not_in_it(text: str, written: str) -> None:
    assert code(text) == written


@pytest.mark.parametrize(("text", "fence"), [("a``b", "```"), ("a\n```\nb", "````"), ("````", "`````")])
def test_a_block_of_code_has_a_longer_fence_than_any_inside(text: str, fence: str) -> None:
    assert block_of_code(text) == f"{fence}\n{text}\n{fence}"


def test_marks_inside_of_some_that_are_left_out_count_by_what_is_behind_both() -> None:
    assert joined([Marked(BOLD, ["= ", Marked(ITALICS, ["a"])]), " b"]) == "= _a_ b"
    assert joined([Marked(BOLD, ["= ", Marked(ITALICS, ["a"])]), "b"]) == "= ab"


@pytest.mark.parametrize("emoji", ["🟢", "🛑", "⚡", "⛔", "❤️", "🥳", "👍🏽", "1️⃣"])
def test_marks_beside_an_emoji_stay(emoji: str) -> None:
    assert joined([emoji, Marked(BOLD, ["up"])]) == f"{emoji}**up**"


@pytest.mark.parametrize("emoji", ["🟢", "🛑", "⚡", "⛔", "❤️", "🥳"])
def test_marks_before_an_emoji_stay(emoji: str) -> None:
    assert joined([Marked(BOLD, ["up"]), emoji]) == f"**up**{emoji}"
