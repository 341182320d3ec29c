"""A folder in which Snakemake runs, for the tests of the workflow."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]

SMALL_DATA = "x,y\n-1,0.2\n1/3,-1\n0.75,1e0\n"


class Folder:
    """A working directory with a configuration and data, in which Snakemake runs."""

    def __init__(self, path: Path, config: dict) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        (path / "small.csv").write_text(SMALL_DATA)
        self.configure(config)

    def configure(self, config: dict) -> None:
        (self.path / "config.yaml").write_text(yaml.safe_dump(config))

    def command(self, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
            *("--configfile", "config.yaml", "--cores", "2", *arguments),
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; its output is one text."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def succeed(self, *arguments: str) -> str:
        """Run Snakemake and return what it printed."""
        process = self.run(*arguments)
        assert process.returncode == 0, process.stdout
        return process.stdout

    def files(self, pattern: str) -> dict[str, bytes]:
        """Return the content of the results that match."""
        found = (self.path / "results").glob(pattern)
        return {str(f.relative_to(self.path)): f.read_bytes() for f in found if f.is_file()}


def jobs(output: str) -> dict[str, int]:
    """Read the table of jobs that Snakemake prints first."""
    table = output.partition("Job stats:")[2].partition("total")[0]
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}


def jobs_run(output: str, rule: str) -> int:
    """Count the jobs of a rule that ended."""
    return len(re.findall(rf"^Finished jobid: \d+ \(Rule: {rule}\)$", output, re.MULTILINE))


SMALL = {
    "experiment": "small",
    "datasets": [{"csv": "small.csv", "width": 2, "ridge": "1/100"}],
    "solve": {"patterns_per_job": 8},
    "figures": {"formats": ["svg"]},
}

INSTANCE = "results/small/small-L2-ridge1_100"
