"""The cells of tables."""

from mixsvc.operations.window.cells import cells, row_button
from tests.operations.window.desk import HOSTILE


def test_what_others_have_written_is_text_in_its_own_direction() -> None:
    found = cells({"name": HOSTILE}, [("name", "Name")])

    assert found.startswith('<td class="is-name"><bdi>&lt;img src=x onerror=&#34;')
    assert found.count("<") == 4


def test_numbers_moments_and_lists_have_their_own_looks() -> None:
    row = {"unsent": 1500, "since": "2026-10-30T15:04:05Z", "rooms": ["a", "b"], "ready": True, "more": {"a": 1}}

    found = cells(row, [(key, key) for key in row])

    assert found == (
        '<td class="is-unsent">1.5 KB</td>'
        '<td class="is-since">'
        '<time datetime="2026-10-30T15:04:05Z">2026-10-30 15:04:05</time></td>'
        '<td class="is-rooms"><bdi>a, b</bdi></td>'
        '<td class="is-ready">yes</td>'
        '<td class="is-more"><bdi>a: 1</bdi></td>'
    )


def test_a_row_that_is_none_has_empty_cells() -> None:
    assert cells(None, [("a", "A"), ("b", "B")]).count("<bdi>–</bdi>") == 2


def test_a_button_gives_its_words_as_they_are_and_is_named_after_what_it_is_about() -> None:
    found = row_button("close", "Close", ['a"b', "<c>", 7], HOSTILE)

    assert 'value="[&#34;a\\&#34;b&#34;, &#34;&lt;c&gt;&#34;, &#34;7&#34;]"' in found
    assert 'aria-label="Close: &lt;img' in found
    assert found.count("<") == 2
