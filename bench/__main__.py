"""`python -m bench`: all servers, one after the other, round by round.

The exit status is 0 when everything was measured, whether or not a target is met; 1 when a server failed; 130 after
Ctrl-C.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from bench.peers import EVERYBODY, CannotInstall, Peer, install
from bench.processes import CannotStart, ending_cleanly, on_cores, raise_file_limit, running
from bench.report import Results, table
from bench.scenarios import SCENARIOS, Scenario
from bench.wire import Bad

# Sockets of the largest scenario, and some for the rest.
_FILES: Final = 5200


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
    peers = {name: EVERYBODY[name] for name in wanted if _is_installed(EVERYBODY[name])}
    _warn_of_few_cores()
    failures = len(wanted) - len(peers)
    for scenario in (SCENARIOS[name] for name in asked.only):
        # Side by side, so that what else happens on the machine meets all alike.
        for number in range(asked.rounds):
            print(f"bench: {scenario.name}, round {number + 1} of {asked.rounds}", file=sys.stderr)
            failures += _round(scenario, peers, asked.seconds, results)
    return min(failures, 1)


def _round(scenario: Scenario, peers: Mapping[str, Peer], seconds: float, results: Results) -> int:
    """Measure each server once; how many failed."""
    failures = 0
    for name in scenario.servers:
        if name in peers:
            try:
                with running(peers[name], on_cores()) as server:
                    results.add(scenario.name, name, scenario.measure(server, seconds))
            except (Bad, CannotStart, OSError) as error:
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


def _warn_of_few_cores() -> None:
    if len(set(on_cores())) == 1:
        print("bench: only one core is here, which server and load share; the figures say little", file=sys.stderr)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure txsockjs, the WSGI side, and their peers."
    )
    add = parser.add_argument
    add("--only", type=_names(SCENARIOS), default=list(SCENARIOS), help=f"some of {','.join(SCENARIOS)}")
    add("--servers", type=_names(EVERYBODY), default=list(EVERYBODY), help=f"some of {','.join(EVERYBODY)}")
    add("--rounds", type=_rounds, default=5, help="how often each is measured (5)")
    add("--seconds", type=_seconds, default=3.0, help="how long each measurement takes (3)")
    return parser


def _names(known: Iterable[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name!r}; there are: {', '.join(known)}")
        return text.split(",")

    return read


def _rounds(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0, at most 60")
    return seconds


if __name__ == "__main__":
    sys.exit(_main())
