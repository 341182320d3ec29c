"""What docs/promises.md promises, collected from the present program.

`python -m tests.support.promises` writes tests/support/promises.json: what must not vanish. It is
run for a release, and only adds; `tests/repository/test_promises.py` compares.
"""

import argparse
import inspect
import json
import re
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

import yaml

from reluenum.cli import COMMANDS, _parser, exits
from reluenum.cli.options import CHOICES

ROOT = Path(__file__).parents[2]

FROZEN = Path(__file__).with_suffix(".json")

OLD = Path(__file__).with_name("documents_0_1")
NEWER = {"1.0.0": Path(__file__).with_name("documents_1_0")}

MODULES = ("reluenum", "reluenum.verify", "reluenum.interop")

PARSERS = argparse._SubParsersAction
"""What holds the commands."""


def commands() -> dict[str, dict[str, dict[str, str]]]:
    """Return for each command and each option its default, and the values to choose from."""
    (chosen,) = (action for action in _parser()._actions if isinstance(action, PARSERS))
    assert chosen.choices.keys() == COMMANDS.keys()
    return {
        name: {
            option: _option(action)
            for action in parser._actions
            for option in action.option_strings or [action.dest]
        }
        for name, parser in chosen.choices.items()
    }


def _option(action: argparse.Action) -> dict[str, str]:
    choices = {"choices": sorted(map(str, action.choices))} if action.choices else {}
    return {"default": str(action.default), "required": action.required, **choices}


def exit_codes() -> dict[str, int]:
    """Return the exit codes by their names."""
    return {name: value for name, value in vars(exits).items() if name.isupper()}


def names() -> dict[str, list[str]]:
    """Return for each public name its parameters, members or values."""
    found = {}
    for module in map(import_module, MODULES):
        listed = getattr(module, "__all__", None) or [
            name
            for name, thing in vars(module).items()
            if isinstance(thing, FunctionType)
            and thing.__module__ == module.__name__
            and not name.startswith("_")
        ]
        for name in listed:
            found[f"{module.__name__}.{name}"] = sorted(_parts(getattr(module, name)))
    return found


def _parts(thing: Any) -> set[str]:
    if not inspect.isclass(thing):
        return {f"({name})" for name in inspect.signature(thing).parameters}
    if issubclass(thing, Enum):
        return {f"{member.name}={member.value}" for member in thing}
    members = {name for name in dir(thing) if not name.startswith("_")}
    fields = {name for name in getattr(thing, "__dataclass_fields__", ()) if name[0] != "_"}
    own = members - set(dir(Exception)) if issubclass(thing, Exception) else members
    kinds = (FunctionType, classmethod, staticmethod)
    called = (name for name in own if isinstance(inspect.getattr_static(thing, name), kinds))
    parameters = {
        f"{name}({parameter})"
        for name in called
        for parameter in inspect.signature(getattr(thing, name)).parameters
        if parameter != "self"
    }
    return own | fields | parameters


def schema_keys() -> list[str]:
    """Return the keys of configurations, with those above them."""
    schema = yaml.safe_load((ROOT / "config/schemas/config.schema.yaml").read_text())
    return sorted(set(_keys(schema, schema, "")))


def _keys(node: Any, schema: Any, above: str) -> list[str]:
    found = []
    if isinstance(node, list):
        return [key for part in node for key in _keys(part, schema, above)]
    if not isinstance(node, dict):
        return []
    for key, part in node.items():
        if key == "properties":
            for name, inside in part.items():
                path = f"{above}/{name}"
                default = f"={inside['default']}" if "default" in inside else ""
                found += [path + (default if not isinstance(inside.get("default"), dict) else "")]
                found += _keys(inside, schema, path)
        elif key == "$ref":
            target = schema
            for step in part.removeprefix("#/").split("/"):
                target = target[step]
            found += _keys(target, schema, above)
        elif key not in ("$defs", "definitions"):
            found += _keys(part, schema, above)
    return found


def files() -> list[str]:
    """Return the files that rules write below `results/`, but for those in `work/`."""
    text = "\n".join(path.read_text() for path in sorted(ROOT.glob("rules/*.smk")))
    found = re.findall(r'"(results/[^"]+)"', text)
    return sorted({path for path in found if "/work/" not in path and "{{" not in path})


def targets() -> dict[str, list[str]]:
    """Return what one asks of the workflow, and of `./run`, by name."""
    rules = "\n".join(path.read_text() for path in (ROOT / "Snakefile", *ROOT.glob("rules/*.smk")))
    usage = (ROOT / "run").read_text()
    return {
        "snakemake": sorted(re.findall(r"^rule (all|\w+_all):$", rules, re.MULTILINE)),
        "run": sorted(re.findall(r"\./run (\w+|--)", usage)),
    }


def keys_of(value: Any, above: str = "") -> set[str]:
    """Return the keys of a JSON value, with those above them; a list is a `*`."""
    if isinstance(value, dict):
        inside = [(f"{above}/{key}", part) for key, part in value.items()]
        return {path for path, _ in inside}.union(*(keys_of(part, path) for path, part in inside))
    if isinstance(value, list):
        return set().union(*(keys_of(part, f"{above}/*") for part in value))
    return set()


def promised() -> dict[str, Any]:
    """Return everything that a release promises."""
    return {
        "commands": commands(),
        "choices": {option: list(values) for option, values in CHOICES.items()},
        "exit_codes": exit_codes(),
        "names": names(),
        "configuration": schema_keys(),
        "files": files(),
        "targets": targets(),
    }


def lost(old: Any, new: Any, at: str = "") -> list[str]:
    """Return what `old` has and `new` lacks, or has another value of."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key, part in old.items()
            for line in (
                lost(part, new[key], f"{at}/{key}") if key in new else [f"{at}/{key} is gone"]
            )
        ]
    if isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new) and all(isinstance(part, dict) for part in (*old, *new)):
            pairs = enumerate(zip(old, new, strict=True))
            return [line for place, pair in pairs for line in lost(*pair, f"{at}/{place}")]
        return [f"{at}: {part} is gone" for part in old if part not in new]
    return [] if old == new else [f"{at}: was {old}, is {new}"]


if __name__ == "__main__":
    present = promised()
    if FROZEN.exists() and (gone := lost(json.loads(FROZEN.read_text()), present)):
        raise SystemExit("\n".join(gone))
    FROZEN.write_text(json.dumps(present, indent=1, sort_keys=True) + "\n")
