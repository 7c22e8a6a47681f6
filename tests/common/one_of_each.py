"""What may exist only once in the sources, read with `ast`: what is looked for, and where it may be."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tests.architecture import Source

__all__ = ["HOMES", "Home", "strays"]


@dataclass(frozen=True)
class Home:
    """The module that alone may have these: modules that it imports, attributes and names, texts within constants."""

    module: str
    imports: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


HOMES: Final = (
    Home(
        "mixsvc.common.addresses",
        imports=frozenset({"ipaddress"}),
        names=frozenset({"ip_address", "ip_network", "ipv4_mapped", "IPv4Network", "IPv6Network"}),
    ),
    Home(
        "mixsvc.common.times",
        names=frozenset({"strftime", "strptime", "timespec", "utcfromtimestamp"}),
        texts=frozenset({"+00:00", "%Y-%m", "[0-9]{4}-[0-9]{2}"}),
    ),
    Home(
        "mixsvc.common.text",
        imports=frozenset({"difflib"}),
        names=frozenset({"get_close_matches", "parse_constant"}),
        texts=frozenset({"surrogatepass", "surrogateescape", "utf-16", "[\ud800-\udfff]"}),
    ),
    Home("mixsvc.common.names", imports=frozenset({"unicodedata"}), names=frozenset({"casefold"})),
    Home("mixsvc.common.http_grammar", texts=frozenset({"https?", "[!#$%&'*+.^_`|~0-9A-Za-z-]"})),
    Home("mixsvc.common.currencies", texts=frozenset({"[A-Z]{3}", "[A-Za-z]{3}"})),
    Home("txsockjs._protocol.text", texts=frozenset({"surrogatepass", "surrogateescape", "utf-16"})),
)


def strays(sources: Sequence[Source]) -> list[str]:
    """What is outside the module that may have it, a line each; empty if nothing is."""
    return [
        f"{source.name}: line {line}: {what!r} belongs to {home.module}"
        for home in HOMES
        for source in sources
        if source.name.partition(".")[0] == home.module.partition(".")[0] and source.name != home.module
        for line, what in sorted(_found(source, home))
    ]


def _found(source: Source, home: Home) -> Iterator[tuple[int, str]]:
    for node in ast.walk(source.tree()):
        match node:
            case ast.Import(names=aliases):
                yield from ((node.lineno, each.name) for each in aliases if each.name in home.imports)
            case ast.ImportFrom(module=str(module)) if module in home.imports:
                yield node.lineno, module
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in home.names:
                yield node.lineno, name
            case ast.keyword(arg=str(name)) if name in home.names:
                yield node.value.lineno, name
            case ast.Constant(value=str(text)):
                yield from ((node.lineno, each) for each in home.texts if each in text)
