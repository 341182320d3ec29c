"""Snakemake and the libraries of scripts, imported once and copied for every run and every job.

Most of a short run, and of a short job, is imports. A process that runs this file takes runs as
lines of JSON, and answers each with its exit code; a copy of it takes the scripts of their jobs.
"""

import ast
import atexit
import gc
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from types import SimpleNamespace

import reluenum

LIBRARIES = (
    *("flint", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    *("matplotlib.backends.backend_svg", "matplotlib.figure", "numpy", "pandas"),
    *("pyarrow.parquet", "scipy.optimize", "snakemake.iocontainers", "snakemake.logging"),
)
"""What scripts import and does not belong to the package."""


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
    home = TemporaryDirectory(prefix="reluenum-")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-P", __file__, f"{home.name}/scripts"]
    process = subprocess.Popen(command, text=True, **pipes)
    atexit.register(home.cleanup)
    atexit.register(process.communicate)
    return process


def _serve(path: str) -> None:
    """Copy this process for every run, and a copy of it for every script."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen()
    if not (scripts := os.fork()):
        _serve_scripts(door)
    _serve_runs(path)
    os.kill(scripts, signal.SIGTERM)


def _serve_runs(door: str) -> None:
    from snakemake import script
    from snakemake.cli import main

    gc.freeze()
    hand_over = Path(__file__).with_name("hand_over.py")
    for line in sys.stdin:
        arguments, folder, environment, output = json.loads(line)
        if copy := os.fork():
            print(_exit_code(copy), flush=True)
            continue
        nothing, written = os.open(os.devnull, os.O_RDONLY), os.open(output, os.O_WRONLY)
        _become(folder, environment, (nothing, written, written))
        sys.path.insert(0, folder)
        sys.argv[1:] = arguments
        python = f"{sys.executable} -ISE {hand_over} {door}"
        script.sys = SimpleNamespace(**vars(sys) | {"executable": python})
        main()


def _serve_scripts(door: socket.socket) -> None:
    """Copy this process for every script; a copy of the copy runs it."""
    package = (module.name for module in pkgutil.walk_packages(reluenum.__path__, "reluenum."))
    for name in (*LIBRARIES, *package):
        if not name.endswith("__main__"):
            import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    door.settimeout(10)
    while os.getppid() == parent:
        with suppress(TimeoutError):
            line, _ = door.accept()
            _serve_script(line)
    os._exit(0)


def _serve_script(line: socket.socket) -> None:
    """Let a copy of this process run the script that a line tells of."""
    if os.fork():
        line.close()
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, *_ = socket.recv_fds(line, 4, 3)
    with line.makefile("rb") as file:
        told = file.read(int.from_bytes(size, "big"))
    if not (copy := os.fork()):
        arguments, folder, environment = ast.literal_eval(told.decode())
        _become(folder, environment, streams)
        sys.argv[:] = arguments
        sys.path[0] = str(Path(arguments[0]).parent)
        runpy.run_path(arguments[0], run_name="__main__")
        sys.stdout.flush()
        os._exit(0)
    line.sendall(str(_exit_code(copy)).encode())
    os._exit(0)


def _become(folder: str, environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Take on what a process is started with."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for target, source in enumerate(streams):
        os.dup2(source, target)


def _exit_code(copy: int) -> int:
    """Wait for a copy to end; the code is that of a shell."""
    code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    _serve(sys.argv[1])
