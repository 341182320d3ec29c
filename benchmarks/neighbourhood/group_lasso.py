"""What celer and skglm make of group lassos; a program for an environment of its own.

`benchmarks.neighbours` starts it, as the environment of this package has neither. It reads a list
of problems from standard input and writes values and times to standard output, both as JSON.
"""

import json
import sys
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
from celer import GroupLasso as Celer
from skglm import GroupLasso as Skglm

ROUNDS = 3
"""Fits of each problem, of which the fastest counts; the first of skglm compiles."""


def fitted(task: dict[str, Any]) -> dict[str, Any]:
    r"""Return the values of $|y - Xw|^2 + 2\Lambda\sum_g|w_g|$ that both reach, and seconds.

    Parameters
    ----------
    task : dict
        `design`, the (n, p) matrix X; `targets`, y; `groups`, numbers of columns, one after the
        other; `ridge`, the number Lambda.
    """
    design = np.asfortranarray(task["design"])
    targets, ends = np.array(task["targets"]), np.cumsum(task["groups"])
    found: dict[str, Any] = {}
    common = {
        "groups": task["groups"],
        "alpha": task["ridge"] / len(targets),
        "fit_intercept": False,
        "tol": 1e-12,
        "max_iter": 100,
        "max_epochs": 2000,
    }
    for name, model in {"celer": Celer(**common), "skglm": Skglm(**common)}.items():
        seconds = []
        for _ in range(ROUNDS):
            start = perf_counter()
            model.fit(design, targets)
            seconds.append(perf_counter() - start)
        error = targets - design @ model.coef_
        sizes = [float(np.linalg.norm(part)) for part in np.split(model.coef_, ends[:-1])]
        value = float(error @ error) + 2 * task["ridge"] * sum(sizes)
        found[name] = {"value": value, "seconds": min(seconds), "sizes": sizes}
    return found


if __name__ == "__main__":
    answer = [fitted(task) for task in json.load(sys.stdin)]
    versions = {name: version(name) for name in ("celer", "skglm")}
    json.dump({"versions": versions, "fits": answer}, sys.stdout)
