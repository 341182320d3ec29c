"""The house stays as docs/architecture.md describes it: nothing imports upwards."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGE = ROOT / "reluenum"


def documented_modules():
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    return [name.rstrip("/") for row in rows for name in re.findall(r"`([a-z_]+/?)`", row)]


def module_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path):
    """Modules of the package that a file imports at its top level (not inside a function)."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reluenum"):
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]


def test_every_module_is_documented_once():
    present = {module_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    documented = documented_modules()
    assert sorted(documented) == sorted(present)


def test_no_module_imports_one_below_it():
    order = {name: k for k, name in enumerate(documented_modules())}
    backwards = [
        (str(path.relative_to(PACKAGE)), imported)
        for path in PACKAGE.rglob("*.py")
        if module_of(path) in order
        for imported in imported_modules(path)
        if order[imported] > order[module_of(path)]
    ]
    assert backwards == []


def test_the_library_knows_nothing_of_snakemake():
    sources = {path: path.read_text() for path in PACKAGE.rglob("*.py")}
    assert [
        path.name
        for path, text in sources.items()
        if re.search(r"^\s*(import|from) snakemake", text, re.M)
    ] == []


def test_floats_decide_nothing():
    """The exact modules contain neither a float literal nor a call of float()."""
    exact = [
        "problem",
        "linear",
        "arrangement",
        "patterns",
        "refutation",
        "moments",
        "stationarity",
        "numberfield",
        "algebraic",
        "realpoints",
        "stationary",
        "minimality",
        "completeness",
        "merge",
        "certify",
        "parametric",
        "events",
    ]
    for name in exact:
        tree = ast.parse((PACKAGE / f"{name}.py").read_text())
        literals = [
            n.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, float)
        ]
        calls = [
            n
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "float"
        ]
        assert (literals, calls) == ([], []), name
