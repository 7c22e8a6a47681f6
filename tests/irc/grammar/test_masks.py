import pytest

from mixsvc.irc.grammar.masks import BadMask, BanMask, parse_mask

HOST = "irc.example.org"


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("Ann", BanMask(name="Ann")),
        ("Ann!*@*", BanMask(name="Ann")),
        ("Ann|Lee!*@*", BanMask(name="Ann Lee")),
        ("Ann!u12ab@irc.example.org", BanMask(name="Ann")),
        # As irssi and WeeChat make them.
        ("*!*u12ab@*.example.org", BanMask(ident="u12ab")),
        ("*!u12AB@irc.example.org", BanMask(ident="u12ab")),
        ("*!~u12ab@*", BanMask(ident="u12ab")),
        ("*!*@192.0.2.7", BanMask(address="192.0.2.7")),
        ("*@192.0.2.7", BanMask(address="192.0.2.7")),
        ("192.0.2.7", BanMask(address="192.0.2.7")),
        ("*!*@2001:db8::/64", BanMask(address="2001:db8::/64")),
    ],
)
def test_a_mask_names_a_person_or_an_address(text: str, mask: BanMask) -> None:
    assert parse_mask(text, HOST) == mask


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "*!*@*",
        "*!*@irc.example.org",
        "*!*@*.example.org",
        "A*!*@*",
        "*!u?@*",
        "*!*@192.0.2.*",
        "Ann!*@192.0.2.7",
        "",
    ],
)
def test_a_mask_of_many_is_refused(text: str) -> None:
    with pytest.raises(BadMask):
        parse_mask(text, HOST)
