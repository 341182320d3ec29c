"""docs/basins.md says what the program does, and every key of its document."""

import doctest
import re
from pathlib import Path

import pytest

from reluenum import enumerate_minima
from reluenum.basins.disconnectivity import disconnectivity
from reluenum.engines.certified.prove import certify_problem
from reluenum.engines.certified.questions import EveryWidth
from tests.support.oracles import reference_problem

PAGE = Path(__file__).parents[2] / "docs/basins.md"


def test_the_example_is_what_the_program_says():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, tried > 5) == (0, True)


def keys(record):
    """All keys of nested records, but those of the list of minima."""
    if isinstance(record, dict):
        for key, value in record.items():
            yield key
            if key not in ("minima", "software", "problem"):
                yield from keys(value)
    elif isinstance(record, list):
        for entry in record:
            yield from keys(entry)


@pytest.mark.parametrize("labelled", [False, True])
def test_every_key_is_on_the_page(labelled):
    at_width = enumerate_minima(reference_problem(2, "1/100"), engine="certified")
    everywhere = certify_problem(reference_problem(1, "3/10"), question=EveryWidth).document
    documents = [at_width.basins(labelled).document, disconnectivity(everywhere)]
    explained = set(re.findall(r"`\{?\"?([a-z_]+)", PAGE.read_text(encoding="utf-8")))
    assert {key for document in documents for key in keys(document)} <= explained
