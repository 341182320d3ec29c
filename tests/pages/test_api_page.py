"""docs/api.md is made of the docstrings as they are, and each public name has an example."""

import inspect

import pytest

from docs.make import api
from reluenum import Problem


def test_the_page_is_of_this_version():
    text = api.PAGE.read_text(encoding="utf-8")
    assert text == api.page(), "`python -m docs.make.api` writes it"


@pytest.mark.parametrize("name", api.public_things())
def test_a_public_name_has_an_example_in_it_or_in_a_method(name):
    thing = api.public_things()[name]
    members = [m for _, m in inspect.getmembers(thing)] if inspect.isclass(thing) else []
    sections = [api.Docstring.of(part).sections for part in (thing, *members)]
    assert any(">>> " in found.get("Examples", "") for found in sections)


def test_whatever_a_landscape_consists_of_is_on_the_page():
    assert {"Problem", "Landscape", "Component", "Network"} <= api.public_things().keys()


def test_signatures_show_values_and_no_self():
    assert api._signature(Problem.with_width) == "with_width(width: int) -> Self"
    text = api.page()
    assert "seconds: float = 120.0" in text
    assert "DEFAULT" not in text
