"""The pages for newcomers: made by this version, without a number or a command that is not run."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from flint import fmpq

from docs.make import live, newcomers
from docs.make.prose import word
from reluenum import Problem, enumerate_minima
from reluenum.cli import main
from reluenum.datasets.datafiles import read_csv
from reluenum.datasets.families import random_data, reference_data
from reluenum.figures import save_figure
from reluenum.groebner.backends import BACKENDS, open_backends
from reluenum.problem import parse_ridge
from tests.support.starter import snakemake
from tests.support.systems import SYSTEMS, comparable, text_of
from tests.support.workflow import TARGETS, rules

pytestmark = pytest.mark.seconds(45)

ROOT = Path(__file__).parents[2]

TEMPLATES = sorted((ROOT / "docs/templates").glob("*.md.j2"))


def assert_is_of_this_version(page, folder):
    """Compare a page and its figures with those that are made now."""
    newcomers.write(page, folder)
    text = (folder / page).read_text()
    assert (ROOT / page).read_text() == text, f"{page}: change its template, then `make docs`"
    for image in (folder / "docs/images").iterdir():
        assert f"(images/{image.name})" in text
        assert image.read_bytes() == (ROOT / "docs/images" / image.name).read_bytes()


@pytest.mark.parametrize("page", ["README.md", "docs/reading.md", "docs/faq.md"])
def test_a_page_is_of_this_version(page, tmp_path):
    assert_is_of_this_version(page, tmp_path)


@pytest.fixture
def copied_snakemake(monkeypatch):
    """Let a page's runs of Snakemake, and their jobs, be copies of what has its imports."""
    in_a_shell = live.Desk._run

    def run(desk, command):
        name, *arguments = shlex.split(command)
        if name != "snakemake":
            return in_a_shell(desk, command)
        done = snakemake(arguments, desk.folder)
        assert done.returncode == 0, done.stdout
        return done.stdout

    monkeypatch.setattr(live.Desk, "_run", run)


@pytest.mark.slow
def test_the_tutorial_with_its_figures_and_its_workflow_is_of_this_version(
    copied_snakemake, tmp_path
):
    assert_is_of_this_version("docs/tutorial.md", tmp_path)


def test_there_is_a_template_for_every_page():
    assert sorted(f"{Path(page).name}.j2" for page in newcomers.PAGES) == [
        t.name for t in TEMPLATES
    ]


# Numbers ------------------------------------------------------------------------------------------

NAMES = (
    *("arXiv:2508.17783", "five minutes"),
    *("`x1..xd`", "`x1,x2,y`", "`x2`", "x2` in", "`++-+0`", "`0`", "`0.1`", "`1/3`", "`1e-3`"),
    *(
        "`1/100`",
        "`--width 2`",
        "`--hidden 2,1`",
        "`{from: 3, to: 10}`",
        "`x_1`",
        "`x0`",
        "bzip2",
        "UTF-16",
    ),
    "points on a line have `4n - 3` faces",  # said, so checked
    *("`leaky:1/10`", "`--activation leaky:1/10`", "`slopes:-1/2,2`"),
)
"""What has a digit and is no number that could be wrong: names, and what a reader may type."""

NUMBER = re.compile(
    r"\w*\d[\w,./]*|\b(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundreds?|"
    r"thousands?|millions?|billions?)\b",
    re.IGNORECASE,
)


def prose(template):
    """Return the sentences of a template, also those that it fills in if they are so."""
    text = re.sub(r"{% filter .*?{% endfilter %}|```.*?```", "", template, flags=re.DOTALL)
    text = re.sub(r"{%.*?%}|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'{{ said\("(.*?)".*?}}', r"\1", text)
    text = re.sub(r"{{.*?}}", "", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"\$[^$`\n]+\$", "", text)
    for name in NAMES:
        text = text.replace(name, "")
    return text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_number_in_a_sentence_is_computed(template):
    assert NUMBER.findall(prose(template.read_text())) == []


def test_numbers_are_found_in_words_and_digits():
    text = """Takes 3.5 s, {{ n[1] }} points, {{ said("in 4 s", True) }}, six units [9](9.md),
    ```8``` $x^2$, `1/100`, L2."""
    assert NUMBER.findall(prose(text)) == ["3.5", "4", "six", "9", "L2."]


# Commands -----------------------------------------------------------------------------------------

ELSEWHERE = {
    "./run reference": "tests/repository/test_packaging.py; test_reference.py: what it ends with",
    "./run tests": "tests/repository/test_packaging.py",
}
"""Commands in blocks that these pages do not run, with who does."""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_block_of_commands_is_run(template):
    for language, block in re.findall(r"```(\w+)\n(.*?)```", template.read_text(), re.DOTALL):
        commands = {line.partition("#")[0].strip() for line in block.splitlines()}
        assert language == "sh"
        assert commands <= ELSEWHERE.keys()


def spans(beginning):
    """Return the commands in sentences that begin so, as lists of words."""
    texts = [prose(template.read_text()) for template in TEMPLATES]
    found = [span for text in texts for span in re.findall(rf"`({beginning} [^`]+)`", text)]
    assert found
    return [span.split() for span in found]


def test_every_target_of_make_that_is_named_exists():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {words[1] for words in spans("make")} <= set(targets)


def test_every_option_of_reluenum_that_is_named_exists(capsys):
    for _, command, *words in spans("reluenum"):
        main([command, "--help"])
        shown = capsys.readouterr().out
        assert all(word in shown for word in words if word.startswith("--"))


# A desk -------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    folder = tmp_path / "desk"
    folder.mkdir()
    return live.Desk(folder, tmp_path)


def test_a_desk_shows_what_commands_print_one_after_the_other(desk):
    assert desk.file("1\n", "one.txt") == "```txt\n1\n```\n"
    shown = desk.console("$ cat one.txt\nold output\n$ cat two.txt; echo $?\n")
    assert shown == (
        "```console\n$ cat one.txt\n1\n$ cat two.txt; echo $?\n"
        "cat: two.txt: No such file or directory\n1\n```\n"
    )


def test_a_command_that_fails_stops_the_page(desk):
    with pytest.raises(subprocess.CalledProcessError, match="cat nothing"):
        desk.console("$ cat nothing.txt | head\n")


def test_examples_share_their_names_and_show_what_there_is(desk):
    desk.python(">>> three = 3\n")
    shown = desk.python(">>> for k in range(2):\n...     print(three + k)\n>>> three\n7\n")
    assert shown == (
        "```python\n>>> for k in range(2):\n...     print(three + k)\n3\n4\n>>> three\n3\n\n```\n"
    )


@pytest.mark.parametrize(("number", "text"), [(0, "no"), (7, "seven"), (1234, "1,234")])
def test_small_numbers_are_words(number, text):
    assert word(number) == text


# Extending ----------------------------------------------------------------------------------------

EXTENDING = (ROOT / "docs/extending.md").read_text()


def block(place):
    """Return the example of docs/extending.md that says it belongs to a file."""
    (text,) = re.findall(rf"```\w+\n# {re.escape(place)}\n(.*?)```", EXTENDING, re.DOTALL)
    return text


@pytest.fixture
def f5b(tmp_path, monkeypatch):
    """Make the example of a backend importable, for helper processes as well, and known."""
    (tmp_path / "f5b.py").write_text(block("reluenum/groebner/f5b.py"))
    monkeypatch.syspath_prepend(tmp_path)
    import f5b

    monkeypatch.setitem(BACKENDS, "f5b", f5b.F5bBackend)
    yield
    del sys.modules["f5b"]


def test_the_backend_of_the_page_agrees_with_the_others(f5b):
    easy = ("two lines", "no separating variable", "one of two points", "no solution", "a curve")
    with ExitStack() as opened:
        example, flint = (opened.enter_context(open_backends(name)) for name in ("f5b", "flint"))
        for name in easy:
            found, expected = (engine.solutions(SYSTEMS[name]) for engine in (example, flint))
            assert comparable(found) == comparable(expected), name
    problem = Problem(*reference_data(), 1, parse_ridge("1/3"))
    found = enumerate_minima(problem, backend="f5b")
    assert found.is_complete
    assert text_of(found) == text_of(enumerate_minima(problem, backend="flint"))


def test_the_family_of_the_page_is_one_that_the_workflow_accepts(desk, monkeypatch):
    shutil.copytree(ROOT / "reluenum", desk.folder / "reluenum")
    module = desk.folder / "reluenum/datasets/families.py"
    (entry,) = re.findall(r"```python\n( +\"step\": .*?\n)```", EXTENDING)
    before, table, after = module.read_text().partition("FAMILIES: Mapping")
    head, brace, rest = after.partition("{\n")
    function = block("reluenum/datasets/families.py")
    module.write_text(f"{before}{function}\n\n{table}{head}{brace}{entry}{rest}")
    monkeypatch.setenv("PYTHONPATH", str(desk.folder))
    assert "x,y\n" in desk.console("$ reluenum data step --n 5\n")
    desk.file(block("config/steps.yaml"), "config/steps.yaml")
    data = "results/steps/step-n3-d1-L2-ridge1_10-seed1-noise1_20/data.csv"
    desk.console(f"$ snakemake {data} --cores 2 --configfile config/steps.yaml\n")
    inputs, targets = read_csv(desk.folder / data)
    assert inputs == random_data(3, seed=1)[0]
    assert all(min(abs(target), abs(target - 1)) <= fmpq(1, 20) for target in targets)


def test_the_figure_of_the_page_is_drawn(tmp_path):
    (tmp_path / "orbits.py").write_text(block("reluenum/figures/orbits.py"))
    draw = runpy.run_path(str(tmp_path / "orbits.py"))["plot_orbits"]
    (written,) = save_figure(draw(newcomers.reference().document), tmp_path / "orbits", ("svg",))
    assert "labelled copies" in written.read_text()


def test_the_rule_of_the_page_is_the_shortest_one_that_works():
    (rule,) = re.findall(r"```snakemake\n# .*?\n(.*?)\n```", EXTENDING, re.DOTALL)
    working = [text for name, text in rules().items() if name not in TARGETS]
    assert rule in working
    assert len(rule.splitlines()) == min(len(text.splitlines()) for text in working)


def test_every_file_that_the_page_names_exists():
    paths = re.findall(r"`((?:reluenum|tests|config|captions|scripts)/[\w/.]+\.\w+)`", EXTENDING)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
