"""Pages whose commands are run: a template goes in, a page with what they printed comes out.

In a template, `{% filter console %}` runs shell commands (`$ ...`), `{% filter python %}` runs
examples (`>>> ...`), `{% filter file("name") %}` writes a file, all in one folder, from the top of
the page to its end. Nothing that is shown as output is written by hand.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, field
from doctest import DocTestParser
from io import StringIO
from pathlib import Path
from typing import Any

from docs.make.prose import ROOT, environment

TEMPLATES = ROOT / "docs/templates"

WORKFLOW = ("Snakefile", "environment.yml", "config", "profiles", "rules", "scripts", "captions")
"""What Snakemake reads of a clone of this repository."""


@dataclass
class Desk:
    """A folder in which the commands of one page run, one after the other.

    Parameters
    ----------
    folder : Path
        Empty at first, but for the files of the workflow.
    images : Path
        Where figures of the page go.
    """

    folder: Path
    images: Path
    _names: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in WORKFLOW:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.folder / name)

    def console(self, text: str) -> str:
        """Run every line that begins with `$`, and show what it prints below it.

        Raises
        ------
        subprocess.CalledProcessError
            If a command fails; one that should ends in `; echo $?`.
        """
        shown = []
        for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
            shown.append(f"$ {command}\n{self._run(command)}")
        return _fenced("console", "".join(shown))

    def _run(self, command: str) -> str:
        programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        process = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=os.environ | {"PATH": programs},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if process.returncode != 0:
            error = subprocess.CalledProcessError(process.returncode, command, process.stdout)
            error.add_note(process.stdout)
            raise error
        return process.stdout

    def python(self, text: str) -> str:
        """Run examples as an interpreter would; names stay for the next ones of the page."""
        shown = []
        with chdir(self.folder):
            for example in DocTestParser().get_examples(text):
                printed = StringIO()
                with redirect_stdout(printed):
                    exec(compile(example.source, "<example>", "single"), self._names)
                first, *others = example.source.splitlines()
                shown += [f">>> {first}", *(f"... {line}".rstrip() for line in others)]
                shown += printed.getvalue().splitlines()
        return _fenced("python", "\n".join([*shown, "", ""]))

    def file(self, text: str, name: str) -> str:
        """Write a file."""
        content = f"{text.strip()}\n"
        (self.folder / name).write_text(content, encoding="utf-8")
        return _fenced(Path(name).suffix[1:], content)

    def read(self, name: str) -> Any:
        """Return the content of a JSON file."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def part(self, value: Any) -> str:
        """Show a part of a JSON file."""
        return _fenced("json", json.dumps(value, indent=1) + "\n").rstrip()

    def image(self, name: str, alternative: str, place: str) -> str:
        """Show a figure that was made on the desk; `place` is its name in the folder of images."""
        shutil.copyfile(self.folder / name, self.images / place)
        return f"![{alternative}](images/{place})"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}```\n"


def render(name: str, desk: Desk, values: Mapping[str, Any]) -> str:
    """Return the page of a template.

    Parameters
    ----------
    name : str
        Of the template.
    desk : Desk
    values : dict
        What the template takes besides `said`, `image`, `read` and the filters.

    Raises
    ------
    jinja2.UndefinedError
        If the template asks for another value.
    """
    filters = {name: getattr(desk, name) for name in ("console", "python", "file", "part")}
    templates = environment(TEMPLATES, **filters)
    templates.globals |= {"image": desk.image, "read": desk.read} | values
    return templates.get_template(name).render()
