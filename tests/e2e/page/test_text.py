"""How the text of a message becomes elements, in the modules that the page and the widget share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from unicodedata import ucd_3_2_0

import pytest
from playwright.sync_api import Browser

from mixsvc.common.names import key
from mixsvc.pages.webhooks.mrkdwn import markdown
from tests.e2e.support.modules import open_stage

# What the bundle puts in the place of what markdown-it imports.
UNUSED: Final = ("entities", "linkify-it", "mdurl", "punycode.js", "uc.micro")
STAGE: Final = f"""<!doctype html><title>Texts</title>
<script type="importmap">{{"imports": {{{", ".join(f'"{each}": "/text/unused.js"' for each in UNUSED)}}}}}</script>
<script type="module">
import {{ calls }} from "/text/calls.js";
import {{ Names, folded }} from "/text/mentions.js";
import {{ showText }} from "/text/rich.js";
const inside = (node) => [...node.childNodes].map(told).join("");
const told = (node) => {{
  if (!(node instanceof HTMLElement)) return node.textContent;
  const tag = node.localName + (node.className ? `.${{node.className}}` : "") + (node.href ? ` ${{node.href}}` : "");
  return `‹${{tag}}›${{inside(node)}}‹/›`;
}};
globalThis.attributes = new Set();
const NAMES = ["Ann", "Ann Lee", "李明", "משה", "İbrahim", "Zoë", "Οδυσσεύς", "Straße", "fiona", "각"];
globalThis.show = (text, names = NAMES, self = "Bob") => {{
  const place = document.createElement("div");
  showText(place, text, new Names(names, self), () => {{}});
  place.querySelectorAll("*").forEach((each) => each.getAttributeNames().forEach((name) => attributes.add(name)));
  return inside(place);
}};
globalThis.slowest = (texts) =>
  Math.max(...texts.map((text) => {{
    const begin = performance.now();
    show(text);
    globalThis.calls(text, "Bob", []);
    return performance.now() - begin;
  }}));
globalThis.folded = (texts) => texts.map(folded);
globalThis.calls = (text, self, names) => calls(text, new Names(names, self));
showText(document.createElement("div"), "`x`", new Names([], ""), () => (globalThis.isReady = true));
</script>"""

UNREAD: Final = f"""<!doctype html><title>Unread</title>
<script type="importmap">{{"imports": {{{", ".join(f'"{each}": "/text/unused.js"' for each in UNUSED)}}}}}</script>
<script type="module">
import {{ UnreadCalls }} from "/text/calls.js";
const message = (number, text) => ({{ number, name: "Bob", text }});
const messages = [message(1, "@Ann"), message(2, "`@Ann`"), message(3, "`@Ann`"), message(4, "`@Bob`")];
const room = {{ name: "lobby", read: 0, unread: 4, members: new Set(["Ann", "Bob"]), messages }};
const make = document.createElement.bind(document);
let made = 0;
document.createElement = (tag) => make(tag, (made += 1));
const counts = [];
let times = 0;
const unread = new UnreadCalls(() => (times += 1));
const count = () => {{
  made = 0;
  counts.push([unread.of(room, "Ann"), made > 0]);
}};
count();
count();
globalThis.counted = async () => {{
  const {{ parserFor }} = await import("/text/rich.js");
  await parserFor("`x`");
  await new Promise((resolve) => setTimeout(resolve));
  count();
  count();
  return [counts, times];
}};
globalThis.isReady = true;
</script>"""

Show = Callable[..., Any]


@pytest.fixture(scope="module")
def stage(chrome: Browser, installed: Path) -> Iterator[Show]:
    """Shows a text and returns the elements that it became, each as ‹tag.class address›…‹/›; or calls a function."""
    with open_stage(chrome, installed, STAGE) as page:

        def show(text: object, function: str = "show", *more: object) -> Any:
            return page.evaluate("([name, ...all]) => globalThis[name](...all)", [function, text, *more])

        yield show
        names = set(page.evaluate("[...attributes]"))
        assert names <= {"class", "href", "title", "target", "rel", "tabindex"}


@pytest.mark.parametrize(
    ("slack", "elements"),
    [
        ("<https://a.org/|[FIRING:1] C:\\disk>", "‹a https://a.org/›[FIRING:1] C:\\disk‹/›"),
        (
            "<https://a.org/x>,<https://b.org/y>",
            "‹a https://a.org/x›https://a.org/x‹/›,‹a https://b.org/y›https://b.org/y‹/›",
        ),
        ("(<https://a.org/x_(y)>).", "(‹a https://a.org/x_(y)›https://a.org/x_(y)‹/›)."),
        ("<https://a.org/7>を", "‹a https://a.org/7›https://a.org/7‹/›を"),
        (
            "*<https://a.org/foo_>* v1<https://a.org/?a!>",
            "‹strong›‹a https://a.org/foo_›https://a.org/foo_‹/›‹/› v1‹a https://a.org/?a!›https://a.org/?a!‹/›",
        ),
        (
            "<https://a.org/|a [b> C:\\<https://a.org/|x>",
            "a [b (‹a https://a.org/›https://a.org/‹/›) C:\\x (‹a https://a.org/›https://a.org/‹/›)",
        ),
        ("_*x*_ *_x_* *:warning: y*", "‹em›‹strong›x‹/›‹/› ‹strong›‹em›x‹/›‹/› :warning: y"),
        ("✅*x*🔥 ⚠️_y_", "✅‹strong›x‹/›🔥 ⚠️‹em›y‹/›"),
    ],
)
def test_slacks_markup_is_shown_as_slack_shows_it(stage: Show, slack: str, elements: str) -> None:
    assert stage(markdown(slack)) == elements


TYPED: Final = r"""1. x
- x
* item
# x
a_b_c
2*3*4 and 2**3**4
<b>bold</b> &amp; <img src=x onerror=alert(1)>
find . -name \*.py -o -name '*.c' -o -name '*.h'
rm -rf build/* dist/*
*/5 * * * *
C:\_tmp\*\foo_bar_ \\server\share_x
¯\_(ツ)_/¯
>.<
>>> print(1)
| a | b |
|---|---|
===
~~~
f(*args, **kwargs) /* a comment */
SELECT COUNT(*) FROM t WHERE a*b
**** you ****
    indented
snake_case and __init__.py
[not a link] (x)
[a](javascript:alert(1)) [a](data:text/html,x) [a](//evil.example) [a](https:evil.example) [a](http://x@evil.example)
"**/*.ts", "**/*.js", */node_modules/*
it`s
one o`clock"""


@pytest.mark.parametrize("text", [TYPED, *TYPED.split("\n")])
def test_what_is_no_markdown_is_what_was_typed(stage: Show, text: str) -> None:
    assert stage(text) == text


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("**bold**, *it* _it_ and __bold__.", "‹strong›bold‹/›, ‹em›it‹/› ‹em›it‹/› and ‹strong›bold‹/›."),
        ("🎉**x**🎉 ❤️*y*👍🏽 1️⃣__z__", "🎉‹strong›x‹/›🎉 ❤️‹em›y‹/›👍🏽 1️⃣‹strong›z‹/›"),
        (
            "**https://x.org/** *https://x.org/a/*, https://x.org/* /*",
            "‹strong›‹a https://x.org/›https://x.org/‹/›‹/› ‹em›‹a https://x.org/a/›https://x.org/a/‹/›‹/›, "
            "‹a https://x.org/›https://x.org/‹/›* /*",
        ),
        (r"\**https://x.org/** \*\*https://x.org/\*\*", "**https://x.org/** **https://x.org/**"),
        ("***both*** (*x*)", "‹em›‹strong›both‹/›‹/› (‹em›x‹/›)"),
        ("这是**重要**的：**“明日”**休み", "这是‹strong›重要‹/›的：‹strong›“明日”‹/›休み"),
        ("**two\nlines** *not\nthese*", "‹strong›two\nlines‹/› *not\nthese*"),
        ("`a*b*c` and ``x`y``", "‹code›a*b*c‹/› and ‹code›x`y‹/›"),
        ("so:\n\n```js\nx = 1\n\n  **y**\n```\nand", "so:‹pre›‹code›x = 1\n\n  **y**‹/›‹/›and"),
        ("```\nopen", "‹pre›‹code›open‹/›‹/›"),
        ("> a\n> **b**\nreply", "‹blockquote›a\n‹strong›b‹/›‹/›reply"),
        ("> > deep\n> less", "‹blockquote›‹blockquote›deep‹/›less‹/›"),
        ("a\n\n\n  b\n**c**", "a\n\n\n  b\n‹strong›c‹/›"),
        ("[a **b**](https://x.org/a_(b))。", "‹a https://x.org/a_(b)›a ‹strong›b‹/›‹/›。"),
        ("[write](mailto:a@x.org)", "‹a mailto:a@x.org›write‹/›"),
        ("[](https://x.org/)", "‹a https://x.org/›https://x.org/‹/›"),
        ("![no image](https://x.org/a.png)", "!‹a https://x.org/a.png›no image‹/›"),
        (
            "[bank.example](https://evil.example)",
            "‹a https://evil.example/›bank.example‹/›‹small.leads› (evil.example)‹/›",
        ),
        (r"\*typed\* \`x\` \[a](b) \\ \*", r"*typed* `x` [a](b) \\ \*"),
        (r"\> typed", "> typed"),
    ],
)
def test_light_markdown_becomes_elements(stage: Show, text: str, elements: str) -> None:
    assert stage(text) == elements


@pytest.mark.parametrize(
    "label",
    [
        *("bank.example", "BANK.Example", "www.bank.example", "bank.example.", "bank.example!", "(bank.example)"),
        *("https://bank.example.", "https://bank.example/login", "HTTPS://BANK.EXAMPLE", "“https://bank.example”"),
        *(
            "Log in at bank.example",
            "now: https://bank.example/",
            "evil.example@bank.example",
            "bank.example@evil.example",
        ),
        *(
            "https://evil.example.bank.example",
            "bank-evil.example",
            "evil.example-bank.example",
            "evil.example bank.example",
        ),
        *("https://bank.example:443/x", "https://localhost/", "http://192.168.0.1/", "192.168.0.1", "http://[[]::1]/"),
        *("bank.xn--p1ai", "банк.рф", "b\u0430nk.example", "ann@bank.example", "evil.example,bank.example"),
        # Nobody sees these.
        *(
            "\u200bhttps://bank.example/login",
            "https://bank.exam\u00adple",
            "b\u2060ank\u200d.exam\ufe0fple",
            "\u115fbank.example",
        ),
        *(
            "bank\u034f.example",
            "\U000e0062bank\ufeff.exam\U000e0101ple",
            "bank\u200a.\u2009example",
            "bank\u0001.\u0001example",
        ),
        # These look like a dot, or like Latin letters.
        *("bank\uff0eexample", "bank\u2024example", "bank\u3002example", "bank\uff61example", "bank\ua4f8example"),
        *("\uff42\uff41\uff4e\uff4b.example", "https\uff1a\uff0f\uff0flocalhost", "bank\u0660example"),
        # These turn the text around.
        *("\u202eelpmaxe.knab", "\u202eelpmaxe", "a\u2067b\u2069", "example\u200f.\u200fbank"),
        *("**bank**.example", "bank.`example`", "_bank.example_"),
    ],
)
def test_a_link_whose_text_may_be_read_as_another_address_shows_where_it_leads(stage: Show, label: str) -> None:
    assert stage(f"[{label}](https://evil.example/x)").endswith("‹small.leads› (evil.example)‹/›")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bank](https://evil.example)[.example](https://evil.example)", [" (evil.example)", " (evil.example)"]),
        ("bank.exam\ufeff[ple](https://evil.example)", [" (evil.example)"]),
        ("`bank.`[example](https://evil.example)/login", [" (evil.example)"]),
        ("[bank](https://evil.example).example", [" (evil.example)"]),
        ("[ann@x.org](mailto:eve@x.org)", [" (eve@x.org)"]),
        ("[bank.example](mailto:)", [" (mailto:)"]),
        ("[\u200b](https://evil.example)", []),
    ],
)
def test_what_touches_a_link_is_read_with_it(stage: Show, text: str, shown: list[str]) -> None:
    parts = stage(text).split("‹small.leads›")[1:]

    assert [each.partition("‹/›")[0] for each in parts] == shown


@pytest.mark.parametrize(
    "text",
    [
        "[x.org](https://x.org/), [X.ORG.](https://x.org/a) and [https://x.org/a.png?b=c.de#e.fg](https://x.org/a.png)",
        "[x.org:8443/a](https://x.org:8443/a) [http://\uff58.org](https://x.org/)",
        "[ann@x.org](mailto:ann@x.org) [write to us](mailto:ann@x.org?subject=a.bc)",
        "([the docs, e.g. 3.5 mm and AC/DC](https://x.org)), and [好的。谢谢](https://x.org). [It's](https://x.org)…",
        "see bank.example [here](https://x.org) or at bank.example",
        "[x.org](https://x.org),[y.org](https://y.org) (https://z.org)[docs](https://x.org)",
    ],
)
def test_a_link_whose_text_is_its_own_address_or_words_shows_no_other(stage: Show, text: str) -> None:
    assert "leads" not in stage(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("见https://x.org/a，然后", "https://x.org/a"),
        ("https://x.org/a。", "https://x.org/a"),
        ("（https://x.org/a）", "https://x.org/a"),
        ("“https://x.org/a”", "https://x.org/a"),
        ("https://x.org/a—b", "https://x.org/a"),
        ("(https://x.org/a_(b)).", "https://x.org/a_(b)"),
        ("https://en.wikipedia.org/wiki/Murphy's_law is", "https://en.wikipedia.org/wiki/Murphy's_law"),
        ("'https://x.org/a', so", "https://x.org/a"),
        ("https://example.org's", "https://example.org"),
        ("http://[::1]:8080/a and", "http://[::1]:8080/a"),
        ("[http://[::1]]", "http://[::1]"),
        ("https://x.org/_a_/*b*/@Ann/__c", "https://x.org/_a_/*b*/@Ann/__c"),
        ("https://x.org/?q=a,b;c!d.", "https://x.org/?q=a,b;c!d"),
    ],
)
@pytest.mark.parametrize("before", ["", "**b** "])
def test_an_address_ends_where_a_reader_ends_it(stage: Show, text: str, address: str, before: str) -> None:
    shown = stage(before + text)

    assert shown.partition("‹a ")[2].partition("›")[2].partition("‹/›")[0] == address


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("@Ann Lee and @ann, @Annx", ["@Ann Lee", "@ann"]),
        ("ann@Ann.example @李明你好 你好@李明", ["@李明", "@李明"]),
        ("@משה!", ["@משה"]),
        ("**@Ann** `@Ann` https://x.org/@Ann", ["@Ann"]),
        ("@nobody @ Ann", []),
        ("@İbrahim, @i\u0307brahim", ["@İbrahim", "@i\u0307brahim"]),
        ("@Zoe\u0308's @ZOË", ["@Zoe\u0308", "@ZOË"]),
        ("@Zoe @Zoë\u0301", []),
        ("@ΟΔΥΣΣΕΎΣ @straße @STRASSE @ﬁona", ["@ΟΔΥΣΣΕΎΣ", "@straße", "@STRASSE", "@ﬁona"]),
        ("@\u1100\u1161\u11a8 @각", ["@\u1100\u1161\u11a8", "@각"]),
        ("@\u1100\u1161", []),
    ],
)
def test_mentions_are_names_that_are_known_here(stage: Show, text: str, mentioned: list[str]) -> None:
    shown = stage(text)

    assert [each.partition("‹/›")[0] for each in shown.split("‹bdi.mention›")[1:]] == mentioned


@pytest.mark.parametrize(
    ("text", "is_called"),
    [
        ("@bob look", True),
        ("@Bobby look", False),
        ("> @bob look\nno", False),
        ("`@bob`\n```\n@bob\n```", False),
        ("bob@bob.example", False),
        ("**x** https://x.org/@bob", False),
        ("https://x.org/@bob", False),
        ("[@bob](https://x.org)", False),
        (">text @bob", False),
        ("> a\n>b @bob", False),
        (">.< @bob", True),
        ("`` a\n@bob ``", False),
        ("```\n@bob", False),
        ("a ` b @bob", True),
        (r"\`@bob`", False),
    ],
)
def test_a_person_is_called_where_their_name_is_shown_as_mentioned_and_in_no_quote(
    stage: Show, text: str, is_called: bool
) -> None:
    assert stage(text, "calls", "Bob", ["Bobby"]) == is_called


MIXED: Final = (*"ΣςσAaİIıißẞᾳΰﬁㅎ가ᄀ", "\u0301", "\u0345", "\u0307", "\u11a8")


def test_names_are_one_in_a_text_where_they_are_one_to_the_server(stage: Show) -> None:
    # Those of an old Unicode, which every browser and every Python has.
    known = [each for each in map(chr, range(0x21, 0x1FFFF)) if ucd_3_2_0.category(each)[0] in "LMNPS"]
    letters = {other for each in known if key(each) != each for other in (each, key(each))}
    texts = [
        *(f"x{each}x" for each in letters),
        *(f"{one}{two}{three}" for one in MIXED for two in MIXED for three in MIXED),
    ]

    shown: list[str] = stage(texts, "folded")

    pairs = set(zip(map(key, texts), shown, strict=True))
    assert len(pairs) == len(set(shown)) == len({key for key, _ in pairs})


def test_one_is_mentioned_in_another_way_and_names_are_no_markup(stage: Show) -> None:
    names = ["<img src=x>", "*x*", "‮evil"]

    assert stage("@Bob @<img src=x> **@*x***", "show", names, "Bob") == (
        "‹bdi.mention me-mentioned›@Bob‹/› ‹bdi.mention›@<img src=x>‹/› ‹strong›‹bdi.mention›@*x*‹/›‹/›"
    )


HOSTILE: Final = (
    *("*a ", "**a_", "*a**a ", "_a __b ", "***a** ", "*", "\\*", "\\[a]("),
    *("[", "(", "[a](", "[a](<", "](x)", "`a``", "` `` ", "```\n", ">\n", "> ", "> > > > > > x\n"),
    *("@", "@Ann", "https://", "https://a.b/", "[a.b](http://c)", "[a.a.a.a.a.](http://c)."),
)


def test_no_text_keeps_a_reader_waiting(stage: Show) -> None:
    # Twice as much as [chat] max_text, in milliseconds.
    assert stage([(piece * 4000)[:4000] for piece in HOSTILE], "slowest") < 1000
    longest = [
        "https://a" + "." * 99_000,
        "https://[" * 11_000,
        "@" * 100_000,
        "`" * 99_000 + "@Bob",
        "```\n@" * 20_000,
    ]
    assert stage(longest, "slowest") < 2000
    # So long a text is shown as it was typed.
    assert stage("**x**" * 5000) == "**x**" * 5000


def test_a_message_is_asked_once_whom_it_calls_and_once_more_when_the_parser_has_come(
    chrome: Browser, installed: Path
) -> None:
    with open_stage(chrome, installed, UNREAD) as page:
        counts, times = page.evaluate("counted()")

    assert counts == [[3, True], [3, False], [1, True], [1, False]]
    assert times == 1
