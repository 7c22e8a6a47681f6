"""These are implemented only once: addresses, times, repairs of text, keys of names, codes of currencies."""

import pytest

from tests.architecture import Source, read_sources
from tests.builds import PROJECT
from tests.common.one_of_each import HOMES, strays

SOURCES = read_sources(PROJECT)


def test_each_of_these_is_in_one_place() -> None:
    assert strays(SOURCES) == []


def test_every_home_is_a_module_that_has_what_it_is_the_home_of() -> None:
    sources = {source.name: source for source in SOURCES}

    for home in HOMES:
        elsewhere = Source(home.module.partition(".")[0] + ".elsewhere", sources[home.module].text)
        assert strays([elsewhere]), home.module


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("import ipaddress", "addresses"),
        ("from ipaddress import ip_network", "addresses"),
        ("found = ip_address(text)", "addresses"),
        ("found = ipaddress.ip_network(text)", "addresses"),
        ("found = address.ipv4_mapped or address", "addresses"),
        ('text = moment.strftime("%H")', "times"),
        ('text = moment.isoformat(timespec="seconds")', "times"),
        ('text = moment.isoformat().replace("+00:00", "Z")', "times"),
        ('text = time.format("%Y-%m-%d")', "times"),
        ('day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)', "times"),
        ("from difflib import get_close_matches", "text"),
        ("near = difflib.get_close_matches(word, known)", "text"),
        ('data = text.encode("utf-8", "surrogatepass")', "text"),
        ('data = text.encode("utf-16-le", errors="surrogateescape")', "text"),
        ('found = re.search("[\\ud800-\\udfff]", text)', "text"),
        ("found = json.loads(text, parse_constant=refuse)", "text"),
        ('origin = re.compile(r"https?://.*")', "http_grammar"),
        ("import unicodedata", "names"),
        ("from unicodedata import normalize", "names"),
        ("def f() -> str:\n    return name.casefold()", "names"),
        ('code = re.fullmatch("[A-Z]{3}", text)', "currencies"),
        ('code = re.compile(rf"([A-Za-z]{{3}}) {rest}")', "currencies"),
    ],
)
def test_a_second_one_is_found_in_any_other_module(text: str, home: str) -> None:
    for module in ("mixsvc.chat.model.rooms", "mixsvc.common.histogram"):
        found = strays([Source(module, text)])

        assert found
        assert all(each.endswith(f" belongs to mixsvc.common.{home}") for each in found)


def test_txsockjs_encodes_text_in_one_place_of_its_own() -> None:
    text = 'data = text.encode("utf-8", "surrogatepass")'

    assert strays([Source("txsockjs._session.transport", text)]) == [
        "txsockjs._session.transport: line 1: 'surrogatepass' belongs to txsockjs._protocol.text"
    ]
    assert strays([Source("txsockjs._protocol.text", text), Source("txgevent.reactor", text)]) == []


def test_addresses_of_twisted_are_none_of_these() -> None:
    text = "from twisted.internet.address import IPv4Address\naddress = IPv4Address('TCP', '192.0.2.1', 80)"

    assert strays([Source("mixsvc.http.forwarded", text)]) == []
