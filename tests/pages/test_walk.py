"""A newcomer walks from README through all pages: whatever a page names is there.

Commands with their options, targets of make, tasks of ./run, rules and options of Snakemake, names
of Python, files. Whether links lead somewhere, test_navigation.py looks; what commands print,
test_newcomers.py and the tests of single pages.
"""

import argparse
import re
from importlib import import_module
from importlib.util import find_spec

import pytest
from snakemake.cli import get_argument_parser

import reluenum
from reluenum.cli import COMMANDS, _attached, _parser
from reluenum.errors import InputError
from tests.support.markdown import ROOT, code_of, links, pages, spans, typed
from tests.support.workflow import TARGETS, rules

PAGES = [page for page in pages() if page.name != "CHANGELOG.md"]
"""What was once is told in the changelog, also names that are gone."""

SCRIPTS = sorted((ROOT / "docs/examples").glob("plot_*.py"))

READ = [*PAGES, *SCRIPTS]

each_page = pytest.mark.parametrize("page", READ, ids=lambda page: str(page.relative_to(ROOT)))


def commands(lines, name):
    """Return the words behind each occurrence of a program in some lines, to the command's end."""
    found = []
    for line in lines:
        line = re.sub(r"\s#.*", "", line)
        for part in re.split(r"\s*(?:&&|\|\||[;|)]|\bdo\b|>)\s*", line):
            words = part.strip().removeprefix("./run -- ").split()
            words = words[2:] if words[:2] == ["python", "-m"] and name != "python" else words
            if words and words[0] == name:
                found.append(words[1:])
    return found


def mentioned(page, name):
    """Return the words behind each occurrence of a program on a page."""
    return commands([*typed(page), *spans(page.read_text(encoding="utf-8"))], name)


# Programs -----------------------------------------------------------------------------------------


def options_of(parser):
    return {option for action in parser._actions for option in action.option_strings}


def parsers():
    """Return the parser of each command of reluenum."""
    (action,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


def unknown_options(words, known):
    """Return the options among some words that are not known."""
    given = [word.partition("=")[0].strip("[]().,") for word in words if re.match(r"\[?--\w", word)]
    return [option for option in given if option not in known]


@each_page
def test_every_command_of_reluenum_has_the_options_that_a_page_gives_it(page):
    known = {name: options_of(parser) for name, parser in parsers().items()}
    assert known.keys() == COMMANDS.keys()
    for words in mentioned(page, "reluenum"):
        if words and words[0] not in ("COMMAND", "--version", "--help"):
            assert words[0] in known, words
            assert unknown_options(words, known[words[0]]) == [], words


@each_page
def test_every_command_of_reluenum_in_a_block_is_complete(page):
    for words in commands(typed(page), "reluenum"):
        _parser().parse_args(_attached(words))


def test_an_incomplete_command_and_an_option_that_is_none_are_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Say `reluenum minima --depth 2`:\n\n```sh\nreluenum verify\n```\n")
    with pytest.raises(AssertionError, match="--depth"):
        test_every_command_of_reluenum_has_the_options_that_a_page_gives_it(page)
    with pytest.raises(InputError, match="required: FILE"):
        test_every_command_of_reluenum_in_a_block_is_complete(page)


@each_page
def test_every_option_of_its_own_is_one_of_a_program(page):
    known = {option for parser in parsers().values() for option in options_of(parser)}
    known |= options_of(get_argument_parser())
    code = spans(page.read_text(encoding="utf-8"))
    assert unknown_options([span.split()[0] for span in code if span[:2] == "--"], known) == []


@each_page
def test_every_target_of_make_is_in_the_makefile(page):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {word for words in mentioned(page, "make") for word in words[:1]} <= {*targets}


@each_page
def test_every_task_of_run_is_one(page):
    usage = (ROOT / "run").read_text()
    for words in mentioned(page, "./run"):
        assert not words or f"./run {words[0]} " in usage, words


@each_page
def test_every_call_of_snakemake_has_rules_and_options_that_are_there(page):
    for words in mentioned(page, "snakemake"):
        wanted = get_argument_parser().parse_args(["2" if word == "N" else word for word in words])
        known = {*rules(), *TARGETS}
        assert [name for name in wanted.targets if name not in known and "/" not in name] == []


@each_page
def test_every_module_that_is_run_is_there(page):
    code = page.read_text(encoding="utf-8")
    for name in re.findall(r"\bpython (?:-\w )*-m ([\w.]+)", code):
        assert find_spec(name), name


# Names of Python ----------------------------------------------------------------------------------


def resolves(name):
    """Return whether a dotted name is a module, or what a module or a class has."""
    first, *rest = name.split(".")
    thing = import_module(first)
    for k, part in enumerate(rest):
        if not hasattr(thing, part):
            try:
                import_module(".".join([first, *rest[: k + 1]]))
            except ImportError:
                return False
        thing = getattr(thing, part)
    return True


@each_page
def test_every_name_of_the_package_can_be_imported(page):
    code = page.read_text(encoding="utf-8") if page.suffix == ".py" else code_of(page)
    named = re.findall(r"(?<![\w/.-])(reluenum(?:\.(?!(?:py|sif)\b)[A-Za-z_]\w*)+)(?![\w/])", code)
    imported = r"from (reluenum[\w.]*) import (?:\(([\w ,\n]+)\)|([\w ,]+))"
    for module, *several in re.findall(imported, code):
        named += [f"{module}.{name}" for name in re.findall(r"\w+", "".join(several))]
    written = {path.replace("/", ".") for path in made_by_the_reader(page)}
    here = [name for name in named if not any(f"{name}.".startswith(f"{w}.") for w in written)]
    assert [name for name in here if not resolves(name)] == []


@each_page
def test_every_attribute_of_a_public_name_is_one(page):
    if page.name == "theory_index.md":
        return  # classes of modules that it names, some of the name of a public one
    public = "|".join(reluenum.__all__)
    code = "\n".join(spans(page.read_text(encoding="utf-8")))
    for name, attribute in re.findall(rf"(?<![\w.])({public})\.([a-z]\w*)", code):
        thing = getattr(reluenum, name)
        fields = getattr(thing, "__dataclass_fields__", {})
        assert hasattr(thing, attribute) or attribute in fields, f"{name}.{attribute}"


# Files --------------------------------------------------------------------------------------------

FOLDERS = "benchmarks|captions|config|docs|profiles|reluenum|rules|scripts|tests"


def made_by_the_reader(page):
    """Return the files, without their ending, that a page's own blocks say they are to become."""
    found = re.findall(r"```\w+\n# ([\w/]+)\.\w+\n", page.read_text(encoding="utf-8"))
    return {*found}


def linked_elsewhere(page, name):
    """Return whether a page has an address that ends so: the file of another project."""
    return re.search(rf"https://\S+/{re.escape(name)}\b", page.read_text(encoding="utf-8"))


@each_page
def test_every_file_of_the_repository_that_is_named_exists(page):
    found = re.findall(rf"(?<![\w/.~-])((?:{FOLDERS})/[\w./*-]*[\w/*])", code_of(page))
    written = made_by_the_reader(page)
    named = [name for name in found if name.rpartition(".")[0] not in written]
    placeholders = re.compile(r"\b(?:NAME|FILE)\b")
    missing = [n for n in named if not placeholders.search(n) and not [*ROOT.glob(n)]]
    assert [name for name in missing if not linked_elsewhere(page, name)] == []


def test_every_page_is_three_steps_from_the_readme_at_most():
    reached = new = {ROOT / "README.md"}
    for _ in range(3):
        found = {file for page in new if page.suffix == ".md" for file, _ in links(page)}
        new = found - reached
        reached = reached | new
    wanted = {page for page in PAGES if ROOT / "tests" not in page.parents}
    wanted |= {ROOT / "CHANGELOG.md", ROOT / "docs/examples/GALLERY_HEADER.rst"}
    assert sorted(str(page.relative_to(ROOT)) for page in wanted - reached) == []
