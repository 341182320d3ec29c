"""Write docs/crosscheck.md: the reference instance in every formulation by every backend, timed."""

import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from tabulate import tabulate

from reluenum import Problem
from reluenum.crosscheck.agreement import Agreement, compare_measurements
from reluenum.crosscheck.measurement import NUMERATORS, Measurement, measure, measure_numerators
from reluenum.crosscheck.page import agreement_markdown, readable
from reluenum.datasets.families import reference_data
from reluenum.documents.files import write_text
from reluenum.engines.formulations import FORMULATIONS
from reluenum.figures import plot_times, save_figure
from reluenum.groebner.backends import BACKENDS
from reluenum.groebner.limits import Limits
from reluenum.problem import parse_ridge

LIMITS = Limits(seconds=60)
"""Of a backend on one system."""

NUMERATOR_LIMITS = {"msolve": LIMITS, "singular": Limits(seconds=10)}
"""Backends that are asked for the paper's own systems; Singular finishes few of the large ones."""

OPENING = """\
# Formulations and backends, crosschecked

The reference instance (five points, two hidden units, ridge 1/100) in both formulations by all four
backends. Every polynomial system is solved by each backend on its own, and all of them have to find
the same number of complex and of real solutions, and the same solutions, bit for bit; every run
that decides all supports has to end with the same components. `make crosscheck` measures again and
writes this page. On your own data:

```sh
reluenum crosscheck data.csv --width 2 --ridge 1/100 --output-dir crosscheck
reluenum crosscheck data.csv --hidden 2,1 --ridge 1/100    # several hidden layers
snakemake --cores 2 crosscheck_all        # every instance of a configuration
```

The command exits with 1, and the workflow fails, if any two runs disagree; what a backend does not
finish within the limits is counted and named, and is neither agreement nor disagreement.
`tests/crosscheck/test_agreement.py` plants errors in a backend (a lost root, a changed sign, a
wrong degree, no solution, infinitely many) and sees each of them named with its support; it also
compares both formulations by all backends on random instances.

With several hidden layers each backend solves the system of every stratum (`reduced`), and the
certified engine lists the minima where there is one for the widths ([deep.md](deep.md)); there is
no eliminated formulation.

With free hidden biases (`--hidden-bias free --output-bias free`) each backend solves the system of
every support of creases (`reduced`), and the certified engine lists the minima. For inputs on a
line these are three ways: that engine works with rational numbers there, and `embedded` is the one
for inputs in space, on a line in a plane. They have other networks stand for a component and count
other sets, so what is compared is what does not depend on that: losses, dimensions, strata with the
signs and numbers of their units, and sizes of units where these are no choice.

`--formulations reduced,certified,branch` lets the engine that excludes boxes of directions take
part, too: its list of minima has to be the same; stationary points it does not know.

- machine: {machine}; it did other work as well, so times are good to one digit
- limits: {limits}
- engines: {engines}
"""

FORMS = """\
## What is compared

- `reduced`: the stationarity system of every support (theory, section 4).
- `eliminated`: the critical points of the paper's surrogate with the output weights as further
  unknowns, which needs no saturation (section 13).
- `{numerators}`: the same critical points as the paper writes them, numerators of the
  gradient without the zeros of the denominator, in the coordinates (kappa, tau) of section 13 and
  for every support. This is no way to the minima here; it is measured for comparison, and its
  numbers of solutions are compared with those of `eliminated`.

The formulations ask different questions (`eliminated` does not solve a support that splits into
independent units of which one has no critical point), so the numbers of systems differ.

![Seconds per activation pattern, a panel for each formulation](images/crosscheck_times.svg)

*Seconds per activation pattern, sorted by the median over all runs; hollow marks are lower bounds.*
"""

BASELINE = """\
## Beside the paper's formulation as it is printed

Medians (largest) in seconds on the supports of two units that are nonzero on all data points, by
how the sets of points overlap on which they are active. The two columns on the right were measured
earlier on the same instance with msolve 0.10.1, on one of two shared cores of an AMD EPYC: the
numerators of the gradient by (B, c) in lowest terms without the zeros of the denominator (CPU time,
medians), and the paper's full system, which also excludes the zeros of all pre-activations (wall
time, medians; for overlapping sets the mean of five pairs, realisable or not). In brackets, how
many times as long as `numerators, msolve`.
"""

EARLIER = {
    "disjoint": ("0.15", "1.9"),
    "overlapping, one of them a single point": ("1.10", "6.7"),
    "overlapping": ("5.9", "66.7"),
}
"""Seconds of msolve without the denominator's zeros, and on the paper's full system."""


def main(target: Path, image: Path) -> None:
    """Measure everything and write the page and its figure (`image`: path without suffix)."""
    problem = Problem(*reference_data(), 2, parse_ridge("1/100"))
    write(compare_measurements(measurements(problem)), target, image)


def measurements(problem: Problem) -> Iterator[Measurement]:
    """Yield all measurements of a problem."""
    for formulation in FORMULATIONS:
        for backend in BACKENDS:
            yield measure(problem, formulation, backend, LIMITS)
    for backend, limits in NUMERATOR_LIMITS.items():
        yield measure_numerators(problem, backend, limits)


def write(found: Agreement, target: Path, image: Path) -> None:
    """Write the page and its figure."""
    engines = {name: text for m in found.measurements for name, text in m["engines"].items()}
    versions = ", ".join(" ".join(pair) for pair in engines.items())
    parts = [
        OPENING.format(machine=machine(), limits=_limits(found), engines=versions),
        f"## Agreement and ratios\n\n{agreement_markdown(found)}",
        FORMS.format(numerators=NUMERATORS),
        f"{BASELINE}\n{baseline_table(found.measurements)}\n",
    ]
    write_text(target, "\n".join(parts))
    save_figure(plot_times(found.measurements), image, ("svg",))


def machine() -> str:
    """Describe this machine in words."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{os.cpu_count()} cores of {models[0]}, Python {platform.python_version()}"


def _limits(found: Agreement) -> str:
    """Describe the limits of all runs."""
    seconds: dict[float, list[str]] = {}
    for measurement in found.measurements:
        run = f"{measurement['formulation']} by {measurement['backend']}"
        seconds.setdefault(measurement["limits"]["seconds"], []).append(run)
    (usual, _), *others = sorted(seconds.items(), key=lambda pair: -len(pair[1]))
    exceptions = "".join(f" ({limit:g} s: {', '.join(runs)})" for limit, runs in others)
    megabytes = found.measurements[0]["limits"]["megabytes"]
    return f"at most {usual:g} s{exceptions} and {megabytes} MB per system"


def baseline_table(found: Sequence[Measurement]) -> str:
    """Return the times of the interior supports by class, beside the earlier ones."""
    runs = {(m["formulation"], m["backend"]): m for m in found}
    columns = [("reduced", "msolve"), ("eliminated", "msolve")]
    columns += [(NUMERATORS, backend) for backend in NUMERATOR_LIMITS]
    rows = []
    for name, (denominator, full) in EARLIER.items():
        members = [_of_class(runs[run], name) for run in columns]
        base = statistics.median(s["seconds"] for s in members[2])
        rows.append(
            [
                name,
                str(len(members[2])),
                *map(_cell, members),
                *(f"{t} (× {readable(float(t) / base)})" for t in (denominator, full)),
            ]
        )
    titles = [
        *("active sets", "supports", "reduced, msolve", "eliminated, msolve"),
        *(f"numerators, {backend}" for backend in NUMERATOR_LIMITS),
        *("earlier: denominator only, msolve", "earlier: full, msolve"),
    ]
    return tabulate(rows, titles, tablefmt="pipe", disable_numparse=True)


def _of_class(measurement: Measurement, name: str) -> list:
    """Return the systems of two interior units whose active sets overlap as named."""
    return [s for s in measurement["systems"] if overlap(s["support"]) == name]


def overlap(support: str) -> str:
    """Say how the active sets of two interior units overlap; nothing about other supports.

    Examples
    --------
    >>> overlap("++-|-++"), overlap("+--|-++"), overlap("-+-|++-"), overlap("++0|-++")
    ('overlapping', 'disjoint', 'overlapping, one of them a single point', '')
    """
    faces = support.split("|")
    if len(faces) != 2 or "0" in support:
        return ""
    first, second = ({i for i, sign in enumerate(face) if sign == "+"} for face in faces)
    if not first & second:
        return "disjoint"
    small = min(len(first), len(second)) == 1
    return "overlapping, one of them a single point" if small else "overlapping"


def _cell(systems: Sequence) -> str:
    """Return median and maximum, and how many were not finished."""
    if not systems:
        return "–"
    seconds = [system["seconds"] for system in systems]
    left = sum("reason" in system for system in systems)
    if left == len(systems):
        return f"none finished within {readable(min(seconds))}"
    text = f"{readable(statistics.median(seconds))} ({readable(max(seconds))})"
    return f"{text}, {left} not finished" if left else text


if __name__ == "__main__":
    FOLDER = Path(__file__).parents[1]
    main(FOLDER / "crosscheck.md", FOLDER / "images/crosscheck_times")
