"""Small disks, for tests of what a full one does."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(folder, size):
    """Mount a disk of a size on a folder; provide a function that changes its options."""
    folder.mkdir(parents=True, exist_ok=True)

    def mounted(*options, kind=()):
        command = ["mount", "-o", ",".join(options), *kind, str(folder)]
        return subprocess.run(command, capture_output=True).returncode

    new = ("-t", "tmpfs", "none")
    if os.geteuid() != 0 or shutil.which("mount") is None or mounted(f"size={size}", kind=new):
        pytest.skip("needs the right to mount a disk")
    try:
        yield lambda *options: mounted("remount", *options)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
