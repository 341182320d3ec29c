"""Pages with measured numbers are templates, whose prose is set in lines when they are written."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from docs.make import prose

ROOT = Path(__file__).parents[2]

NAMES = sorted(p.name.partition(".")[0] for p in (ROOT / "docs/templates/measured").glob("*.j2"))


def test_the_examples_run():
    assert doctest.testmod(prose).failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_template_has_a_maker_that_names_it_and_a_page_that_is_set(name):
    maker = import_module(f"docs.make.{name}")
    assert f"docs/templates/measured/{name}.md.j2" in " ".join(maker.__doc__.split())
    page = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert prose.flowed(page) == page


def test_code_tables_and_items_keep_their_lines():
    code = "```sh\na    b\n\n# c\n```"
    table = "| a   | b   |\n|:----|:----|\n| 1   | 2   |"
    items = f"- {'word ' * 30}\n  more\n- b"
    shown = prose.flowed(f"# T\n\n{code}\n\n\n{table}\n\n{items}")
    assert shown.startswith(f"# T\n\n{code}\n\n{table}\n\n- word ")
    assert shown.endswith(" more\n- b\n")
    assert max(map(len, shown.splitlines())) <= prose.LINE


def test_a_sentence_that_does_not_hold_and_an_unknown_value_stop_a_page(tmp_path):
    (tmp_path / "t.j2").write_text("{% filter said(holds) %}so{% endfilter %}")
    template = prose.environment(tmp_path).get_template("t.j2")
    assert template.render(holds=True) == "so"
    with pytest.raises(ValueError, match="no longer true: so"):
        template.render(holds=False)
    (tmp_path / "u.j2").write_text("{{ nothing }}")
    with pytest.raises(UndefinedError):
        prose.environment(tmp_path).get_template("u.j2").render()
