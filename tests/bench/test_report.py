"""The report of a run: medians, ratios, and what became of the targets."""

from bench.report import Results, Target, table


def test_the_table_has_medians_ratios_and_targets() -> None:
    results = Results()
    for value in (900.0, 1000.0, 5000.0):
        results.add("fanout", "txsockjs", {"messages/s": value})
    results.add("fanout", "websockets", {"messages/s": 200.0})
    results.add("fanout", "sockjs-node", {"messages/s": 200.0})

    text = table(results)

    assert "1,000          900        5,000" in text
    assert "5.00 x" in text
    assert [line.split()[0] for line in text.splitlines()[-2:]] == ["FAIL", "pass"]


def test_a_target_may_be_an_amount_or_a_share() -> None:
    assert Target("idle", "KB/session", 8, at_most=True).verdict(7.0, None).startswith("pass")
    assert Target("idle", "KB/session", 0.5, "other", at_most=True).verdict(7.0, 13.0).startswith("FAIL")


def test_a_target_says_in_words_what_was_compared_with_whom() -> None:
    target = Target("isolation", "say ms, 99 %", 1 / 20, "before", at_most=True, ours="now")

    met, missed = target.verdict(10.0, 400.0), target.verdict(30.0, 400.0)

    assert met == "pass  isolation, now, say ms, 99 %: 1/40 times that of before (target: at most 1/20)"
    assert missed == "FAIL  isolation, now, say ms, 99 %: 1/13.3 times that of before (target: at most 1/20)"


def test_a_target_for_processes_is_not_checked_by_the_figures_of_threads() -> None:
    results = Results()
    for server in ("mixsvc", "mixsvc-before"):
        results.add("isolation", server, {"views/s": 30.0})

    assert "target" not in table(results)


def test_processes_are_what_is_compared_with_the_others_where_they_take_part() -> None:
    results = Results()
    for server, value in (("mixsvc", 30.0), ("mixsvc-processes", 60.0)):
        results.add("isolation", server, {"views/s": value})

    assert "2.00 x" in table(results)
