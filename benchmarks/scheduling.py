"""Measure what Snakemake itself takes: to plan many jobs of this workflow, and to run trivial ones.

Usage: `./run -- python benchmarks/scheduling.py [--jobs 100 1000 10000] [--trivial 100 1000]`.
Prints a Markdown table for each kind of plan: CPU seconds and memory of a dry run, with how they
grow; then the seconds that a job adds which does nothing; then how long it takes to share the
supports of a large instance among jobs. docs/cluster.md has the numbers and what follows.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from reluenum import Problem
from reluenum.datasets import families as datasets
from reluenum.engines.certified.spool import Task, plan_document

ROOT = Path(__file__).resolve().parents[1]

SIZES = 4
"""Jobs for each batch of the sweeps here: one for each size of supports."""

TRIVIAL = """
rule all:
    input:
        expand("done/{k}", k=range(int(config["count"]))),


rule trivial:
    output:
        "done/{k}",
    shell:
        "touch {output}"
"""


@dataclass(frozen=True)
class Usage:
    """What a process took."""

    wall: float
    cpu: float
    megabytes: float


def run(arguments: Sequence[str], folder: Path) -> Usage:
    """Run Snakemake in a folder."""
    start = time.perf_counter()
    with (folder / "output.txt").open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            stdout=stream,
            stderr=stream,
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((folder / "output.txt").read_text())
    wall = time.perf_counter() - start
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def sweep(count: int) -> dict[str, Any]:
    """Return a sweep with so many jobs, without a check of its certificates."""
    batches = count // SIZES
    seeds = max(1, round(batches**0.5))
    entry = {
        "family": "random",
        "n": 3,
        "seed": {"from": 0, "to": seeds - 1},
        "width": {"from": 1, "to": SIZES},
        "ridge": [f"1/{k}" for k in range(1, batches // seeds + 1)],
    }
    return {
        "experiment": "plan",
        "datasets": [entry],
        "solve": {"engine": "certified"},
        "sweep": {"data_sets_per_job": 1, "certificates": False, "folders": False},
    }


def blocks(count: int) -> dict[str, Any]:
    """Return an instance with so many blocks: 73,920 pairs of faces of a hundred points."""
    entry = {"family": "random", "n": 100, "seed": 1, "denominator": 1000}
    return {
        "experiment": "plan",
        "datasets": [entry | {"width": 2, "ridge": "1/100"}],
        "solve": {"engine": "certified", "supports_per_job": math.ceil(73_920 / count)},
    }


def planned(config: Mapping[str, Any], options: Sequence[str]) -> Usage:
    """Plan an experiment; what decides the number of its jobs is computed before."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(yaml.safe_dump(dict(config)))
        command = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml"]
        if "sweep" not in config:
            instance = "random-n100-d1-L2-ridge1_100-seed1-denominator1000"
            plan = f"results/plan/{instance}/work/supports.json"
            run([*command, "--cores", "1", plan], folder)
            assert len(json.loads((folder / plan).read_text())["blocks"]) > 1
        return run([*command, *options, "--dry-run", "--quiet", "all"], folder)


def growth(counts: Sequence[int], values: Sequence[float]) -> float:
    """Return the exponent p of the power n^p through the last two values."""
    (a, b), (first, last) = counts[-2:], values[-2:]
    return math.log(last / first) / math.log(b / a)


def plans(counts: Sequence[int]) -> None:
    """Print what dry runs take."""
    kinds = {
        "sweep": (sweep, ["--cores", "1"]),
        "sweep, profiles/slurm": (sweep, ["--profile", str(ROOT / "profiles/slurm")]),
        "blocks of an instance": (blocks, ["--cores", "1"]),
    }
    print("| plan | jobs | CPU | memory |\n|---|---|---|---|")
    for kind, (config, options) in kinds.items():
        start = planned(config(SIZES), options)
        found = [planned(config(count), options) for count in counts]
        for count, usage in zip(counts, found, strict=True):
            line = f"| {kind} | {count:,} | {usage.cpu:.1f} s | {usage.megabytes:.0f} MB |"
            print(line, flush=True)
        if len(counts) > 1:
            power = growth(counts, [usage.cpu - start.cpu for usage in found])
            print(f"| {kind} | | {start.cpu:.1f} s and a part like n^{power:.2f} | |", flush=True)


def trivial(counts: Sequence[int]) -> None:
    """Print what jobs take that do nothing."""
    print("\n| jobs that do nothing | wall | CPU | a job |\n|---|---|---|---|")
    for count in counts:
        with TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "Snakefile").write_text(TRIVIAL)
            options = ["--scheduler", "greedy", "--quiet", "all", "--config", f"count={count}"]
            empty = run(["--cores", "2", "--dry-run", *options], folder)
            usage = run(["--cores", "2", *options], folder)
        each = 1000 * (usage.wall - empty.wall) / count
        print(f"| {count:,} | {usage.wall:.1f} s | {usage.cpu:.1f} s | {each:.0f} ms |", flush=True)


def shared() -> None:
    """Print how long it takes to share the supports of large instances among jobs."""
    print("\n| instance | supports | a job | jobs | to share them |\n|---|---|---|---|---|")
    for n, width, per_job in ((100, 3, 100_000), (100, 4, 2_000_000), (456, 3, 2_000_000)):
        points, targets = datasets.random_data(n, seed=1, denominator=100_000)
        problem = Problem.from_text(points, targets, width, "1/100")
        start = time.perf_counter()
        plan = plan_document(Task(problem, width), per_job)
        seconds = time.perf_counter() - start
        total = sum(plan["supports"].values())
        print(
            f"| n = {n}, L = {width} | {total:,} | {per_job:,} | {len(plan['blocks']):,} "
            f"| {seconds:.1f} s |",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--trivial", type=int, nargs="*", default=[100, 1000])
    arguments = parser.parse_args()
    if arguments.jobs:
        plans(arguments.jobs)
    if arguments.trivial:
        trivial(arguments.trivial)
    shared()


if __name__ == "__main__":
    main()
