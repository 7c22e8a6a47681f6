import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.pages.webhooks.light_markdown import joined, link
from mixsvc.pages.webhooks.mrkdwn import markdown


@pytest.mark.parametrize(
    ("slack", "ours"),
    [
        ("a &lt;b&gt; &amp;amp; c & d", "a <b> &amp; c & d"),
        ("<https://example.org/a|the build> failed", "[the build](https://example.org/a) failed"),
        ("<https://example.org/?a=1&amp;b=2>", "https://example.org/?a=1&b=2"),
        ("<https://example.org/(a)|b [c]>", "[b [c]](https://example.org/%28a%29)"),
        ("<https://example.org|C:\\build>", "[C:\\build](https://example.org)"),
        ("<https://example.org|b [c>", "b [c (https://example.org)"),
        ("<https://example.org|`]`>", "`]` (https://example.org)"),
        ("<https://example.org|[a](b)>", "[a](b) (https://example.org)"),
        ("C:\\<https://example.org|b>", "C:\\b (https://example.org)"),
        ("<https://u:p@example.org|a>", "a (https://u:p@example.org)"),
        ("<mailto:ann@example.org|ann@example.org>", "ann@example.org"),
        ("<@U024BE7LH> and <@U024BE7LH|ann>", "@U024BE7LH and @ann"),
        ("<#C024BE7LR|general>", "#general"),
        ("<!here> <!channel> <!subteam^S1|@team>", "@here @channel @team"),
        ("<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"),
        ("*bold* and ~gone~ and _leaning_", "**bold** and ~gone~ and _leaning_"),
        ("*<https://example.org|x>*", "**[x](https://example.org)**"),
        ("_*both*_ *_both_* ~*struck*~", "_**both**_ **_both_** ~**struck**~"),
        ("*:warning: Disk full* *Status*=ok _/etc/x_", ":warning: Disk full Status=ok /etc/x"),
        ("2*3*4 and a * b * c", "2*3*4 and a * b * c"),
        ("`*not bold* &lt;`", "`*not bold* <`"),
        ("```\n<https://example.org> *x*\n```", "```\nhttps://example.org *x*\n```"),
        ("&gt; quoted", "> quoted"),
        ("<javascript:alert(1)|click>", "<javascript:alert(1)|click>"),
        ("1 < 2", "1 < 2"),
        ("<>", "<>"),
        ("<|x> f <| g >> h <&gt;>", "<|x> f <| g >> h <>>"),
        ("`list<int> <|> <https://example.org|a>`", "`list<int> <|> a`"),
        ("", ""),
    ],
)
def test_slacks_markup_becomes_light_markdown(slack: str, ours: str) -> None:
    assert markdown(slack) == ours


@pytest.mark.parametrize(
    "text",
    [
        "<https://a.example/x>",
        "see <https://a.example/x>, and <https://a.example/y_(z)>.",
        "(<https://a.example/x/>)",
        '"<https://a.example/x>" | <https://a.example/y>',
        "<https://a.example/x>\n<https://[::1]:8080/?a=1&amp;b[]=2>",
    ],
)
def test_an_address_that_the_page_finds_itself_stays_as_it_is(text: str) -> None:
    shown = text.replace("&amp;", "&")
    assert markdown(text) == shown.replace("<", "").replace(">", "")


@pytest.mark.parametrize(
    "text",
    [
        "<https://a.example/x>,<https://b.example/y>",
        "<https://ci.example/7>をご覧ください",
        "v1.2<https://a.example/x>~",
        "<https://en.example/Yahoo!>",
        "<https://a.example/foo_>",
        "<https://a.example/{id}>",
        "<https://a.example/a*b*>(log)",
    ],
)
def test_an_address_that_the_page_would_cut_or_lengthen_is_a_link_of_its_own(text: str) -> None:
    assert markdown(text) == re.sub("<(.*?)>", r"[\1](\1)", text)


def test_a_label_that_looks_like_another_address_does_not_hide_the_real_one() -> None:
    for label in ("https://bank.example", "bank.example/login"):
        assert link("https://evil.example/x", label) == f"{label} (https://evil.example/x)"


def test_what_may_not_be_a_link_is_shown_as_text() -> None:
    assert link("javascript:alert(1)", "click") == "click (javascript:alert(1))"


def test_much_markup_without_an_end_takes_no_long_time() -> None:
    for part in ("*a ", "<", "`", "_x ", "<a|", "```", "*a* ", "<https://a.example>"):
        assert markdown(part * 50_000)
    for label in ("a", "a-", "a."):
        assert joined([link("https://example.org", label * 50_000)])


@given(
    st.lists(
        st.sampled_from(
            ["<", ">", "|", "*", "_", "`", "&lt;", "https://a.b/", "@", "!", " ", "\n", "[", ")", "\\", "x"]
        )
    )
)
def test_every_text_can_be_shown(pieces: list[str]) -> None:
    assert isinstance(markdown("".join(pieces)), str)
