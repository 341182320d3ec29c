"""Build what a release consists of, an sdist and the wheel made from it, and check both.

The same sources give the same bytes: times are that of the last commit (or `SOURCE_DATE_EPOCH`),
and owners, permissions and the order of files follow from the sources alone. Needs the extra
`release`.

    python packaging/build.py [FOLDER]     # dist/ by default
"""

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]

NEEDED = ("build", "twine")


def main(folder: Path, root: Path = ROOT) -> int:
    """Write the sdist and the wheel of the sources in `root` to a folder, which is made."""
    if lacking := [name for name in NEEDED if find_spec(name) is None]:
        print(
            f"{' and '.join(lacking)}: not installed; `pip install -e '.[release]'` adds it",
            file=sys.stderr,
        )
        return 2
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or committed(root)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        copy = Path(scratch, "copy")
        sources(root, copy)
        built(copy, Path(scratch), "--sdist", epoch)
        (made,) = Path(scratch).glob("*.tar.gz")
        sdist = folder / made.name
        sdist.write_bytes(normalised(made.read_bytes(), int(epoch)))
        with tarfile.open(sdist) as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in 3.11.2
            archive.extractall(scratch)
        built(Path(scratch, sdist.name.removesuffix(".tar.gz")), folder, "--wheel", epoch)
    (wheel,) = folder.glob(sdist.name.removesuffix(".tar.gz") + "-*.whl")
    check = ("-m", "twine", "check", "--strict", str(sdist), str(wheel))
    checked = subprocess.run([sys.executable, *check], capture_output=True, text=True)
    if checked.returncode:
        print(checked.stdout + checked.stderr, file=sys.stderr)
        return 1
    for path in (sdist, wheel):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    return 0


def committed(root: Path) -> str:
    """Return when the last commit was made, in seconds of Unix time."""
    command = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def sources(root: Path, copy: Path) -> None:
    """Copy what a release is made of, each file with the permissions that all others have."""
    copy.mkdir(mode=0o755)
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copyfile(root / name, copy / name)
    for line in (root / "MANIFEST.in").read_text().splitlines():
        verb, *names = line.split()
        for name in names if verb == "include" else ():
            shutil.copyfile(root / name, copy / name)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*")
    shutil.copytree(root / "reluenum", copy / "reluenum", ignore=ignored)
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def built(root: Path, folder: Path, kind: str, epoch: str) -> None:
    """Build one kind of distribution with what is installed, asking no network."""
    command = [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", str(folder)]
    done = subprocess.run(
        [*command, str(root)],
        env=os.environ | {"SOURCE_DATE_EPOCH": epoch},
        umask=0o022,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def normalised(sdist: bytes, epoch: int) -> bytes:
    """Return the same archive with sorted files of one time, one owner and plain permissions."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(sdist)) as old,
        gzip.GzipFile("", "wb", fileobj=packed, mtime=epoch) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, epoch
            plain.mode = 0o755 if member.isdir() else 0o644
            new.addfile(plain, old.extractfile(member) if member.isfile() else None)
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
