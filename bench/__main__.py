"""`python -m bench`: measures all servers, one after the other, round by round.

The exit status is 0 when everything was measured, whether or not the targets are met, 1 when a server failed, and 130
after Ctrl-C.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from bench.computing import steps_for
from bench.installing import CannotInstall, install
from bench.peers import ALL_PEERS, Peer
from bench.processes import CannotStart, ending_cleanly, on_cores, raise_file_limit, running
from bench.protocol import ProtocolError
from bench.report import Results, table
from bench.scenarios import SCENARIOS, Scenario
from bench.servers.wsgi_app import STEPS

# The sockets of the largest scenario, and some for the rest.
_FILES: Final = 10_400

# What the view of the scenario isolation computes: CPU time in seconds.
_VIEW_SECONDS: Final = 0.025


def _main() -> int:
    asked = _options().parse_args()
    raise_file_limit(_FILES)
    results = Results()
    with ending_cleanly():
        try:
            return _run(asked, results)
        except KeyboardInterrupt:
            return 130
        finally:
            print(table(results))


def _run(asked: argparse.Namespace, results: Results) -> int:
    wanted = [name for name in asked.servers if any(name in SCENARIOS[only].servers for only in asked.only)]
    peers = {name: peer for name in wanted if _is_installed(peer := _peer(name, asked.before))}
    failures = len(wanted) - len(peers)
    os.environ[STEPS] = str(steps_for(_VIEW_SECONDS))
    for scenario in (SCENARIOS[name] for name in asked.only):
        _warn_of_few_cores(scenario)
        # The servers take turns, so that other load on the machine affects all alike.
        for number in range(asked.rounds):
            print(f"bench: {scenario.name}, round {number + 1} of {asked.rounds}", file=sys.stderr)
            failures += _round(scenario, peers, asked.seconds, results)
    return min(failures, 1)


def _round(scenario: Scenario, peers: Mapping[str, Peer], seconds: float, results: Results) -> int:
    """Measure each server once; returns how many failed."""
    failures = 0
    for name in scenario.servers:
        if name in peers:
            try:
                with running(peers[name], on_cores(scenario.cores)) as server:
                    results.add(scenario.name, name, scenario.measure(server, seconds))
            except (ProtocolError, CannotStart, OSError) as error:
                failures += 1
                print(f"bench: {scenario.name}, {name}: {error}", file=sys.stderr)
    return failures


def _is_installed(peer: Peer) -> bool:
    try:
        install(peer)
    except CannotInstall as error:
        print(f"bench: {error}; it is left out", file=sys.stderr)
        return False
    return True


def _peer(name: str, before: str) -> Peer:
    peer = ALL_PEERS[name]
    return replace(peer, commit=before) if peer.commit and before else peer


def _warn_of_few_cores(scenario: Scenario) -> None:
    available = len(os.sched_getaffinity(0))
    if available == 1:
        print("bench: server and load share one core, so the figures mean little; use two cores", file=sys.stderr)
    elif available <= scenario.cores:
        print(
            f"bench: {scenario.name}: the load shares the cores of the servers, so more than {available} would show"
            " more of what the fastest can do",
            file=sys.stderr,
        )


def _options() -> argparse.ArgumentParser:
    about = "Measures txsockjs, the WSGI side of mixsvc and their peers; prints a table."
    scenarios, servers = ", ".join(SCENARIOS), ", ".join(ALL_PEERS)
    parser = argparse.ArgumentParser(prog="python -m bench", description=about)
    add = parser.add_argument
    add("--only", type=_names(SCENARIOS), default=list(SCENARIOS), help=f"separated by commas: {scenarios} (all)")
    add("--servers", type=_names(ALL_PEERS), default=list(ALL_PEERS), help=f"separated by commas: {servers} (all)")
    add(
        "--before", default="", help="the commit that the servers named -before run (each the one that its table names)"
    )
    add("--rounds", type=_rounds, default=5, help="how often to measure each server, 1 to 1000 (5)")
    add("--seconds", type=_seconds, default=3.0, help="duration of each measurement in seconds, at most 60 (3)")
    return parser


def _names(known: Iterable[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not known; choose from: {', '.join(known)}")
        return text.split(",")

    return read


def _rounds(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not valid: give a whole number from 1 to 1000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not valid: give a number of seconds above 0, at most 60")
    return seconds


if __name__ == "__main__":
    sys.exit(_main())
