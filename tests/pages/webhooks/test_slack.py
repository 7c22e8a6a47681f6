from typing import Any

import pytest

from mixsvc.pages.webhooks.slack import author, cut, message_text

# As the Alertmanager sends it (notify/slack), and Grafana (the contact point Slack).
ALERT = {
    "channel": "#alerts",
    "username": "Alertmanager",
    "attachments": [
        {
            "title": "[FIRING:1] DiskFull",
            "title_link": "https://alerts.example/#/alerts?receiver=chat",
            "text": "*node1*: 97 % &gt; 95 %",
            "fallback": "[FIRING:1] DiskFull | https://alerts.example",
            "fields": [{"title": "Severity", "value": "page", "short": True}],
            "actions": [{"type": "button", "text": "Silence", "url": "https://alerts.example/silence"}],
            "mrkdwn_in": ["fallback", "pretext", "text"],
            "color": "danger",
        }
    ],
}


def test_an_attachment_is_its_title_text_fields_and_links() -> None:
    assert message_text(ALERT) == (
        "[[FIRING:1] DiskFull](https://alerts.example/#/alerts?receiver=chat)\n"
        "**node1**: 97 % > 95 %\n"
        "Severity: page\n"
        "[Silence](https://alerts.example/silence)"
    )


def test_an_attachment_without_text_is_its_fallback() -> None:
    assert message_text({"attachments": [{"fallback": "a &amp; b", "color": "good"}]}) == "a & b"


def test_a_text_comes_in_place_of_the_blocks_and_before_the_attachments() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "from a block"}}]
    assert message_text({"text": "hi", "blocks": blocks, "attachments": [{"text": "more"}]}) == "hi\nmore"
    assert message_text({"text": "", "blocks": blocks}) == "from a block"


def test_a_text_without_markup_says_so() -> None:
    assert message_text({"text": "*a* &lt;", "mrkdwn": False}) == "*a* <"


def test_blocks_are_read_line_by_line() -> None:
    blocks: list[Any] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deployed :tada:"}},
        {"type": "divider"},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*1.2* by <@U1|ann>"},
            "fields": [{"type": "mrkdwn", "text": "a"}, {"type": "plain_text", "text": "b *c*"}],
            "accessory": {"type": "button", "text": {"type": "plain_text", "text": "Log"}, "url": "https://ci.example"},
        },
        {"type": "context", "elements": [{"type": "image", "alt_text": "cat"}, {"type": "mrkdwn", "text": "_now_"}]},
        {"type": "image", "title": {"type": "plain_text", "text": "Graph"}, "alt_text": "g"},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "no address"}}]},
        {"type": "unheard_of", "text": "x"},
    ]
    assert message_text({"blocks": blocks}) == (
        "**Deployed :tada:**\n**1.2** by @ann\na\nb *c*\n[Log](https://ci.example)\ncat _now_\nGraph"
    )


def test_rich_text_keeps_lists_quotes_and_code() -> None:
    def section(*parts: object) -> dict[str, object]:
        return {"type": "rich_text_section", "elements": list(parts)}

    text = {"type": "text", "text": "x < y", "style": {"bold": True}}
    elements = [
        section({"type": "link", "url": "https://a.example", "text": "a"}, {"type": "text", "text": " "}, text),
        {"type": "rich_text_list", "style": "ordered", "elements": [section(text), section(text)]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "q\nr"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
        section({"type": "broadcast", "range": "here"}, {"type": "emoji", "name": "tada"}),
    ]
    assert message_text({"blocks": [{"type": "rich_text", "elements": elements}]}) == (
        "[a](https://a.example) **x < y**\n1. **x < y**\n2. **x < y**\n> q\n> r\n```\ncode\n```\n@here:tada:"
    )


def test_rich_text_has_its_styles_where_the_page_can_show_them() -> None:
    def rich(kind: str, *parts: object) -> str:
        elements = [{"type": kind, "elements": list(parts)}]
        return message_text({"blocks": [{"type": "rich_text", "elements": elements}]})

    def text(text: str, *styles: str) -> dict[str, object]:
        return {"type": "text", "text": text, "style": dict.fromkeys(styles, True)}

    link = {"type": "link", "url": "https://a.example/x"}
    labelled = {**link, "text": "a", "style": {"code": True, "bold": True}}
    assert rich("rich_text_section", text("Disk ", "bold"), text("full")) == "**Disk** full"
    assert rich("rich_text_section", text("a", "bold"), text("b", "italic"), text("c")) == "abc"
    assert rich("rich_text_section", text("a`b", "code"), text(" gone", "strike", "bold")) == "`` a`b `` **~gone~**"
    assert rich("rich_text_section", text("a``b", "code")) == "` a``b `"
    assert rich("rich_text_section", link, text("。")) == "[https://a.example/x](https://a.example/x)。"
    assert rich("rich_text_section", labelled) == "**[`a`](https://a.example/x)**"
    assert rich("rich_text_preformatted", text("curl ", "bold"), link) == "```\ncurl https://a.example/x\n```"
    assert rich("rich_text_preformatted", text("a\n```\nb")) == "````\na\n```\nb\n````"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"text": None},
        {"text": "  "},
        {"blocks": "x", "attachments": {"a": 1}},
        {"blocks": [1, None, {"type": 3}, {"type": "section", "text": [], "fields": [1], "accessory": "x"}]},
        {"attachments": [{"fields": [None, {"title": 1}], "actions": 5, "text": {}}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": [[], {"type": "x"}]}]}]},
    ],
)
def test_what_is_not_as_slack_describes_it_is_left_out(payload: dict[str, Any]) -> None:
    assert message_text(payload) == ""


def test_characters_that_cannot_be_stored_are_left_out() -> None:
    assert message_text({"text": "a\0b \ud83d\ude00 \ud800\r\nc"}) == "ab 😀 \ufffd\nc"


@pytest.mark.parametrize(
    ("username", "shown"),
    [
        ("Grafana", "Grafana (hook)"),
        ("Ann (hook)", "Ann (hook)"),
        ("Ann （ＨＯＯＫ）(hook)", "Ann (hook)"),
        ("", "ci (hook)"),
        ("\u200b\u2063", "ci (hook)"),
        (None, "ci (hook)"),
        (["x"], "ci (hook)"),
        ("An\u202en\n\0a", "Anna (hook)"),
        ("☃️ bot", "☃ bot (hook)"),
        ("x" * 500, f"{'x' * 25} (hook)"),
    ],
)
def test_a_webhook_never_has_the_name_of_a_person(username: object, shown: str) -> None:
    assert author({"username": username}, "ci") == shown


def test_a_long_text_is_cut_behind_a_whole_character() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert cut("abcde\u0301fg", 6) == "abcd…"
    assert cut("abc 👩\u200d👩\u200d👧 x", 6) in ("abc 👩…", "abc…")
    assert cut("\u0301" * 9, 4) == "\u0301…"
