"""Time the certified engine on the sizes it was made for, side by side in one run.

Usage: `./run -- python benchmarks/certified.py [--only NAME ...]`. Prints a Markdown table:
supports, wall time and memory of list and certificate by `reluenum minima`, of its check by
`reluenum verify`, supports per second and core, and the share of supports that double precision
decided; then the ratio to the Groebner engine on the instance that both can do.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

RELUENUM = [sys.executable, "-m", "reluenum"]


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Parameters
    ----------
    name : str
    data : list of str
        Arguments of `reluenum data`.
    width : str
    jobs : int
        Processes.
    target : str
        Seconds that were hoped for, as text.
    """

    name: str
    data: list[str]
    width: str
    jobs: int
    target: str


def _random(n: int, d: int) -> list[str]:
    return ["random", "--n", str(n), "--d", str(d), "--seed", "1", "--denominator", "100000"]


CASES = (
    Case("n = 100, d = 1, L = 2", _random(100, 1), "2", 1, "10, verify 60"),
    Case("n = 30, d = 1, L = 3", _random(30, 1), "3", 2, "60"),
    Case("n = 12, d = 2, L = 2", _random(12, 2), "2", 2, "60"),
    Case("n = 7, d = 1, every width", _random(7, 1), "all", 2, "120"),
    Case("n = 300, d = 1, L = 2", _random(300, 1), "2", 1, "12 x n = 100"),
)


def run(arguments: list[str], quiet: bool = True) -> tuple[float, float]:
    """Run a command of the package; return wall seconds and peak megabytes of its processes."""
    before = time.perf_counter()
    process = subprocess.Popen(
        [*RELUENUM, *arguments], stdout=subprocess.DEVNULL if quiet else None
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"reluenum {' '.join(arguments)}: exit code {status >> 8}")
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def measured(case: Case, folder: Path) -> str:
    """Return the line of a case."""
    data, document = str(folder / "data.csv"), folder / "minima.json"
    run(["data", *case.data, "--output", data])
    options = ["--width", case.width, "--ridge", "1/100", "--engine", "certified", "--quiet"]
    arguments = ["minima", data, *options, "--jobs", str(case.jobs), "--output", str(document)]
    seconds, megabytes = run(arguments)
    checked, checked_megabytes = run(["verify", str(document)])
    found = json.loads(document.read_text())
    supports = found["enumeration"]["supports_examined"]
    share = found["decided_by"]["double"] / supports
    return (
        f"| {case.name} | {supports} | {case.jobs} | {seconds:.1f} | {case.target} "
        f"| {supports / seconds / case.jobs:.0f} | {megabytes:.0f} | {100 * share:.3f} "
        f"| {checked:.1f} | {checked_megabytes:.0f} | {len(found['components'])} |"
    )


def ratio(width: int, repeat: int = 3) -> str:
    """Return how much faster than the Groebner engine the reference instance is, in one run."""
    from reluenum import Problem, enumerate_minima
    from reluenum.datasets import reference_data
    from reluenum.problem import parse_ridge

    problem = Problem(*reference_data(), width, parse_ridge("1/100"))
    taken = {}
    for engine in ("groebner", "certified"):
        times = []
        for _ in range(repeat if engine == "certified" or width < 3 else 1):
            before = time.perf_counter()
            supports = enumerate_minima(problem, engine=engine).counts.supports_examined
            times.append(time.perf_counter() - before)
        taken[engine] = sorted(times)[len(times) // 2]
    rates = [f"{supports / seconds:.0f}" for seconds in taken.values()]
    quotient = taken["groebner"] / taken["certified"]
    return f"| {width} | {supports} | {' | '.join(rates)} | {quotient:.0f} |"


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", help="parts of the names of cases")
    options = parser.parse_args()
    columns = (
        *("instance", "supports", "cores", "s", "target s", "supports/s/core", "MB", "% in double"),
        *("verify s", "verify MB", "components"),
    )
    print(f"| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}", flush=True)
    for case in CASES:
        if options.only is None or any(part in case.name for part in options.only):
            with TemporaryDirectory() as folder:
                print(measured(case, Path(folder)), flush=True)
    print("\n| reference, L | supports | groebner supports/s | certified supports/s | ratio |")
    print("|---|---|---|---|---|")
    for width in (1, 2, 3):
        print(ratio(width), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
