"""Every name of docs/glossary.md is one of the code, every key one that documents have."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line[1:-1].split("|")]
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ")
]


def defined(node, prefix=""):
    """The names that a module or class defines: classes, functions, fields, attributes of self."""
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield prefix + child.name
            if isinstance(child, ast.ClassDef):
                yield from defined(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.AnnAssign | ast.Assign):
            targets = [child.target] if isinstance(child, ast.AnnAssign) else child.targets
            yield from (prefix + t.id for t in targets if isinstance(t, ast.Name))


@pytest.fixture(scope="module")
def vocabulary():
    """All names that the package defines, and all its constants."""
    names, constants = set(), set()
    for path in ROOT.glob("reluenum/**/*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names.update(defined(tree))
        constants.update(node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return names, constants


def quoted(column):
    return [(row[0], name) for row in ROWS[1:] for name in re.findall(r"`([\w.]+)`", row[column])]


def test_every_row_has_a_word_a_meaning_and_a_name():
    assert [row for row in ROWS if len(row) != 5] == []
    assert [row[0] for row in ROWS[1:] if not (row[1] and re.search(r"`\w", row[3]))] == []


@pytest.mark.parametrize(("word", "name"), quoted(3))
def test_a_name_is_defined_in_the_package(word, name, vocabulary):
    assert name in vocabulary[0], word


@pytest.mark.parametrize(("word", "key"), quoted(4))
def test_a_key_is_written_by_the_package(word, key, vocabulary):
    assert key in vocabulary[1], word
