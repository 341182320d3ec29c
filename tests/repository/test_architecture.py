"""The house stays as docs/architecture.md describes it: nothing imports upwards."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import reluenum

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reluenum"

FACE = {"__init__", "__main__"}
ROOMS = re.findall(
    r"^\| `([a-z_/]+?)/?` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE
)
FOLDERS = [room for room in ROOMS if (PACKAGE / room).is_dir()]
WIDE = {"cli", "figures", "views"}
"""Rooms of one module for each command, kind of document or picture."""


def parts_of(path):
    """Room and module of a file; of a folder inside a room, the folder is the module."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    room = max((r for r in ROOMS if parts[: r.count("/") + 1] == tuple(r.split("/"))), key=len)
    rest = parts[room.count("/") + 1 :]
    return room, rest[0] if rest else ""


def files():
    return [
        path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem not in FACE
    ]


@cache
def tree_of(path):
    return ast.parse(path.read_text())


@cache
def imports(path):
    """Modules of the package that a file imports, inside functions, too."""
    return tuple(imported(path))


def imported(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "reluenum":
            for alias in node.names:
                place = PACKAGE.joinpath(*node.module.split(".")[1:], alias.name)
                inside = place.is_dir() or place.with_suffix(".py").exists()
                found = place if inside else place.parent
                if found != PACKAGE:
                    yield found / "__init__" if found.is_dir() else found
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("reluenum.") for alias in node.names), path


def order_in(room):
    """The modules of a room in the order of its docstring."""
    text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text()))
    named = re.findall(r"`([a-z_]+)`", text.partition("In order")[2])
    return list(dict.fromkeys(named))


def test_every_room_is_described_once():
    present = {parts_of(path)[0] for path in files()}
    assert sorted(ROOMS) == sorted(present)


def test_the_package_has_few_rooms_and_nothing_on_the_table():
    entries = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    assert {path.stem for path in entries if path.suffix == ".py"} == FACE | {
        "activation",
        "api",
        "errors",
        "interop",
        "outer",
        "problem",
    }
    assert len([path for path in entries if (path / "__init__.py").exists()]) <= 17


@pytest.mark.parametrize("room", FOLDERS)
def test_the_docstring_of_a_room_names_its_modules(room):
    inside = [path for path in (PACKAGE / room).iterdir() if path.stem not in FACE]
    modules = {path.stem for path in inside if path.suffix == ".py"}
    modules |= {
        path.name
        for path in inside
        if (path / "__init__.py").exists() and f"{room}/{path.name}" not in ROOMS
    }
    assert sorted(order_in(room)) == sorted(modules)
    assert len(modules) <= 12 or room in WIDE


def test_nothing_imports_upwards():
    rank = {room: number for number, room in enumerate(ROOMS)}
    orders = {room: order_in(room) for room in FOLDERS}
    wrong = []
    for path in files():
        room, module = parts_of(path)
        for imported in imports(path):
            other, part = parts_of(imported)
            inside = orders.get(room, [])
            if other != room:
                upwards = rank[other] > rank[room]
            elif module in FACE or part in FACE or module == part:
                upwards = False
            else:
                upwards = inside.index(part) > inside.index(module)
            if upwards:
                wrong.append((str(path.relative_to(PACKAGE)), f"{other}/{part}"))
    assert wrong == []


def test_the_two_formulations_share_neither_systems_nor_criteria():
    for path in (PACKAGE / "engines/eliminated").glob("*.py"):
        assert not [found for found in imports(path) if "reduced" in found.parts], path


def test_the_checker_imports_nothing_of_the_rest():
    for path in (PACKAGE / "verify").rglob("*.py"):
        rooms = {parts_of(found)[0] for found in imports(path)}
        assert all(room.split("/")[0] == "verify" for room in rooms), path


def test_no_function_or_class_has_the_name_of_another():
    names = Counter(
        node.name
        for path in files()
        if not parts_of(path)[0].startswith("verify")
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_the_public_names_are_where_the_face_says():
    for name in reluenum.__all__:
        assert getattr(reluenum, name).__name__ == name


def test_the_library_knows_nothing_of_snakemake():
    sources = {path: path.read_text() for path in PACKAGE.rglob("*.py")}
    assert [
        path.name
        for path, text in sources.items()
        if re.search(r"^\s*(import|from) snakemake", text, re.M)
    ] == []


EXACT = {
    "algebra": {"balls", "decimals", "scalars"},
    "geometry": {"cones", "frames", "spans"},
    "landscape": {"components", "evaluation"},
    "engines/reduced": set(),
    "engines/eliminated": set(),
    "paths": {"path"},
}
"""Rooms in which floats decide nothing, but for some modules."""


@pytest.mark.parametrize("room", EXACT)
def test_floats_decide_nothing(room):
    """The exact modules contain neither a float literal nor a call of float()."""
    for path in (PACKAGE / room).glob("*.py"):
        if path.stem in EXACT[room]:
            continue
        tree = tree_of(path)
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
        assert (literals, calls) == ([], []), path


BESIDE_ROOMS = {"agreement", "face", "pages", "repository", "support", "workflow"}
"""Folders of tests about no single room; `face` is about what lies on top of the package."""


def test_tests_lie_in_folders_of_the_rooms_and_share_only_what_is_in_support():
    tests = ROOT / "tests"
    for path in tests.rglob("*.py"):
        folder = path.parent.relative_to(tests).as_posix()
        assert folder in {*FOLDERS, *BESIDE_ROOMS} or path.name == "conftest.py", path
        for line in path.read_text().splitlines():
            if found := re.match(r"\s*(?:from|import) (tests?[._]\S*)", line):
                assert found[1].startswith("tests.support"), (path, line)
