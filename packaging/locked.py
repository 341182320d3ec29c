"""Print the part of requirements.lock that the package and some of its extras need.

The lock is for those who change the package; with a container, tests, linters and the documentation
stay out. Why an entry is there, its comments `# via` say, so that nothing is resolved.

    python packaging/locked.py [EXTRA ...] >subset.lock
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]

PROJECT = "reluenum (pyproject.toml)"


def subset(lock: str, project: dict, extras: Iterable[str]) -> str:
    """Return the entries of a lock that the project and some extras of it need.

    What `requirements-extra.in` asks for belongs to it: programs, and what builds packages.
    """
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    kept = {re.match(r"[\w.-]+", text)[0].lower().replace("_", "-") for text in wanted}
    _, *entries = re.split(r"^(?=[^\s#])", lock, flags=re.MULTILINE)
    waiting = {re.match(r"[\w.-]+", entry)[0]: entry for entry in entries}
    reasons = {
        name: set(re.findall(r"^    #\s+(?:via )?(\S.*?)$", entry, re.MULTILINE)) - {"via"}
        for name, entry in waiting.items()
    }
    kept |= {name for name, why in reasons.items() if "-r requirements-extra.in" in why}
    while more := {name for name, why in reasons.items() if why & kept} - kept:
        kept |= more
    return "".join(entry for name, entry in waiting.items() if name in kept)


if __name__ == "__main__":
    given = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sys.stdout.write(subset((ROOT / "requirements.lock").read_text(), given, sys.argv[1:]))
