"""The instances of the gallery: lists of minima of real data, with words and numbers about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tabulate import tabulate

from docs.make.prose import ROOT
from reluenum.documents.minima import read_minima
from reluenum.experiments.configuration import complete_config
from reluenum.experiments.instances import instances as experiment_instances
from reluenum.figures.reading import data, fitted_values, number

RESULTS = ROOT / "results"

EXPERIMENTS = ("gallery", "nile", "ozone")
"""Names of configurations, and of their results."""

SQUARE_OF_UNIT = {"galileo": 1e4, "nightingale": 1e6, "stackloss": 1e2, "nile": 1e6, "ozone": 1e4}
"""A squared residual of a file, in published units."""

Document = Mapping[str, Any]
"""Of the format `reluenum-minima`, or a part of it."""


@dataclass(frozen=True)
class Instance:
    """One data set with one width and one ridge.

    Parameters
    ----------
    name : str
        Of the data set.
    document : dict
        Of the format `reluenum-minima`.
    proved : bool
        Whether the checker proved the list from its certificate.
    """

    name: str
    document: Document
    proved: bool

    @property
    def key(self) -> tuple[int, str]:
        """Width and ridge."""
        return self.document["problem"]["width"], self.document["problem"]["ridge"]

    @property
    def components(self) -> Sequence[Document]:
        """Every component of local minima, the best first."""
        return self.document["components"]

    @property
    def isolated(self) -> list[Document]:
        """The components of dimension 0."""
        return [c for c in self.components if c["dimension"] == 0]

    @property
    def on_boundary(self) -> list[Document]:
        """The isolated ones on which a unit is 0 on a data point."""
        return [c for c in self.isolated if c["on_boundary"]]

    @property
    def spurious(self) -> list[Document]:
        """The components that are not global at this width."""
        return [c for c in self.components if not c["global_at_width"]]

    @property
    def supports(self) -> int:
        """How many supports there are."""
        counts = self.document["enumeration"]
        return counts.get("supports_examined") or counts["supports"]

    def squares(self, rank: int = 0) -> float:
        """Return the sum of the squared residuals of a component, in published units."""
        inputs, targets = data(self.document)
        residuals = fitted_values(self.components[rank], inputs) - targets
        return float(residuals @ residuals) * SQUARE_OF_UNIT[self.name]

    def row(self) -> list[Any]:
        """Return what the tables say of it."""
        width, ridge = self.key
        losses = [number(c["loss"]) for c in self.components]
        return [
            width,
            ridge,
            len(self.components),
            len(self.isolated),
            len(self.on_boundary),
            len(self.spurious),
            f"{losses[0]:.5g}",
            f"{losses[-1]:.5g}",
            plain(self.squares()),
            f"{self.supports:,}",
            "yes" if self.proved else "no",
        ]


def plain(value: float) -> str:
    """Return three significant digits without an exponent.

    Examples
    --------
    >>> plain(11202345.6), plain(0.02346)
    ('11,200,000', '0.0235')
    """
    rounded = float(f"{value:.2e}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


Instances = Mapping[tuple[int, str], Instance]
"""The instances of a data set, by width and ridge."""


def instances(results: Path = RESULTS) -> dict[str, Instances]:
    """Read every instance of the experiments: by data set, then by width and ridge."""
    found: dict[str, dict[tuple[int, str], Instance]] = {}
    for experiment in EXPERIMENTS:
        config = yaml.safe_load((ROOT / f"config/{experiment}.yaml").read_text(encoding="utf-8"))
        complete_config(config, ROOT / "config/schemas/config.schema.yaml")
        for folder, instance in experiment_instances(config).items():
            name, place = Path(instance["csv"]).stem, results / experiment / folder
            verified = (place / "verified.txt").read_text(encoding="utf-8")
            document = read_minima(place / "minima.json")
            one = Instance(name, document, verified.startswith("proved: "))
            found.setdefault(name, {})[one.key] = one
    return found


COLUMNS = (
    *("width", "ridge", "components", "isolated", "on a boundary", "spurious"),
    *("best loss", "worst loss", "squares", "supports", "proved"),
)


def table(found: Instances) -> str:
    """Return a row for each instance."""
    rows = [one.row() for one in found.values()]
    return tabulate(rows, COLUMNS, tablefmt="pipe", disable_numparse=True)


def straight(component: Document) -> bool:
    """Whether all units share one direction and are active on every data point."""
    (group, *others) = component["strata"][0]["support"]
    return not others and set(group["face"]) == {"+"}


def regression(inputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the residual sum of squares of a linear regression."""
    fit = inputs @ np.linalg.lstsq(inputs, targets, rcond=None)[0]
    return float((fit - targets) @ (fit - targets))
