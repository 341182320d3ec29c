"""What neighbouring packages find where this one has a complete list, for `docs/compare.md`.

Usage, in the environment of this package, with another one for the neighbours:

    python3.11 -m venv other
    other/bin/pip install topsearch==0.0.3 "scipy==1.14.1" celer==0.7.4 skglm==0.5
    python -m benchmarks.neighbours other/bin/python

Writes `docs/data/neighbours.json`: which listed components TopSearch's basin hopping comes to, and
how near celer and skglm come to the losses of minima whose supports they are given. Ten minutes
on one core.
"""

import argparse
import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.completeness import INSTANCES, Instance
from reluenum import Landscape, enumerate_minima
from reluenum.convex.program import convex_optimum
from reluenum.documents.files import write_text
from reluenum.documents.results import to_json
from reluenum.geometry.geometry import Geometry

HERE = Path(__file__).parent
OUTPUT = HERE.parent / "docs/data/neighbours.json"

HOPPED = (INSTANCES[0], INSTANCES[2], INSTANCES[1])
"""Instances for TopSearch."""

STEPS = 1000
SOFTNESS = (0.0, 0.01)
"""Steps of basin hopping; ReLU itself, and a softplus of width 1/100 in its place."""


def asked(python: Path, program: str, task: Any) -> Any:
    """Return what a program says in the other environment.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    command = [str(python), str(HERE / "neighbourhood" / program)]
    said = subprocess.run(command, input=json.dumps(task), text=True, capture_output=True)
    if said.returncode:
        error = subprocess.CalledProcessError(said.returncode, command)
        error.add_note(said.stderr)
        raise error
    return json.loads(said.stdout)


def numbers(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return data, width and ridge of a document's problem in doubles."""
    return {
        "x": [[float(Fraction(value)) for value in row] for row in problem["x"]],
        "y": [float(Fraction(value)) for value in problem["y"]],
        "width": problem["width"],
        "ridge": float(Fraction(problem["ridge"])),
    }


def hopped(python: Path, instance: Instance, landscape: Landscape, softness: float) -> dict:
    """Return what TopSearch finds on an instance, by listed components (from 0).

    A minimum counts for the component that it is at, or to which the way downhill from it leads,
    which is kinder than asking where it lies.
    """
    task = numbers(landscape.document["problem"]) | {
        "softness": softness,
        "seed": 1,
        "steps": STEPS,
        "test_valid": True,
        "connect": 1,
    }
    found = asked(python, "topsearch_minima.py", task)
    at = [_component(landscape, task, minimum["position"]) for minimum in found["minima"]]
    ends = [{at[one], at[other]} for one, other, _ in found["passes"]]
    joined = {tuple(sorted(pair)) for pair in ends if len(pair) == 2 and None not in pair}
    return {
        "instance": instance.name,
        "softness": softness,
        "steps": STEPS,
        "minima": len(at),
        "components": sorted({number for number in at if number is not None}),
        "listed": len(landscape),
        "joined": sorted(joined),
        "seconds": [round(seconds, 1) for seconds in found["seconds"]],
        "version": found["version"],
    }


def _component(landscape: Landscape, task: Mapping[str, Any], position: Sequence[float]) -> Any:
    a, rows = np.split(np.array(position), [task["width"]])
    rows = rows.reshape(task["width"], -1)
    return landscape.locate(a, rows[:, :-1], rows[:, -1]).component


def group_lasso(problem: Mapping[str, Any], units: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return the group lasso of a support: least loss over its faces' spans, without their signs.

    Parameters
    ----------
    problem : dict
        Of a document.
    units : sequence of pairs
        Face and sign of each unit.
    """
    data = numbers(problem)
    rows = np.hstack([np.array(data["x"]), np.ones((len(data["x"]), 1))])
    blocks = []
    for face, sign in units:
        zeros = rows[[mark == "0" for mark in face]]
        basis = np.eye(rows.shape[1])
        if len(zeros):
            _, sizes, right = np.linalg.svd(zeros)
            basis = right[int((sizes > 1e-12).sum()) :].T
        active = np.array([mark == "+" for mark in face], dtype=float)
        blocks.append(sign * active[:, None] * (rows @ basis))
    return {
        "design": np.hstack(blocks).tolist(),
        "targets": data["y"],
        "groups": [block.shape[1] for block in blocks],
        "ridge": data["ridge"],
    }


def lassos(python: Path, lists: Mapping[Instance, Landscape]) -> dict[str, Any]:
    """Return how celer and skglm do on the supports of all isolated minima."""
    tasks, losses, names = [], [], []
    for instance, landscape in lists.items():
        for component in landscape.document["components"]:
            support = component["strata"][0]["support"]
            if component["dimension"] or not support:
                continue
            units = [(unit["face"], unit["sign"]) for unit in support]
            tasks.append(group_lasso(landscape.document["problem"], units))
            losses.append(float(component["loss"]))
            names.append(instance.name)
    answer = asked(python, "group_lasso.py", tasks)
    rows = {}
    for name in ("celer", "skglm"):
        values = [fit[name]["value"] for fit in answer["fits"]]
        rows[name] = {
            "version": answer["versions"][name],
            "largest_error": max(
                abs(value / loss - 1) for value, loss in zip(values, losses, strict=True)
            ),
            "median_seconds": float(np.median([fit[name]["seconds"] for fit in answer["fits"]])),
        }
    return {"supports": len(tasks), "instances": len({*names}), "solvers": rows}


def relaxation(python: Path, landscape: Landscape) -> dict[str, Any]:
    """Return the convex program of an instance without its cones, which is a group lasso.

    Every pattern has a group of either sign; what the program asks of signs on data points is left
    out, so its value is a lower bound.
    """
    problem = landscape.document["problem"]
    faces = Geometry.of(landscape.problem).arrangement.faces
    signs = {face.signs for face in faces}
    patterns = sorted(found for found in signs if "0" not in found and "+" in found)
    units = [(face, sign) for face in patterns for sign in (1, -1)]
    fits = asked(python, "group_lasso.py", [group_lasso(problem, units)])["fits"]
    return {
        "patterns": len(patterns),
        "value": fits[0]["celer"]["value"],
        "convex_value": float(convex_optimum(landscape.problem).value),
        "least_listed_loss": min(float(c["loss"]) for c in landscape.document["components"]),
    }


def main() -> None:
    """Ask the neighbours and write what they said."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", type=Path, help="of an environment with the neighbours")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    lists, seconds = {}, {}
    for instance in INSTANCES:
        start = perf_counter()
        lists[instance] = enumerate_minima(instance.problem, engine="certified")
        seconds[instance.name] = round(perf_counter() - start, 2)
    document = {
        "measured": datetime.now(UTC).date().isoformat(),
        "topsearch": [
            hopped(options.python, instance, lists[instance], softness)
            for instance in HOPPED
            for softness in SOFTNESS
        ],
        "list_seconds": {instance.name: seconds[instance.name] for instance in HOPPED},
        "group_lasso": lassos(options.python, lists),
        "relaxation": relaxation(options.python, lists[INSTANCES[1]]),
    }
    write_text(options.output, to_json(document))


if __name__ == "__main__":
    main()
