"""Instances of growing size, given to every peer until it gives up.

A peer that does not finish an instance within the limit is not asked for larger ones. So on all
instances together it spends, for each round, less than twice the limit, since supports grow at
least by a factor of two or so; and the limit once for nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.clock import Progress, TimeUp, ratio, spread, time_limit, turns
from benchmarks.peers import FORMS, PEERS, Form, Peer, asked, described, opened, stationary_points
from reluenum import Problem, enumerate_minima
from reluenum.datasets.families import random_data, reference_data
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import count_supports, supports
from reluenum.groebner.limits import DEFAULT_MEGABYTES, Limits
from reluenum.problem import parse_ridge

RIDGE = "1/100"

AUTO, CERTIFIED = "Groebner engine", "certified engine"
"""Whole enumerations, with proofs, beside peers that only solve systems."""


@dataclass(frozen=True)
class Rung:
    """An instance of a ladder.

    Parameters
    ----------
    n, d, width : int
        Data are random; for n = 5, d = 1 they are those of the paper.
    """

    n: int
    d: int
    width: int

    def problem(self) -> Problem:
        """Return the instance."""
        if (self.n, self.d) == (5, 1):
            return Problem(*reference_data(), self.width, parse_ridge(RIDGE))
        data = random_data(self.n, self.d, seed=1, denominator=100_000)
        return Problem.from_text(*data, self.width, RIDGE)


@dataclass(frozen=True)
class Climb:
    """How far a peer came with an instance.

    Parameters
    ----------
    seconds : float
    done : int
        Systems, or 0 for an engine that did not finish.
    stationary : int
        Supports on which it found a stationary point.
    unanswered : int
        Systems that it failed on; the others went on.
    finished : bool
        Whether it came to the end within the limit.
    """

    seconds: float
    done: int
    stationary: int
    unanswered: int
    finished: bool


Climber = Callable[[Problem, float], Climb]
"""From an instance and a limit of seconds."""


def climb_systems(form: Form, peer: Peer, problem: Problem, limit: float) -> Climb:
    """Write down and solve the system of every support; only that is timed."""
    seconds, done, stationary, unanswered = 0.0, 0, 0, 0
    for support in supports(Arrangement.of(problem), problem.width):
        if seconds >= limit:
            return Climb(seconds, done, stationary, unanswered, False)
        started = time.perf_counter()
        system = form.write(problem, support)
        answer = asked(peer, system, Limits(limit - seconds, DEFAULT_MEGABYTES))
        seconds += time.perf_counter() - started
        if answer.reason and seconds < limit:
            unanswered += 1
        done += not answer.reason
        points = described(problem, support, form, answer.real or [])
        stationary += bool(stationary_points(problem, support, points))
    return Climb(seconds, done, stationary, unanswered, seconds < limit)


def climb_whole(engine: str, problem: Problem, limit: float) -> Climb:
    """Enumerate and certify everything."""
    started = time.perf_counter()
    try:
        with time_limit(limit):
            found = enumerate_minima(problem, engine=engine, force=True)
    except TimeUp:
        return Climb(time.perf_counter() - started, 0, 0, 0, False)
    seconds = time.perf_counter() - started
    supports, stationary = found.counts.supports_examined, found.tally.stationary
    return Climb(seconds, supports, stationary, len(found.undecided), seconds < limit)


def climbers(runs: Sequence[tuple[str, str]], peers: Sequence[Peer]) -> dict[str, Climber]:
    """Return what climbs: the engines, and forms by peers that are installed."""
    by_name = {peer.name: peer for peer in peers}
    found: dict[str, Climber] = {
        CERTIFIED: partial(climb_whole, "certified"),
        AUTO: partial(climb_whole, "groebner"),
    }
    for form, name in runs:
        if name in by_name:
            found[f"{form}, {name}"] = partial(climb_systems, FORMS[form], by_name[name])
    return found


def climbed(
    ladder: Sequence[Rung],
    able: Mapping[str, Climber],
    limit: float,
    rounds: int,
    share: float,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Let everyone climb a ladder, taking turns.

    Returns
    -------
    list of dict
        For each instance its size, the number of `stationary` supports that the certified engine
        proves (None if it gave up), and for each peer that was asked: `seconds` if it finished,
        with `ratio` to the certified engine; `done` systems; `stationary` supports found;
        `unanswered` systems; or that it `gave_up`.
    """
    alive, found = dict(able), []
    for rung in ladder:
        if not alive:
            break
        problem = rung.problem()
        runs: dict[str, list[Climb]] = {name: [] for name in alive}
        for turn in turns(rounds, share):
            for name, climb in alive.items():
                if turn == 0 or runs[name][0].finished:
                    runs[name].append(climb(problem, limit))
        found.append(rung_record(rung, problem, runs))
        for name, climbs in runs.items():
            if not climbs[0].finished:
                del alive[name]
        progress(
            f"n = {rung.n}, d = {rung.d}, L = {rung.width}, {found[-1]['supports']} supports: "
            f"{len(alive)} go on"
        )
    return found


def rung_record(
    rung: Rung, problem: Problem, runs: Mapping[str, Sequence[Climb]]
) -> dict[str, Any]:
    """Return what `climbed` says of one instance."""
    base = runs.get(CERTIFIED, ())
    proved = base[0].stationary if base and base[0].finished else None
    records = []
    for name, climbs in runs.items():
        first, seconds = climbs[0], [climb.seconds for climb in climbs]
        known = first.finished and proved is not None
        records.append(
            {
                "peer": name,
                "gave_up": not first.finished,
                "seconds": spread(seconds) if first.finished else None,
                "ratio": ratio(seconds, [climb.seconds for climb in base]) if known else None,
                "done": first.done,
                "unanswered": first.unanswered,
                "stationary": first.stationary,
            }
        )
    total = count_supports(len(Arrangement.of(problem).live_faces), problem.width)
    size = {"n": rung.n, "d": rung.d, "width": rung.width, "supports": total}
    return {**size, "stationary": proved, "peers": records}


def all_climbed(
    ladders: Mapping[str, Sequence[Rung]],
    runs: Sequence[tuple[str, str]],
    limit: float,
    rounds: int,
    share: float,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Return the record of every ladder."""
    peers = opened([name for name in PEERS if any(name == peer for _, peer in runs)])
    try:
        able = climbers(runs, peers)
        return [
            {
                "ladder": name,
                "limit": limit,
                "rungs": climbed(rungs, able, limit, rounds, share, progress),
            }
            for name, rungs in ladders.items()
        ]
    finally:
        for peer in peers:
            peer.close()
