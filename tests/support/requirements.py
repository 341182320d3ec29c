"""What the project requires, and what that requires."""

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

PROJECT = PYPROJECT["project"]

# Where conda splits or renames a package of PyPI.
CONDA_NAMES = {
    "build": "python-build",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
    "snakemake": "snakemake-minimal",
}


def parsed(requirements):
    """Return canonical name -> Requirement."""
    found = [Requirement(text) for text in requirements]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def closure(requirements):
    """Return the names of requirements and of all that these require."""
    found = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        marker, name = requirement.marker, canonicalize_name(requirement.name)
        if marker is None or marker.evaluate({"extra": extra}):
            new = {(name, wanted) for wanted in ("", *requirement.extras)} - found
            found |= new
            needed = [Requirement(text) for text in metadata.requires(name) or []]
            waiting += [(other, wanted) for _, wanted in new for other in needed]
    return {name for name, _ in found}
