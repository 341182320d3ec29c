"""Where five hundred networks of scikit-learn end, on real data; and with the other convention.

Usage: `./run -- python -m benchmarks.trained`. Every instance is listed twice: with free hidden
biases, as `MLPRegressor` trains, and with the ridge on them, too. Networks start as those of
`MLPRegressor` do, are trained by L-BFGS, and located. Writes `docs/data/trained.json`, of which
docs/trained.md is made. A few minutes.
"""

import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from reluenum import Problem, enumerate_minima
from reluenum.documents.files import write_text
from reluenum.errors import MissingExtraError
from reluenum.interop import NetworkArrays, network_arrays, sklearn_network
from reluenum.optimisers import LBFGS, Networks, Objective
from reluenum.optimisers.studies.locate import locations

ROOT = Path(__file__).parent.parent

OUTPUT = ROOT / "docs/data/trained.json"

SEEDS = 500

ALPHA = "1/10"

INSTANCES = (
    *(("galileo", width) for width in (1, 2, 3)),
    *(("nightingale", width) for width in (1, 2, 3)),
    *(("nile", width) for width in (1, 2)),
)

CONVENTIONS = ("free", "ridge")
"""Of hidden biases."""

STEPS = 20_000

OFFSETS = (1, 10, 100, 1000)
"""Square roots of the ridge over the penalty of hidden biases, which goes to 0."""


@dataclass(frozen=True)
class Instance:
    """A data set, a width and what is asked of hidden biases."""

    data: str
    width: int
    hidden_bias: str

    @property
    def problem(self) -> Problem:
        """The problem."""
        frame = pd.read_csv(ROOT / f"config/data/{self.data}.csv", dtype=str)
        inputs = [[entry] for entry in frame["x"]]
        biases = {"output_bias": "free", "hidden_bias": self.hidden_bias}
        return Problem.from_text(inputs, list(frame["y"]), self.width, ALPHA, **biases)

    def ends(self) -> list[NetworkArrays]:
        """Return the trained networks."""
        objective = Objective(self.problem)
        if self.hidden_bias == "free":
            inputs = objective.rows[:, :1]
            return [self._fitted(inputs, objective.targets, seed) for seed in range(SEEDS)]
        starts = objective.pack(_starts(self.width))
        generator = np.random.default_rng(0)
        ends = objective.unpack(LBFGS(STEPS)(objective, starts, generator))
        return [
            network_arrays(a, units[:, :1], units[:, 1], m)
            for a, units, m in zip(ends.weights, ends.units, ends.bias, strict=True)
        ]

    def _fitted(self, inputs: np.ndarray, targets: np.ndarray, seed: int) -> NetworkArrays:
        """Return the network that scikit-learn trains from a seed."""
        try:
            from sklearn.exceptions import ConvergenceWarning
            from sklearn.neural_network import MLPRegressor
        except ImportError as error:
            raise MissingExtraError("scikit-learn", "sklearn") from error

        settings = {"hidden_layer_sizes": (self.width,), "solver": "lbfgs", "alpha": 0.1}
        limits = {"max_iter": STEPS, "max_fun": 2 * STEPS, "tol": 1e-9}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return sklearn_network(
                MLPRegressor(**settings, **limits, random_state=seed).fit(inputs, targets)
            )


def _starts(width: int) -> Networks:
    """Return networks as `MLPRegressor` draws them: uniform, up to sqrt(6 / (inputs + outputs))."""
    draw = np.random.default_rng(1)
    bound = (6 / (1 + width)) ** 0.5
    shapes = (SEEDS, width), (SEEDS, width, 2), SEEDS
    return Networks(*(draw.uniform(-bound, bound, shape) for shape in shapes))


def measured(instance: Instance) -> dict[str, Any]:
    """Return the list of an instance, and where its networks end."""
    document = enumerate_minima(instance.problem, engine="certified").document
    found = locations(document, instance.ends())["networks"]
    runs = Counter(record.get("component") for record in found if record["kind"] == "minimum")
    kinds = Counter(
        record["saddle_kind"] or record["kind"] for record in found if record["kind"] != "minimum"
    )
    return {
        **asdict(instance),
        "n": len(document["problem"]["y"]),
        "complete": document["complete"],
        "components": [
            {
                "loss": component["loss"],
                "dimension": component["dimension"],
                "global": component["global_at_width"],
                "zero_units": component["strata"][0]["zero_neurons"],
                "runs": runs[number],
            }
            for number, component in enumerate(document["components"], start=1)
        ],
        "elsewhere": dict(sorted(kinds.items())),
    }


def vanishing() -> Iterator[Mapping[str, Any]]:
    """Yield losses of row C of section 24.5 for smaller and smaller penalties of biases, and none.

    A penalty mu c^2 is the ridge on a second input s, without hidden bias, with mu = ridge / s^2.
    """
    inputs, targets = ("0", "1", "2"), ("1", "0", "1")
    for width in (1, 2):
        for offset in OFFSETS:
            rows = [[x, str(offset)] for x in inputs]
            biases = {"output_bias": "free", "hidden_bias": "none"}
            problem = Problem.from_text(rows, targets, width, "1/8", **biases)
            yield {"width": width, "offset": offset, "losses": _losses(problem)}
        biases = {"output_bias": "free", "hidden_bias": "free"}
        problem = Problem.from_text([[x] for x in inputs], targets, width, "1/8", **biases)
        yield {"width": width, "offset": None, "losses": _losses(problem)}


def _losses(problem: Problem) -> list[str]:
    landscape = enumerate_minima(problem, engine="auto")
    return [component["loss"] for component in landscape.document["components"]]


def main() -> None:
    """Measure all instances."""
    chosen = [Instance(*one, bias) for one in INSTANCES for bias in CONVENTIONS]
    found = {
        "seeds": SEEDS,
        "alpha": ALPHA,
        "instances": [measured(instance) for instance in tqdm(chosen)],
        "vanishing": list(vanishing()),
    }
    write_text(OUTPUT, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
