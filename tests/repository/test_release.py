"""What describes a release says the same everywhere: version, citation, metadata, recipes."""

import json
import re
import subprocess
import sys
from datetime import date

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import reluenum
from reluenum.cli import main
from tests.support.requirements import CONDA_NAMES, PROJECT, ROOT, parsed

VERSION = PROJECT["version"]

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())

CODEMETA = json.loads((ROOT / "codemeta.json").read_text())

RECIPE = yaml.safe_load((ROOT / "packaging/conda/recipe.yaml").read_text())

WRAPPER = ROOT / "packaging/snakemake-wrapper"


def test_version_is_one_of_a_release():
    version = Version(VERSION)
    assert str(version) == VERSION
    assert version.major >= 1
    assert len(version.release) == 3


def test_version_is_the_same_everywhere(capsys):
    assert reluenum.__version__ == VERSION
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"reluenum {VERSION}\n"
    assert CITATION["version"] == CODEMETA["version"] == RECIPE["context"]["version"] == VERSION
    environment = yaml.safe_load((WRAPPER / "environment.yaml").read_text())
    assert environment["dependencies"] == [f"reluenum ={VERSION}"]
    for name in ("Dockerfile", "apptainer.def"):
        text = (ROOT / "packaging" / name).read_text()
        stated = re.findall(r"(?:reluenum:|image\.version )(\d\S*)", text)
        assert set(stated) == {VERSION}


def test_documents_say_which_version_wrote_them(tmp_path):
    (data := tmp_path / "data.csv").write_text("x,y\n-1,1\n1,0\n")
    output = tmp_path / "minima.json"
    asked = ["--width", "1", "--ridge", "1", "--quiet", "--output", str(output)]
    assert main(["minima", str(data), *asked]) == 0
    assert json.loads(output.read_text())["software"]["reluenum"] == VERSION


def test_asking_for_the_version_imports_nothing_else():
    code = "import reluenum, sys; reluenum.__version__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith("reluenum")}
    assert ours == {"reluenum"}


def test_the_changelog_has_a_section_that_is_not_released_or_that_of_this_version():
    sections = re.findall(
        r"^## \[(.+?)\](?: - (\S+))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert sections[0][0] in ("Unreleased", VERSION)
    assert all(date.fromisoformat(day) for name, day in sections if name != "Unreleased")


def test_citation_names_the_article_and_the_release():
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors", "abstract", "keywords"} <= CITATION.keys()
    assert CITATION["type"] == "software"
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["authors"] == PROJECT["authors"]
    assert set(CITATION["keywords"]) == set(PROJECT["keywords"])
    assert date.fromisoformat(CITATION["date-released"])
    article = CITATION["preferred-citation"]
    assert article["identifiers"][0]["value"] == "arXiv:2508.17783"
    assert [author["family-names"] for author in article["authors"]] == [
        "Fukasaku",
        "Kabata",
        "Okuno",
    ]


TERMS = {
    *("@context", "type", "name", "description", "version", "datePublished", "license", "author"),
    *("keywords", "applicationCategory", "developmentStatus", "programmingLanguage"),
    *("runtimePlatform", "operatingSystem", "softwareRequirements", "referencePublication"),
}
"""Terms of CodeMeta 3.0, most of them those of schema.org; there is no address of a repository."""


def test_codemeta_says_what_pyproject_says():
    assert CODEMETA.keys() == TERMS
    assert CODEMETA["@context"] == "https://w3id.org/codemeta/3.0"
    assert CODEMETA["type"] == "SoftwareSourceCode"
    assert CODEMETA["name"] == PROJECT["name"]
    assert CODEMETA["description"] == PROJECT["description"]
    assert CODEMETA["keywords"] == PROJECT["keywords"]
    assert CODEMETA["license"] == f"https://spdx.org/licenses/{PROJECT['license']}"
    assert [{"name": author["name"]} for author in CODEMETA["author"]] == PROJECT["authors"]
    assert CODEMETA["runtimePlatform"] == f"Python {PROJECT['requires-python']}"
    assert CODEMETA["datePublished"] == CITATION["date-released"]
    required = [f"{part['name']}{part['version']}" for part in CODEMETA["softwareRequirements"]]
    assert required == PROJECT["dependencies"]
    systems = [
        text.removeprefix("Operating System :: ").removeprefix("POSIX :: ")
        for text in PROJECT["classifiers"]
        if text.startswith("Operating System")
    ]
    assert {name.lower() for name in CODEMETA["operatingSystem"]} == {
        name.lower() for name in systems
    }


def test_codemeta_and_citation_name_the_same_article():
    article, cited = CODEMETA["referencePublication"], CITATION["preferred-citation"]
    assert article["name"] == cited["title"]
    assert article["url"] == cited["url"]
    assert [(one["familyName"], one["givenName"]) for one in article["author"]] == [
        (one["family-names"], one["given-names"]) for one in cited["authors"]
    ]


def test_conda_recipe_has_the_bounds_of_pyproject():
    oldest = yaml.safe_load((ROOT / "packaging/conda/variants.yaml").read_text())["python_min"]
    assert [f">={version}" for version in oldest] == [PROJECT["requires-python"]]
    (python, *rest) = RECIPE["requirements"]["run"]
    assert python == "python >=${{ python_min }}"
    ours = {
        CONDA_NAMES.get(name, name): requirement.specifier
        for name, requirement in parsed(PROJECT["dependencies"]).items()
    }
    conda = {name: requirement.specifier for name, requirement in parsed(rest).items()}
    assert conda == ours


def test_conda_recipe_constrains_what_users_may_add():
    extras = PROJECT["optional-dependencies"]
    wanted = parsed(
        text for name in ("convex", "sklearn", "slurm", "torch") for text in extras[name]
    )
    ours = {{"torch": "pytorch"}.get(name, name): one.specifier for name, one in wanted.items()}
    given = parsed(RECIPE["requirements"]["run_constraints"])
    assert {name: one.specifier for name, one in given.items()} == ours


def test_conda_recipe_builds_and_describes_this_package():
    (backend,) = (
        Requirement(text)
        for text in RECIPE["requirements"]["host"]
        if canonicalize_name(text.split()[0]) == "setuptools"
    )
    assert backend.specifier == SpecifierSet(">=77")
    assert RECIPE["build"]["noarch"] == "python"
    (name, place) = next(iter(PROJECT["scripts"].items()))
    assert RECIPE["build"]["python"]["entry_points"] == [f"{name} = {place}"]
    about = RECIPE["about"]
    assert about["license"] == PROJECT["license"]
    assert about["summary"] == PROJECT["description"]
    assert (ROOT / about["license_file"]).exists()


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda p: p.stem)
def test_issue_forms_are_of_the_form_that_hosting_sites_read(path):
    form = yaml.safe_load(path.read_text())
    if path.stem == "config":
        assert form == {"blank_issues_enabled": True}
        return
    assert {"name", "description", "title", "labels", "body"} == form.keys()
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in asked} <= {"input", "textarea"}
    assert len({part["id"] for part in asked}) == len(asked)
    assert all(part["attributes"]["label"] for part in asked)


def test_no_page_invents_an_address_of_the_project():
    pages = ("SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "docs/promises.md")
    for page in pages:
        text = (ROOT / page).read_text()
        assert not re.search(r"[\w.]+@[\w-]+\.\w", text)
        hosts = set(re.findall(r"https?://([\w.-]+)", text))
        allowed = {"www.contributor-covenant.org", "semver.org", "www.conventionalcommits.org"}
        assert hosts <= allowed
