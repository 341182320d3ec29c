"""Lists with other activations by every engine, and the checker's word on them, on small instances.

Usage: `./run -- python -m benchmarks.activations [--instances 60] [--special 20] [--seed 1]`, and
`[--linear free]` for networks with a linear part, with relu and half of them without hidden bias.
Each instance is solved with each of several activations by the certified engine and by both
Groebner formulations; their documents are compared number by number, the checker proves the first,
and random networks are led downhill, to points that have to be listed. Prints what is not settled,
and what all come to. The exit code is 1 if something is contradicted.
"""

import argparse
import random
import sys
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.box_agreement import POSITIONS, ROUTE, scattered
from benchmarks.findings import (
    Finding,
    Kind,
    contradicted,
    differing,
    gone_through,
    left_open,
)
from reluenum import Problem, enumerate_minima
from reluenum.activation import Activation
from reluenum.engines.checked import refusal
from reluenum.groebner.backends import Settings
from reluenum.optimisers import Objective
from reluenum.optimisers.explain import EndKind, Explainer
from reluenum.optimisers.steps import LBFGS
from reluenum.problem import Linear

ACTIVATIONS = ("leaky:1/10", "leaky:-1/2", "abs", "slopes:0,-1", "slopes:1/3,2")

LARGEST = {(1, 1): 5, (1, 2): 4, (2, 1): 4, (2, 2): 2}
"""Points for a dimension and a width: Groebner bases of the eliminated formulation take long."""

STARTS = 20
"""Of descents, of an instance."""

WAYS = {
    "certified": {"engine": "certified"},
    "reduced": {},
    "eliminated": {"formulation": "eliminated"},
}


def drawn_small(seed: int, special: bool) -> Problem:
    """Return a random small problem; special ones have ties, repeats and symmetries.

    Examples
    --------
    >>> drawn_small(3, True) == drawn_small(3, True)
    True
    """
    draw, d, width = random.Random(f"{seed} {special}"), 1 + seed % 2, 1 + seed // 2 % 2
    some = [name for name in POSITIONS if name not in ("collinear", "tied", "level")]
    make = POSITIONS[draw.choice(some)] if special else scattered
    points = make(draw, draw.randint(2, LARGEST[d, width]), d)
    loss, bias = draw.choice(("sum", "mean")), draw.choice(("none", "free", "ridge"))
    ridge = draw.choice(("1/100", "1/10", "1/2", "1"))
    return Problem.from_text(*points, width, ridge, loss=loss, output_bias=bias)


def asked(problem: Problem, activation: str, linear: str, seed: int) -> Problem:
    """Return a problem with another activation and linear part, then with or without hidden bias.

    Examples
    --------
    >>> asked(drawn_small(4, True), "relu", "free", 1)
    Problem(n=5, d=1, width=1, ridge=1/100, loss=sum, output_bias=free, linear=free)
    """
    biased = linear == "none" or seed % 4 < 2 or not any(map(any, problem.inputs))
    found = replace(problem, activation=Activation.of(activation), linear=linear)
    return replace(found, hidden_bias="ridge" if biased else "none")


def findings(problem: Problem, starts: int = STARTS) -> list[Finding]:
    """List the minima of a problem in every way, and say what is not settled."""
    landscapes = {name: enumerate_minima(problem, **way) for name, way in WAYS.items()}
    found = [left for name, one in landscapes.items() for left in left_open(name, one.undecided)]
    documents = [one.document for one in landscapes.values() if one.is_complete]
    found += differing(documents, ROUTE)
    document = landscapes["certified"].document
    if landscapes["certified"].is_complete and (refused := refusal(document)):
        found.append(Finding(Kind.REFUSED, f"verify: {refused}"))
    objective, generator = Objective(problem), np.random.default_rng(1)
    ends = LBFGS()(objective, objective.draw(starts, generator), generator)
    with Settings().open() as backends:
        explained = Explainer(problem, document["components"], backends).explain_rows(ends)
    missing = [end for end in explained if end.kind is EndKind.MISSING]
    return found + [Finding(Kind.DIFFERENT, f"a run ends off the list: {m}") for m in missing]


def main() -> int:
    """Go through all instances."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instances", type=int, default=60, help="at random positions")
    parser.add_argument("--special", type=int, default=20, help="at special ones")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seconds", type=float, default=300, help="limit of an instance")
    parser.add_argument("--linear", choices=[*Linear], default="none", help="linear part")
    parser.add_argument("--starts", type=int, default=STARTS, help="descents of an instance")
    options = parser.parse_args()
    problems, texts = {}, [*["relu"] * (options.linear != "none"), *ACTIVATIONS]
    for special, count in ((False, options.instances), (True, options.special)):
        for seed in range(options.seed, options.seed + count):
            for text in texts:
                name = f"{text} {'special' if special else 'scattered'} {seed}"
                problems[name] = asked(drawn_small(seed, special), text, options.linear, seed)
    look = partial(findings, starts=options.starts)
    return int(contradicted(gone_through(problems, look, options.seconds)))


if __name__ == "__main__":
    sys.exit(main())
