"""Measure everything that docs/benchmarks.md shows, and write docs/data/benchmarks.json.

    make bench

Then `python -m benchmarks.render` makes page and figures of that file, as often as one likes.
"""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import certified, engines, ladders, phc, systems, trees
from benchmarks.clock import Progress
from benchmarks.ladders import Rung
from benchmarks.peers import PEERS, opened
from reluenum import Problem
from reluenum.datasets.families import reference_data
from reluenum.documents.files import write_text
from reluenum.errors import BackendError
from reluenum.groebner.versions import installed_versions
from reluenum.problem import parse_ridge

TARGET = Path(__file__).parents[1] / "docs/data/benchmarks.json"

FORMAT, VERSION = "reluenum-benchmarks", 1


@dataclass(frozen=True)
class Plan:
    """What is measured, and how long it may take.

    Parameters
    ----------
    rounds : int
        Times that a measurement is repeated, taking turns with all others, if they fit into its
        share of the time.
    peers : tuple of str
        Keys of `PEERS`; those that are not installed are left out.
    width : int
        Of the reference instance whose systems every peer is given.
    steps : mapping
        For each form, of how many supports with a stationary point one is taken, and of how many
        without.
    seconds : mapping
        Limit of time on one system, for each form.
    allowance : float
        Limit of time on all systems of a form, for each peer, in the first round.
    systems_share : float
        Seconds into which all rounds have to fit.
    repeated_step : int
        Of how many faces one is repeated.
    ladders : mapping of str to tuple of Rung
    runs : tuple of pairs of str
        Forms and peers that climb them, beside both engines.
    rung_seconds : float
        Limit of time on one instance of a ladder.
    rung_share : float
        Seconds into which all rounds have to fit, for each instance.
    cases : tuple of engines.Case
    proofs : tuple of Rung
    proofs_share : float
        Seconds into which all rounds have to fit, for each of these.
    trees : tuple of Rung
    trees_share : float
        Seconds into which all rounds have to fit, for each of these.
    large : tuple of certified.Case
    """

    rounds: int
    peers: tuple[str, ...]
    width: int
    steps: Mapping[str, tuple[int, int]]
    seconds: Mapping[str, float]
    allowance: float
    systems_share: float
    repeated_step: int
    ladders: Mapping[str, tuple[Rung, ...]]
    runs: tuple[tuple[str, str], ...]
    rung_seconds: float
    rung_share: float
    cases: tuple[engines.Case, ...]
    proofs: tuple[Rung, ...]
    proofs_share: float
    trees: tuple[Rung, ...]
    trees_share: float
    large: tuple[certified.Case, ...]


PLAN = Plan(
    rounds=3,
    peers=tuple(PEERS),
    width=2,
    steps={"reduced": (1, 1), "eliminated": (3, 4), "paper": (6, 18)},
    seconds={"reduced": 3, "eliminated": 1, "paper": 3},
    allowance=40,
    systems_share=400,
    repeated_step=3,
    ladders={
        "points": tuple(Rung(n, 1, 2) for n in (2, 3, 5, 8, 12, 20, 35, 60, 100, 170)),
        "units": tuple(Rung(5, 1, width) for width in (1, 2, 3, 4, 5, 7)),
        "plane": tuple(Rung(n, 2, 2) for n in (2, 3, 4, 5, 6, 8, 10, 12, 16)),
    },
    runs=(
        *(("paper", name) for name in ("msolve", "singular", "sympy")),
        *(("reduced", name) for name in PEERS),
    ),
    rung_seconds=5,
    rung_share=80,
    cases=(
        engines.Case(1, engines.ALL_RUNS, 10, 20),
        engines.Case(2, engines.ALL_RUNS, 10, 120),
        engines.Case(3, engines.ALL_RUNS[:3], 120, 250),
    ),
    proofs=tuple(Rung(n, 1, 2) for n in (20, 60)),
    proofs_share=40,
    trees=(Rung(5, 1, 2), Rung(5, 1, 3), Rung(30, 1, 2), Rung(12, 2, 2), Rung(100, 1, 2)),
    trees_share=60,
    large=(
        certified.Case(100, 1, "2", 1),
        certified.Case(300, 1, "2", 1, verified=False),
        certified.Case(30, 1, "3", 2),
        certified.Case(12, 2, "2", 2),
        certified.Case(7, 1, "all", 2),
    ),
)
"""What `make bench` measures."""

ABOUT = {
    "rounds": "repetitions, taking turns; a spread has median, low, high and number of runs",
    "systems": "systems of the reference instance, by form and peer: finished, gave_up by reason,"
    " seconds for all finished ones, ratio to reduced by flint on the common ones, and solutions"
    " found, missed, extra and unanswered",
    "repeated": "systems of two units on one face, which have infinitely many solutions",
    "ladders": "instances that grow until a peer takes longer than the limit in seconds; ratio is"
    " to the certified engine, stationary the number of supports with a stationary point",
    "reference": "whole enumerations of the reference instance; ratio is to reduced by auto",
    "proofs": "seconds of the stages of the certified engine in one process; ratio is verify to"
    " both others",
    "trees": "seconds of the list and of its merge tree in one process; ratio is tree to list",
    "large": "the command line on large instances, each once; double is the share of supports that"
    " double precision decided",
    "earlier": "longer measurements, made once: when and how; not repeated by make bench",
    "seconds": "that the whole run took",
}
"""What the parts of the document are."""

EARLIER = {
    "paper_hours": {
        "value": 17.6,
        "when": "2026-11-23",
        "how": "CPU time of msolve 0.10.1 on one of two shared cores of an AMD EPYC: means over"
        " classes of patterns (5 to 30 systems measured in each), times the sizes of the classes,"
        " for all 262,144 systems of the 1024 patterns and their boundaries",
    },
    "paper_overlapping": {
        "value": [29.5, 90.9],
        "when": "2026-11-23",
        "how": "wall time of msolve 0.10.1 on the paper's full system for pairs of overlapping"
        " units, none of them active on one point only: fastest and slowest of nine pairs, on one"
        " of two shared cores of an AMD EPYC",
    },
    "large": [
        {
            "instance": "n = 300, d = 1, L = 2",
            "jobs": 1,
            "supports": 717_003,
            "verify_seconds": 214,
            "when": "2026-11-24",
            "how": "`reluenum verify` on one of two shared cores of an AMD EPYC",
        },
        {
            "instance": "n = 100, d = 1, L = 3",
            "jobs": 2,
            "supports": 10_428_793,
            "seconds": 230,
            "megabytes": 900,
            "double": 0.999521,
            "components": 1057,
            "when": "2026-11-24",
            "how": "`reluenum minima --jobs 2` on two shared cores of an AMD EPYC",
        },
    ],
}
"""Longer measurements, made once; `make bench` does not repeat them."""


def machine() -> dict[str, Any]:
    """Describe this machine: nothing of its name or its paths."""
    models = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    }
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    versions = {**installed_versions(), "numpy": np.__version__, phc.NAME: _phc_version()}
    return {
        "cpu": ", ".join(sorted(models)) or platform.machine(),
        "cores": os.cpu_count(),
        "gigabytes": round(memory / 2**30),
        "python": platform.python_version(),
        "versions": versions,
    }


def _phc_version() -> str | None:
    try:
        return phc.version()
    except BackendError:
        return None


def measured(plan: Plan, progress: Progress) -> dict[str, Any]:
    """Measure everything.

    Returns
    -------
    dict
        The document that `benchmarks.render` shows; the functions called here describe its parts.
    """
    load = os.getloadavg()[0]
    problem = Problem(*reference_data(), plan.width, parse_ridge("1/100"))
    peers = opened(plan.peers)
    try:
        compared = systems.compared(
            problem,
            plan.steps,
            peers,
            plan.seconds,
            plan.allowance,
            plan.rounds,
            plan.systems_share,
            progress,
        )
        repeated = systems.repeated(
            problem, peers, plan.seconds["eliminated"], plan.repeated_step, progress
        )
    finally:
        for peer in peers:
            peer.close()
    found = {
        "format": FORMAT,
        "version": VERSION,
        "about": ABOUT,
        "measured": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine() | {"load_before": round(load, 1)},
        "rounds": plan.rounds,
        "systems": {"limits": dict(plan.seconds), "allowance": plan.allowance, "runs": compared},
        "repeated": repeated,
        "ladders": ladders.all_climbed(
            plan.ladders, plan.runs, plan.rung_seconds, plan.rounds, plan.rung_share, progress
        ),
        "reference": list(engines.reference_times(plan.cases, plan.rounds, progress)),
        "proofs": list(certified.proofs(plan.proofs, plan.rounds, plan.proofs_share, progress)),
        "trees": list(trees.trees(plan.trees, plan.rounds, plan.trees_share, progress)),
        "large": list(certified.large(plan.large, progress)),
        "earlier": EARLIER,
    }
    return found | {"seconds": round(progress.seconds)}


def main() -> None:
    """Measure and write."""
    found = measured(PLAN, Progress())
    write_text(TARGET, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
