"""Lists by boxes of directions: what it takes to make them, and to prove them once more.

Usage: `./run -- python -m benchmarks.boxes [--jobs 2] [--only noise-1-100-2]`. Writes
docs/data/boxes.csv, a row for each instance at the ridge 1/100, which docs/benchmarks.md shows:
seconds and memory of `reluenum minima`, which proves its list, and of `reluenum verify`. Rows of
other instances stay.
"""

import argparse
import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from benchmarks.certified import run
from benchmarks.deep import OUTPUT, Row, put
from reluenum.datasets.families import random_data, to_csv

KEYS = ("data", "d", "n", "width")


@dataclass(frozen=True)
class BoxInstance:
    """An instance at the ridge 1/100.

    Parameters
    ----------
    data : str
        `noise`: inputs and targets at random; `signal`: sin 3x with noise, inputs on a grid.
    d, n, width : int
    """

    data: str
    d: int
    n: int
    width: int

    @property
    def name(self) -> str:
        """What `--only` knows it by."""
        return f"{self.data}-{self.d}-{self.n}-{self.width}"

    @property
    def text(self) -> str:
        """The data, as CSV.

        Examples
        --------
        >>> print(BoxInstance("signal", 1, 2, 1).text)
        x,y
        -0.5,-0.906
        0.5,1.087
        <BLANKLINE>
        """
        if self.data == "noise":
            return to_csv(*random_data(self.n, self.d, 1, 100_000))
        draw, lines = random.Random(self.n), ["x,y"]
        for k in range(self.n):
            x = (2 * k + 1 - self.n) / self.n
            lines.append(f"{x},{math.sin(3 * x) + draw.uniform(-0.1, 0.1):.3f}")
        return "\n".join(lines) + "\n"


INSTANCES = tuple(
    BoxInstance(*row)
    for row in (
        *(("noise", 1, n, 2) for n in (30, 100, 300, 1000)),
        ("signal", 1, 10_000, 2),
        *(("noise", 1, n, 3) for n in (30, 100, 300, 1000)),
        ("noise", 1, 100, 4),
        ("signal", 1, 200, 3),
        *(("noise", 2, n, 2) for n in (8, 20, 50, 100)),
        ("noise", 3, 20, 2),
    )
)


def measured(instance: BoxInstance, jobs: int) -> Row:
    """Return the row of an instance."""
    with TemporaryDirectory() as folder:
        data, document = Path(folder, "data.csv"), Path(folder, "minima.json")
        data.write_text(instance.text)
        options = ["--width", str(instance.width), "--ridge", "1/100", "--engine", "branch"]
        shared = ["--jobs", str(jobs), "--quiet"]
        listed = run(["minima", str(data), *options, *shared, "--output", str(document)])
        checked = run(["verify", str(document), *shared])
        found = json.loads(document.read_text())
    certificate = found["certificate"]
    counts = {key: found["enumeration"][key] for key in ("supports", "boxes", "leaves")}
    return {
        **{key: getattr(instance, key) for key in KEYS},
        **counts,
        "components": len(found["components"]),
        "jobs": jobs,
        **{"list_" + key: f"{value:.3g}" for key, value in vars(listed).items()},
        **{"verify_" + key: f"{value:.3g}" for key, value in vars(checked).items()},
        "certificate_bytes": len(certificate["tree"]) + len(certificate["data"]),
    }


def main() -> None:
    """Measure one instance after the other, and put the rows in the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="an instance: data, d, n and width, as noise-1-100-2")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="a folder")
    options = parser.parse_args()
    chosen = [i for i in INSTANCES if options.only in (None, i.name)]
    measured(INSTANCES[0], 1)  # compiles what is compiled once
    for instance in tqdm(chosen, disable=None):
        put([measured(instance, options.jobs)], options.output / "boxes.csv", KEYS)


if __name__ == "__main__":
    main()
