import pytest

from mixsvc.pages.webhooks.mrkdwn import link, markdown


@pytest.mark.parametrize(
    ("slack", "ours"),
    [
        ("a &lt;b&gt; &amp;amp; c & d", "a <b> &amp; c & d"),
        ("<https://example.org/a|the build> failed", "[the build](https://example.org/a) failed"),
        ("<https://example.org/?a=1&amp;b=2>", "https://example.org/?a=1&b=2"),
        ("<https://example.org/(a)|b [c]>", "[b \\[c\\]](https://example.org/%28a%29)"),
        ("<mailto:ann@example.org|ann@example.org>", "ann@example.org"),
        ("<@U024BE7LH> and <@U024BE7LH|ann>", "@U024BE7LH and @ann"),
        ("<#C024BE7LR|general>", "#general"),
        ("<!here> <!channel> <!subteam^S1|@team>", "@here @channel @team"),
        ("<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"),
        ("*bold* and ~gone~ and _leaning_", "**bold** and ~~gone~~ and _leaning_"),
        ("*<https://example.org|x>*", "**[x](https://example.org)**"),
        ("2*3*4 and a * b * c", "2*3*4 and a * b * c"),
        ("`*not bold* &lt;`", "`*not bold* <`"),
        ("```\n<https://example.org> *x*\n```", "```\nhttps://example.org *x*\n```"),
        ("&gt; quoted", "> quoted"),
        ("<javascript:alert(1)|click>", "<javascript:alert(1)|click>"),
        ("1 < 2", "1 < 2"),
        ("<>", "<>"),
        ("", ""),
    ],
)
def test_slacks_markup_becomes_light_markdown(slack: str, ours: str) -> None:
    assert markdown(slack) == ours


def test_a_label_that_looks_like_another_address_does_not_hide_the_real_one() -> None:
    assert link("https://evil.example/x", "https://bank.example") == "https://bank.example (https://evil.example/x)"
    assert link("https://evil.example/x", "bank.example/login") == "bank.example/login (https://evil.example/x)"


def test_what_may_not_be_a_link_is_shown_as_text() -> None:
    assert link("javascript:alert(1)", "click") == "click (javascript:alert(1))"


def test_much_markup_without_an_end_takes_no_long_time() -> None:
    for part in ("*a ", "<", "`", "~x ", "<a|", "```"):
        assert markdown(part * 50_000)
    for label in ("a", "a-", "a."):
        assert link("https://example.org", label * 50_000)
