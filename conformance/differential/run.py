"""Compare this package with official Flask 3.1.3, request by request.

    python conformance/differential/run.py                      everything
    python conformance/differential/run.py --cases              the fixed suite
    python conformance/differential/run.py --requests 20000     more random ones
    python conformance/differential/run.py --only settings      one configuration

The same app serves the same raw requests in two worker processes, each with an
environment of its own. Exits with 1 if an answer differs and no rule of
``accepted.toml`` explains it, or if a rule there explains nothing any more.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import environments
from by_asgi import can_be_carried
from cases import CASES
from cases.build import Case
from compare import Accepted, Difference, difference, explained, load_accepted, told
from generate import Generator
from jar import Jar
from peers import Pair, Peer, PeerFailed
from protocol import Observation, Request
from shrink import shrink
from sweep import swept

GROUPS_SHOWN = 40


class Run:
    """One comparison: counts what was asked, keeps what differed."""

    def __init__(self, pair: Pair, accepted: Accepted, *, shrinking: bool) -> None:
        self.pair, self.shrinking = pair, shrinking
        self.rules, self.masks = accepted.rules, accepted.masks
        self.requests = 0
        self.used: Counter[str] = Counter()
        self.groups: dict[tuple[object, ...], list[Difference]] = {}
        self.failures: list[str] = []

    def case(self, case: Case) -> None:
        """Ask the requests of a case, with one jar."""
        jar, asked = Jar(), list[Request]()
        for request in case.requests:
            if self.pair.asgi and not can_be_carried(request):
                continue
            asked.append(jar.fill(request))
            official = self.ask(case.config, tuple(asked), case.name)
            if official is None:
                return
            jar.remember(official)

    def ask(self, config: str, asked: tuple[Request, ...], name: str) -> Observation | None:
        """Ask the last of these; None when a worker was lost over it."""
        self.requests += 1
        try:
            official, ours = self.pair.serve(config, asked[-1])
        except PeerFailed as failure:
            self.failures.append(f"{name}\n  {asked[-1]}\n  {failure}")
            self.pair.official.restart()
            self.pair.ours.restart()
            return None
        found = difference(config, asked, official, ours, self.masks)
        if found is not None:
            self.note(found)
        return official

    def note(self, found: Difference) -> None:
        """Count an explained difference, keep any other with its like."""
        rule = explained(found, self.rules)
        if rule is not None:
            self.used[rule.name] += 1
        else:
            self.groups.setdefault(found.group, []).append(found)

    def smallest(self, first: Difference) -> Difference:
        """The difference with its requests shrunk."""
        smallest = first

        def differs(requests: tuple[Request, ...]) -> bool:
            nonlocal smallest
            again = self.replay(first.config, requests)
            if again is None or again.signature != first.signature:
                return False
            if explained(again, self.rules) is not None:
                return False
            smallest = again
            return True

        self.pair.reset(first.config)
        shrink(first.requests, differs)
        return smallest

    def replay(self, config: str, requests: tuple[Request, ...]) -> Difference | None:
        """Ask these again; the difference of the last one, if any."""
        try:
            for request in requests:
                official, ours = self.pair.serve(config, request)
        except PeerFailed:
            self.pair.official.restart()
            self.pair.ours.restart()
            return None
        return difference(config, requests, official, ours, self.masks)

    def generate(self, catalogue: dict[str, Any], count: int, seed: int, only: str | None) -> None:
        """Ask ``count`` random requests, in short sequences with a jar."""
        target, number = self.requests + count, 0
        while self.requests < target:
            chance = random.Random(f"{seed}/{number}")
            generator = Generator(chance, catalogue)
            config = only or generator.config()
            jar, asked = Jar(), list[Request]()
            for _ in range(min(chance.choice((1, 1, 2, 3, 5)), target - self.requests)):
                asked.append(jar.fill(self.carried(generator, config)))
                official = self.ask(config, tuple(asked), f"seed {seed}, sequence {number}")
                if official is None:
                    break
                jar.remember(official)
            number += 1

    def carried(self, generator: Generator, config: str) -> Request:
        """A random request; by ASGI the first one that can be carried."""
        while True:
            request = generator.request(config)
            if not self.pair.asgi or can_be_carried(request):
                return request

    def report(self, *, complete: bool) -> int:
        """Print what was found; the exit status."""
        by_size = sorted(self.groups.values(), key=len, reverse=True)
        for number, group in enumerate(by_size[:GROUPS_SHOWN], 1):
            first = self.smallest(group[0]) if self.shrinking else group[0]
            print(f"--- difference {number}, seen {len(group)} times: {told(first)}\n")
        if len(by_size) > GROUPS_SHOWN:
            print(f"... and {len(by_size) - GROUPS_SHOWN} further groups of differences\n")
        for failure in self.failures:
            print(f"--- a worker was lost: {failure}\n")
        stale = [
            rule
            for rule in self.rules
            if complete and not self.used[rule.name] and not rule.older and not rule.rare
        ]
        for rule in stale:
            print(f"--- accepted.toml: [{rule.name}] explains no fixed case any more: remove it\n")
        for rule in self.rules:
            if self.used[rule.name]:
                print(f"accepted {self.used[rule.name]:5} x {rule.name}: {rule.reason}")
        return 1 if by_size or self.failures or stale else 0


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", action="store_true", help="the fixed suite")
    parser.add_argument("--requests", type=int, help="random requests (2000; with --cases none)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random requests (1)")
    parser.add_argument(
        "--shrink",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="make each difference as small as it gets (the default)",
    )
    parser.add_argument("--only", metavar="CONFIG", help="one configuration of the app")
    parser.add_argument("--match", metavar="TEXT", help="only cases with this text in their names")
    parser.add_argument("--official-python", type=Path, help="a Python that has official Flask")
    parser.add_argument("--ours-python", type=Path, help="a Python that has this package")
    parser.add_argument("--asgi", action="store_true", help="ask ours by ASGI")
    parser.add_argument("--plant", action="store_true", help="make ours lie, to test the tool")
    parser.add_argument("--make-environments", action="store_true", help="make them and stop")
    return parser


def greet(pair: Pair) -> bool:
    """Print who is compared, refuse the wrong ones; is the second one ours?"""
    official, ours = pair.ask({"do": "hello"})
    for peer, told_by in ((pair.official, official), (pair.ours, ours)):
        versions = ", ".join(f"{name} {version}" for name, version in told_by["versions"].items())
        print(f"{peer.name:8} Python {told_by['python']}, {versions}")
    if official["versions"]["flask"] != environments.OFFICIAL_VERSION or official[
        "summary"
    ].startswith(environments.OUR_SUMMARY):
        raise SystemExit(
            f"the first Python must have official Flask {environments.OFFICIAL_VERSION}"
        )
    if not ours["summary"].startswith(environments.OUR_SUMMARY):
        print("note: both are official Flask; this run only tests the tool")
        return False
    return True


def main() -> int:
    """Run what the command line asks for; the exit status."""
    options = arguments().parse_args()
    started = time.monotonic()
    try:
        official_python = options.official_python or environments.official()
        ours_python = options.ours_python or environments.ours()
    except environments.CannotMake as failure:
        raise SystemExit(f"an environment could not be made: {failure}") from None
    if options.make_environments:
        return 0
    plant = ["--plant"] if options.plant else []
    theirs, own = (["--beside-asgi"], ["--asgi", *plant]) if options.asgi else ([], plant)
    with (
        Peer("official", official_python, *theirs) as official,
        Peer("ours", ours_python, *own) as ours,
    ):
        pair = Pair(official, ours, asgi=options.asgi)
        chosen_ones = options.only or options.match or options.asgi
        complete = greet(pair) and not chosen_ones
        catalogue, _ = pair.ask({"do": "catalogue"})
        if options.only and options.only not in catalogue["rules"]:
            raise SystemExit(f"--only: choose one of {', '.join(catalogue['rules'])}")
        run = Run(pair, load_accepted(), shrinking=options.shrink)
        for case in (*CASES, *swept(catalogue)):
            chosen = options.only in (None, case.config) and (options.match or "") in case.name
            if chosen:
                run.case(case)
        fixed = run.requests
        count = options.requests
        if count is None:
            count = 0 if options.cases or options.match else 2000
        run.generate(catalogue, count, options.seed, options.only)
        asked_in = time.monotonic() - started
        status = run.report(complete=complete)
    print(
        f"{len(CASES)} written cases, {fixed} fixed requests, {run.requests - fixed} random ones "
        f"(seed {options.seed}), {len(run.groups)} unexplained groups, {asked_in:.1f} s"
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
