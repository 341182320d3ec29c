"""Deep networks solved in two ways each, on random data, half of them in special position.

Usage: `./run -- python -m benchmarks.deep_routes --instances 100 --seed 1 [--hidden 1,1]`. For
widths with a certified engine both engines list the minima, and `reluenum verify` proves the
certified list; for others two backends solve every system, and on chains both formulations do.
Every listed minimum is perturbed. Prints what is not settled on an instance, with its data, and
what all come to. The exit code is 1 if two ways contradict each other.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from flint import fmpq

from benchmarks.findings import Finding, Kind, contradicted, differing, gone_through, left_open
from reluenum import Landscape, Problem, enumerate_minima
from reluenum.datasets.families import random_data
from reluenum.engines.checked import refusal
from reluenum.engines.deep.enumeration.strata import strata
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.networks import ScaledNetwork
from reluenum.engines.deep.systems.solve import (
    DeepOutcome,
    StratumSystem,
    formulated,
    solve_stratum,
)
from reluenum.engines.deep.systems.wide import Wide
from reluenum.errors import InputError
from reluenum.groebner.backends import DEFAULT_LIMITS, Settings
from reluenum.groebner.limits import Limits
from reluenum.optimisers.perturbations import ExactNetwork, lower_neighbours
from reluenum.problem import parse_ridge

KINDS = ("generic", "whole", "mirrored", "equal inputs", "ties")
"""Positions of data; the generic one is drawn as often as all others together."""

RIDGES = ("1/100", "1/30", "1/10", "1/3", "1")

LARGEST = {(1, 1): (6, 4), (2, 1): (4, 3), (1, 1, 1): (4, 3)}
"""Data points with one and with two inputs; 3 for widths that are not named."""

ROUTE = ("completeness", "certificate")
"""The records of a document that say how it was found."""


def drawn_problem(hidden: Sequence[int], seed: int) -> Problem:
    """Return a random problem with rational data.

    Examples
    --------
    >>> drawn_problem((1, 1), 3) == drawn_problem((1, 1), 3)
    True
    """
    draw = random.Random(f"{seed} {hidden}")
    kind = KINDS[0] if draw.random() < 0.5 else draw.choice(KINDS[1:])
    d = draw.choice((1, 1, 2))
    n = draw.randint(2, LARGEST.get(tuple(hidden), (3, 3))[d - 1])
    denominator = 3 if kind == "whole" else 100
    given = random_data(n, d, draw.randrange(10**6), denominator)
    inputs, targets = list(given[0]), list(given[1])
    if kind == "whole":
        inputs = [tuple(x * denominator for x in row) for row in inputs]
        targets = [y * denominator for y in targets]
    elif kind == "mirrored":
        side = draw.choice((1, -1))
        for i in range(n // 2):
            inputs[-1 - i] = tuple(-x for x in inputs[i])
            targets[-1 - i] = targets[i] * side
    elif kind == "equal inputs":
        inputs[-1] = inputs[0]
    elif kind == "ties":
        targets = [targets[0] * draw.choice((1, 1, -1, 0)) for _ in targets]
    ridge = parse_ridge(draw.choice(RIDGES))
    return Problem(tuple(inputs), tuple(map(fmpq, targets)), tuple(hidden), ridge)


def findings(
    problem: Problem, neighbours: int = 1000, limits: Limits = DEFAULT_LIMITS
) -> list[Finding]:
    """Solve a problem in two ways, and say what they contradict each other on or leave open."""
    landscape = enumerate_minima(problem, seconds=limits.seconds)
    found = [*left_open("groebner", landscape.undecided), *lowered(landscape, neighbours)]
    try:
        certified = enumerate_minima(problem, engine="certified")
    except InputError:  # there is none for these widths
        pass
    else:
        found += left_open("certified", certified.undecided)
        return [*found, *differing_documents(landscape, certified), *refusals(certified)]
    by_backend = {name: solved(problem, Settings(name, limits)) for name in ("msolve", "singular")}
    found += differing_outcomes(by_backend)
    if set(problem.hidden) == {1}:
        systems = {"chain": Chain, "wide": Wide}
        auto = Settings(limits=limits)
        found += differing_outcomes({n: solved(problem, auto, s) for n, s in systems.items()})
    return found


def lowered(landscape: Landscape, neighbours: int) -> Iterator[Finding]:
    """Yield a finding for each listed minimum that some random neighbour is lower than."""
    for number, component in enumerate(landscape.document["components"], start=1):
        network = ExactNetwork.of_record(landscape.problem, component["representative"])
        if lower := lower_neighbours(network, neighbours, np.random.default_rng(0)):
            yield Finding(Kind.LOWER, f"component {number}: {lower} of {neighbours} are lower")


def differing_documents(*landscapes: Landscape) -> list[Finding]:
    """Compare documents of lists that are complete, number by number."""
    return differing([one.document for one in landscapes if not one.undecided], ROUTE)


def refusals(landscape: Landscape) -> list[Finding]:
    """Have the certificate of a list that is complete checked."""
    refused = "" if landscape.undecided else refusal(landscape.document)
    return [Finding(Kind.REFUSED, f"verify: {refused}")] if refused else []


def solved(
    problem: Problem, settings: Settings, system: Callable[..., StratumSystem] = formulated
) -> list[DeepOutcome]:
    """Solve the system of every stratum."""
    with settings.open() as backends:
        return [solve_stratum(problem, s, backends, system) for s in strata(problem)]


def differing_outcomes(outcomes: Mapping[str, Sequence[DeepOutcome]]) -> Iterator[Finding]:
    """Yield a finding for each stratum on which ways find other networks, and what is open."""
    ways, left = ", ".join(outcomes), 0
    for same in zip(*outcomes.values(), strict=True):
        if any(one.reason for one in same):
            left += 1
        elif any(in_digits(one) != in_digits(same[0]) for one in same):
            yield Finding(Kind.DIFFERENT, f"{ways}: {same[0].stratum.text}")
    if left:
        count = len(next(iter(outcomes.values())))
        yield Finding(Kind.UNFINISHED, f"{ways}: {left} of {count} strata not by all")


def in_digits(outcome: DeepOutcome) -> list[list[float]]:
    """Return losses and weights of the stationary networks of a stratum to ten digits, sorted."""
    return sorted(
        [round(x, 10) + 0.0 for x in (float(network.loss), *_weights(network))]
        for network in outcome.networks
    )


def _weights(network: ScaledNetwork) -> Iterator[float]:
    """Yield the weights in ordinary units."""
    for layer, factors in zip(network.rows, network.penalties, strict=True):
        for row, line in zip(layer, factors, strict=True):
            yield from (float(w) * float(f) ** 0.5 for w, f in zip(row, line, strict=True))


def main() -> int:
    """Go through some instances, one after the other in a process that can be ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", default="1,1", help="widths, from the inputs to the output")
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first instance")
    parser.add_argument("--seconds", type=float, default=120, help="limit of an instance")
    parser.add_argument("--system", type=float, default=5, help="limit of a system, in seconds")
    options = parser.parse_args()
    hidden = tuple(map(int, options.hidden.split(",")))
    seeds = range(options.seed, options.seed + options.instances)
    problems = {str(seed): drawn_problem(hidden, seed) for seed in seeds}
    work = partial(findings, limits=Limits(options.system))
    return int(contradicted(gone_through(problems, work, options.seconds)))


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
