"""axe-core, which checks a page for what WCAG asks; `make test-system` brings it."""

from typing import Any, Final

from playwright.sync_api import Page

from tests.builds import PROJECT

__all__ = ["violations"]

SCRIPT: Final = PROJECT / "node_modules" / "axe-core" / "axe.min.js"

# WCAG 2.2 AA is what those before it ask, and some; "best-practice" is what axe itself recommends.
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

RUN: Final = "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now, a line for each element."""
    assert SCRIPT.exists(), "axe-core is not here: run `make test-system` once"
    page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(RUN, TAGS)
    return [
        f"{violation['id']}: {node['html'][:120]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
