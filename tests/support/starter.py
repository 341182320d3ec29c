"""Snakemake, imported once and copied for every run: most of a short run is imports.

A process that runs this file takes runs as lines of JSON, and answers each with its exit code.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile


def snakemake(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess:
    """Run Snakemake in a folder to its end; its output is one text."""
    with NamedTemporaryFile(suffix=".txt") as output:
        process = _process()
        run = list(arguments), str(folder), dict(environment), output.name
        print(json.dumps(run), file=process.stdin, flush=True)
        code = int(process.stdout.readline())
        text = output.read().decode(errors="replace")
    return subprocess.CompletedProcess(["snakemake", *arguments], code, text)


@cache
def _process() -> subprocess.Popen:
    """Start the process that is copied; it ends before this one does."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-P", __file__], text=True, **pipes)
    atexit.register(process.communicate)
    return process


def _serve() -> None:
    """Copy this process for every run."""
    from snakemake.cli import main

    for line in sys.stdin:
        arguments, folder, environment, output = json.loads(line)
        if copy := os.fork():
            _, status = os.waitpid(copy, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.path.insert(0, folder)
        nothing, written = os.open(os.devnull, os.O_RDONLY), os.open(output, os.O_WRONLY)
        for target, source in enumerate((nothing, written, written)):
            os.dup2(source, target)
        sys.argv[1:] = arguments
        main()


if __name__ == "__main__":
    _serve()
