"""The certified engine on the sizes it was made for: lists, certificates and their check."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.clock import Progress, ratio, spread, turns
from benchmarks.ladders import Rung
from reluenum.documents.files import write_text
from reluenum.documents.results import to_json
from reluenum.engines.certified.prove import prove
from reluenum.engines.certified.spool import Task, surveyed
from reluenum.verify import verify

RELUENUM = [sys.executable, "-m", "reluenum"]


@dataclass(frozen=True)
class Case:
    """A large instance of random data.

    Parameters
    ----------
    n, d : int
    width : str
        A number, or `all`.
    jobs : int
        Processes.
    verified : bool
        Whether there is time to check the certificate.
    """

    n: int
    d: int
    width: str
    jobs: int
    verified: bool = True

    @property
    def name(self) -> str:
        """The instance in words."""
        width = "every width" if self.width == "all" else f"L = {self.width}"
        return f"n = {self.n}, d = {self.d}, {width}"


@dataclass(frozen=True)
class Usage:
    """What a command took: wall time, memory of its largest process, CPU time of all of them."""

    seconds: float
    megabytes: float
    cpu_seconds: float


_LAUNCHED = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
sys.exit(code)
"""

"""In a small process of its own: memory of what is started counts from that of who starts it."""


def run(arguments: Sequence[str]) -> Usage:
    """Run a command of the package.

    Raises
    ------
    CalledProcessError
        If it fails.
    """
    started = time.perf_counter()
    command = [sys.executable, "-c", _LAUNCHED, *RELUENUM, *arguments]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    kilobytes, cpu_seconds = map(float, told.split())
    return Usage(time.perf_counter() - started, kilobytes / 1024, cpu_seconds)


def large(cases: Sequence[Case], progress: Progress) -> Iterator[dict[str, Any]]:
    """Yield what the command line takes for large instances, each run once.

    Yields
    ------
    dict
        `seconds` and `megabytes` (of one process) of list and certificate; `verify_seconds` and
        `verify_megabytes`, None if not run; share of supports decided in `double` precision.
    """
    for case in cases:
        with TemporaryDirectory() as folder:
            data, document = str(Path(folder, "data.csv")), Path(folder, "minima.json")
            size = ["--n", str(case.n), "--d", str(case.d), "--seed", "1"]
            run(["data", "random", *size, "--denominator", "100000", "--output", data])
            options = ["--width", case.width, "--ridge", "1/100", "--engine", "certified"]
            target = ["--jobs", str(case.jobs), "--quiet", "--output", str(document)]
            listed = run(["minima", data, *options, *target])
            checked = run(["verify", str(document)]) if case.verified else None
            found = json.loads(document.read_text())
        supports = found["enumeration"]["supports_examined"]
        progress(f"{case.name}: {listed.seconds:.0f} s")
        yield {
            "instance": case.name,
            "supports": supports,
            "jobs": case.jobs,
            "seconds": listed.seconds,
            "megabytes": listed.megabytes,
            "verify_seconds": checked and checked.seconds,
            "verify_megabytes": checked and checked.megabytes,
            "double": found["decided_by"]["double"] / supports,
            "components": len(found["components"]),
        }


def proofs(
    rungs: Sequence[Rung], rounds: int, share: float, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Yield what each stage takes in one process: examining, proving and checking.

    Yields
    ------
    dict
        `survey`: all supports in batches; `prove`: certificate and document from their records;
        `verify`: its check; in seconds, with `ratio` of the check to the first two together.
    """
    for rung in rungs:
        problem = rung.problem()
        task = Task(problem, problem.width)
        taken: dict[str, list[float]] = {"survey": [], "prove": [], "verify": []}
        with TemporaryDirectory() as folder:
            path = Path(folder, "minima.json")
            for _ in turns(rounds, share):
                clock = [time.perf_counter()]
                blocks = list(surveyed(task))
                clock.append(time.perf_counter())
                write_text(path, to_json(prove(task, blocks).document))
                clock.append(time.perf_counter())
                report = verify(path)
                clock.append(time.perf_counter())
                for k, times in enumerate(taken.values()):
                    times.append(clock[k + 1] - clock[k])
        progress(f"stages at n = {rung.n}, L = {rung.width}")
        made = [
            survey + prove for survey, prove in zip(taken["survey"], taken["prove"], strict=True)
        ]
        yield {
            "n": rung.n,
            "d": rung.d,
            "width": rung.width,
            "supports": report.records,
            **{stage: spread(times) for stage, times in taken.items()},
            "ratio": ratio(taken["verify"], made),
        }
