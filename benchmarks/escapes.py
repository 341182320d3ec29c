"""Over which pass noise leads out of a basin: simulated annealing held against the tree.

Usage: `./run -- python -m benchmarks.escapes`. Walkers start in every basin and move by Metropolis
steps at one temperature, a share of the height of the first pass. A walker that is lower than this
pass has left its basin if its way downhill ends in another one: on the way it was above the pass,
for otherwise it would still be in the same component (Theorem G). Writes `docs/data/escapes.csv`,
which docs/basins.md shows. About two minutes.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.completeness import Instance
from reluenum import enumerate_minima
from reluenum.documents.files import write_text
from reluenum.geometry.geometry import Geometry
from reluenum.optimisers import Objective
from reluenum.optimisers.explain import key_of, listed_components
from reluenum.optimisers.settling import Cells, leave_saddles, settle
from reluenum.optimisers.studies.bands import leaves_within, listed_networks

OUTPUT = Path(__file__).parent.parent / "docs/data/escapes.csv"

INSTANCES = (
    Instance(0, 1, 2, "1/20"),
    Instance(8, 1, 2, "1/20"),
    Instance(8, 1, 2, "1/20", seed=2),
)

COLDNESS = (1, 2, 3, 4, 5, 6, 7)
"""Heights of the first pass, in temperatures."""

STEP = 0.3
"""Of a coordinate, times the square root of the temperature: half of the steps are accepted."""

EVERY = 100
"""Steps after which is looked where walkers are."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """An instance with its tree.

    Parameters
    ----------
    instance : Instance
    """

    instance: Instance

    @cached_property
    def objective(self) -> Objective:
        """The loss in doubles."""
        return Objective(self.instance.problem)

    @cached_property
    def basins(self) -> Mapping[str, Any]:
        """The document of its basins."""
        return enumerate_minima(self.instance.problem, engine="certified").basins().document

    @cached_property
    def cells(self) -> Cells:
        """Where networks slide."""
        return Cells.of(Geometry.of(self.instance.problem))

    @cached_property
    def beyond(self) -> dict[int, set[int]]:
        """For each basin that has a pass, those on the other side of the first one."""
        leaves = [leaf["component"] for leaf in self.basins["leaves"]]
        within = leaves_within(self.basins)
        return {
            record["index"]: {leaves[k] for k in within[record["merge"]]} - {record["index"]}
            for record in self.basins["components"]
            if record["basin"] and record["merge"] is not None
        }

    def downhill(self, theta: np.ndarray) -> np.ndarray:
        """Return the basins, (S,), to which the ways downhill from networks lead; -1 for unknown.

        From what is no basin, the way goes on over one of its ends.
        """
        records = self.basins["components"]
        listed = listed_components(self.basins["minima"]["components"])
        settled = settle(self.cells, self.objective, self.objective.unpack(theta))
        settled = leave_saddles(self.cells, self.objective, settled)
        found = np.full(len(theta), -1)
        for k in np.flatnonzero(settled.done):
            number = listed.get(key_of(self.cells, self.instance.width, settled.groups(k)))
            if number is not None:
                record = records[number - 1]
                found[k] = record["index"] if record["basin"] else record["joins"]
        return found


@dataclass(eq=False)
class Walk:
    """Walkers in the basins of a landscape, each at its own temperature.

    Parameters
    ----------
    landscape : Landscape
    home : (S,) array of int
        The basin in which each starts.
    coldness : (S,) array
        Height of the first pass, in temperatures.
    """

    landscape: Landscape
    home: np.ndarray
    coldness: np.ndarray

    def __post_init__(self) -> None:
        records, objective = self.landscape.basins["components"], self.landscape.objective
        heights, losses = (
            np.array([float(records[basin][key]) for basin in self.home])
            for key in ("height", "loss")
        )
        networks = listed_networks(self.landscape.basins["minima"]["components"])
        self.theta = objective.pack(networks[self.home])
        self.loss = objective.evaluate(self.theta)[0]
        self.temperature, self.level = heights / self.coldness, losses + heights
        self.above = np.zeros(len(self.home), dtype=bool)
        self.steps = np.zeros(len(self.home), dtype=int)
        self.new = np.full(len(self.home), -1)

    def move(self, live: np.ndarray, generator: np.random.Generator) -> None:
        """Make a Metropolis step of some walkers."""
        length = STEP * np.sqrt(self.temperature[live])
        noise = generator.standard_normal((len(live), self.theta.shape[1]))
        tried = self.theta[live] + length[:, None] * noise
        loss = self.landscape.objective.evaluate(tried)[0]
        rise = (loss - self.loss[live]) / self.temperature[live]
        taken = generator.exponential(size=len(live)) > rise
        moved = live[taken]
        self.theta[moved], self.loss[moved] = tried[taken], loss[taken]
        self.above[moved] |= loss[taken] >= self.level[moved]
        self.steps[live] += 1

    def look(self, live: np.ndarray) -> np.ndarray:
        """Return the walkers that are still in their basin, or above its pass."""
        asked = live[self.above[live] & (self.loss[live] < self.level[live])]
        if len(asked):
            found = self.landscape.downhill(self.theta[asked])
            self.above[asked] = found < 0
            self.new[asked] = np.where(found == self.home[asked], -1, found)
        return live[self.new[live] < 0]


def walked(instance: Instance, walkers: int, steps: int) -> Iterator[dict[str, Any]]:
    """Yield for each basin and temperature how many walkers left, when, and over which pass."""
    landscape = Landscape(instance)
    beyond, generator = landscape.beyond, np.random.default_rng(0)
    home = np.repeat(list(beyond), len(COLDNESS) * walkers)
    walk = Walk(landscape, home, np.tile(np.repeat(COLDNESS, walkers), len(beyond)))
    live = np.arange(len(home))
    for step in tqdm(range(1, steps + 1), desc=instance.name, disable=None):
        walk.move(live, generator)
        if step % EVERY == 0:
            live = walk.look(live)
    for basin, others in beyond.items():
        for coldness in COLDNESS:
            chosen = (home == basin) & (walk.coldness == coldness)
            new = walk.new[chosen]
            yield {
                "instance": instance.name,
                "seed": instance.seed,
                "ridge": instance.ridge,
                "basin": basin,
                "height": landscape.basins["components"][basin]["height"],
                "coldness": coldness,
                "walkers": int(chosen.sum()),
                "steps": int(walk.steps[chosen].sum()),
                "left": int((new >= 0).sum()),
                "over_first_pass": int(np.isin(new, list(others)).sum()),
            }


def main() -> None:
    """Run the experiment and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--walkers", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    rows = [row for i in INSTANCES for row in walked(i, options.walkers, options.steps)]
    write_text(options.output, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
