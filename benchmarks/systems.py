"""The same polynomial systems given to every peer: times, and solutions missed.

Peers and forms take turns at every system, so that noise of the machine hits all alike.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import phc
from benchmarks.clock import Progress, ratio, spread, turns
from benchmarks.peers import (
    ELIMINATED,
    FORMS,
    PAPER,
    Account,
    Answer,
    Form,
    Peer,
    Point,
    Tally,
    asked,
    described,
    proved_points,
    stationary_points,
)
from reluenum.engines.eliminated.products import independent_blocks
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.supports import Support
from reluenum.groebner.limits import DEFAULT_MEGABYTES, Limits
from reluenum.problem import Problem

BASE = ("reduced", "flint")
"""Whose time every other time is divided by."""

Run = tuple[str, str]
"""A form and a peer."""


def sampled(truth: Mapping[Support, Point | None], steps: tuple[int, int]) -> list[Support]:
    """Return one in so many of the supports with a stationary point, and of those without."""
    chosen = []
    for step, stationary in zip(steps, (True, False), strict=True):
        chosen += [s for s, point in truth.items() if (point is not None) == stationary][::step]
    return chosen


def asked_of(problem: Problem, form: Form, support: Support) -> bool:
    """Whether a form has a system of its own for a support.

    The eliminated one splits into those of independent units.
    """
    return form is not ELIMINATED or len(independent_blocks(problem, support)) == 1


def compared(
    problem: Problem,
    steps: Mapping[str, tuple[int, int]],
    peers: Sequence[Peer],
    seconds: Mapping[str, float],
    allowance: float,
    rounds: int,
    share: float,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Give the systems of a problem to every peer in every form.

    Parameters
    ----------
    problem : Problem
    steps : mapping
        Which supports each form is asked for, as for `sampled`.
    peers : sequence of Peer
    seconds : mapping
        Limit of time on one system, for each form.
    allowance : float
        Seconds for all first answers of a peer in one form; systems beyond it are not tried.
    rounds : int
        What was answered is asked again until there are so many answers.
    share : float
        Seconds into which further rounds have to fit.
    progress : Progress

    Returns
    -------
    list of dict
        What `record` returns, for each form and peer.
    """
    truth = proved_points(problem)
    chosen = {
        name: [s for s in sampled(truth, by_kind) if asked_of(problem, FORMS[name], s)]
        for name, by_kind in steps.items()
    }
    accounts: dict[Run, Account] = {
        (name, peer.name): Account() for name in chosen for peer in peers
    }
    every = list(dict.fromkeys(s for supports in chosen.values() for s in supports))
    for turn in turns(rounds, share):
        for account in accounts.values():
            account.rounds.append({})
        for k, support in enumerate(every):
            for name, supports in chosen.items():
                if support not in supports:
                    continue
                system = FORMS[name].write(problem, support)
                limits = Limits(seconds[name], DEFAULT_MEGABYTES)
                for peer in peers:
                    account = accounts[name, peer.name]
                    if _has_turn(account, turn, k, allowance):
                        account.rounds[turn][k] = asked(peer, system, limits)
        progress(f"systems: round {turn + 1} of {rounds}")
    numbers = {support: k for k, support in enumerate(every)}
    systems = {name: [numbers[s] for s in supports] for name, supports in chosen.items()}
    return [record(problem, run, accounts, systems[run[0]], every, truth) for run in accounts]


def _has_turn(account: Account, turn: int, k: int, allowance: float) -> bool:
    """Whether a peer is asked: first while it has time, then for what it answered."""
    if turn == 0:
        return sum(answer.seconds for answer in account.first.values()) < allowance
    return k in account.first and not account.first[k].reason


def record(
    problem: Problem,
    run: Run,
    accounts: Mapping[Run, Account],
    systems: Sequence[int],
    every: Sequence[Support],
    truth: Mapping[Support, Point | None],
) -> dict[str, Any]:
    """Return what one peer did in one form.

    Returns
    -------
    dict
        `systems`; of these `finished`, `infinite` (infinitely many solutions), `not_tried`, and
        `gave_up` by kind; `seconds` for all finished ones, the `slowest` of them, and `ratio` to
        `BASE` on the `common` systems that both finished; `complex` solutions beside the `degree`
        that algebra says; `real` and `stationary` solutions found, missed, extra and unanswered.
    """
    form, account = FORMS[run[0]], accounts[run]
    finished = account.finished
    base = accounts.get(BASE, Account([{}]))
    common = [k for k in finished if k in base.finished]
    real, stationary, complex_found, degree = Tally(), Tally(), 0, 0
    for k in systems:
        answer = account.first.get(k, Answer(0.0, reason="not tried"))
        given, support = answer.real, every[k]
        points = None if given is None else described(problem, support, form, given)
        chosen = None if points is None else stationary_points(problem, support, points)
        proved = truth[support]
        stationary.count(chosen, [] if proved is None else [proved])
        algebra = _by_algebra(form.name, k, accounts)
        if algebra is not None:
            real.count(points, described(problem, support, form, algebra.real))
            complex_found += answer.complex or 0
            degree += algebra.complex if given is not None else 0
    reasons = [answer.reason for answer in account.first.values() if answer.reason]
    return {
        "form": run[0],
        "peer": run[1],
        "systems": len(systems),
        "finished": len(finished),
        "infinite": sum(account.first[k].infinite for k in finished),
        "not_tried": len(systems) - len(account.first),
        "gave_up": dict(Counter(map(kind, reasons))),
        "reasons": sorted(set(reasons))[:2],
        "seconds": spread(account.seconds(finished)) if finished else None,
        "slowest": max((account.first[k].seconds for k in finished), default=None),
        "ratio": ratio(account.seconds(common), base.seconds(common)) if common else None,
        "common": len(common),
        "complex": complex_found,
        "degree": degree,
        "real": vars(real),
        "stationary": vars(stationary),
    }


def kind(reason: str) -> str:
    """Return in a word why a peer gave up.

    Examples
    --------
    >>> kind("not solved within 5 s"), kind("not solved within 4000 MB of memory"), kind("exit 1")
    ('time', 'memory', 'failed')
    """
    if not reason.startswith("not solved within"):
        return "failed"
    return "memory" if reason.endswith("memory") else "time"


def _by_algebra(form: str, k: int, accounts: Mapping[Run, Account]) -> Answer | None:
    """Return the answer of a Groebner engine that finished, if finitely many is the answer."""
    for (name, peer), account in accounts.items():
        answer = account.first.get(k)
        if name == form and peer != phc.NAME and answer and answer.real is not None:
            return answer
    return None


def repeated(
    problem: Problem, peers: Sequence[Peer], seconds: float, step: int, progress: Progress
) -> list[dict[str, Any]]:
    """Give systems of two units on one face to every peer; these have curves of solutions.

    The reduced form has none of them: what counts there is the sum of squares of a face.

    Returns
    -------
    list of dict
        For each form and peer, of so many `systems` how many it calls `infinite`, on how many it
        `gave_up`, for how many it lists finitely many `points`, and the `seconds` for all.
    """
    faces = Arrangement.of(problem).live_faces[::step]
    found = []
    for form in (PAPER, ELIMINATED):
        answers: dict[str, list[Answer]] = {peer.name: [] for peer in peers}
        for face in faces:
            system = form.write(problem, (face, face))
            for peer in peers:
                answers[peer.name].append(asked(peer, system, Limits(seconds, DEFAULT_MEGABYTES)))
        found += list(_repeated_records(form, answers))
    progress(f"systems: {len(faces)} repeated faces")
    return found


def _repeated_records(
    form: Form, answers: Mapping[str, Sequence[Answer]]
) -> Iterator[dict[str, Any]]:
    for name, given in answers.items():
        listed = [answer for answer in given if answer.complex is not None]
        yield {
            "form": form.name,
            "peer": name,
            "systems": len(given),
            "infinite": sum(answer.infinite for answer in given),
            "gave_up": dict(Counter(kind(a.reason) for a in given if a.reason)),
            "listed": len(listed),
            "points": sum(answer.complex for answer in listed),
            "seconds": sum(answer.seconds for answer in given),
        }
