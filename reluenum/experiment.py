"""What the Snakefile has to know of an experiment: its instances, their names and their batches.

Every job of a cluster reads the Snakefile, so nothing heavy is imported here.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from inspect import signature
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from reluenum.datasets import FAMILIES
from reluenum.errors import InputError
from reluenum.problem import parse_rational, parse_ridge

SOURCES = ("family", "csv", "data")
"""Where the points of a data set come from: generated, from a file, or written out."""

PARAMETERS = ("n", "d", "seed", "denominator", "hidden", "noise")
"""Keys of a data set that a family of data sets may take."""

FIGURES = {"units": "hidden units", "fits": "fitted functions", "levels": "losses"}
"""Figures of one instance, with the labels that the report gives them."""

SUMMARY_FIGURES = {"losses": "losses of all instances"}
"""Figures over all instances of an experiment."""

LONGEST_NAME = 200
"""Characters of a folder name; file systems stop at 255 bytes."""


def complete_config(config: dict[str, Any], schema: str | Path) -> None:
    """Check a configuration and fill in the defaults, in place.

    Parameters
    ----------
    config : dict
        As YAML gives it.
    schema : str or Path
        A JSON schema in YAML; its `default`s are filled in, its `description`s end the messages.

    Raises
    ------
    InputError
        Naming the first key that is unknown, missing or has a bad value.
    """
    rules = yaml.safe_load(Path(schema).read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(rules).iter_errors(config), key=_urgency)
    if errors:
        raise _input_error(errors[0])
    _fill(config, rules, rules)


def _urgency(error: ValidationError) -> tuple[bool, str]:
    """Put unknown keys first: a misspelt key also looks like a missing one."""
    return error.validator != "additionalProperties", error.json_path


def _input_error(error: ValidationError) -> InputError:
    """Turn a schema's complaint into one line that names the key."""
    place = f"configuration, {error.json_path.removeprefix('$').removeprefix('.') or 'top level'}"
    expected = error.schema["description"]
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = next(key for key in error.instance if key not in known)
        near = get_close_matches(str(unknown), known, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        return InputError(place, f"unknown key {unknown!r}{hint}", f"one of {', '.join(known)}")
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return InputError(
            place, f"no key {missing!r}", f"all of {', '.join(error.validator_value)}"
        )
    return InputError(place, f"{error.instance!r}", expected)


def _fill(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> None:
    """Set the defaults of a schema, also inside the mappings and lists that it describes."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if isinstance(value, dict):
        for key, rule in schema.get("properties", {}).items():
            if "default" in rule:
                value.setdefault(key, json.loads(json.dumps(rule["default"])))
            if key in value:
                _fill(value[key], rule, root)
    elif isinstance(value, list):
        for entry in value:
            _fill(entry, schema.get("items", {}), root)


def instances(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every instance of an experiment by the name of its folder.

    Parameters
    ----------
    config : dict
        Checked and complete.

    Returns
    -------
    dict
        From names to `family`, `csv`, `data` (one of them), `parameters`, `width`, `ridge`,
        `loss`, `output_bias`.

    Raises
    ------
    InputError
        If two instances would share a folder, or an entry contradicts itself.

    Examples
    --------
    >>> entry = {"family": "random", "n": [3, 4], "seed": 7, "width": 2, "ridge": "0.01"}
    >>> config = {"datasets": [entry | {"loss": "sum", "output_bias": "none"}]}
    >>> for name, instance in instances(config).items():
    ...     print(name, instance["parameters"])
    random-n3-d1-L2-ridge1_100-seed7 {'n': 3, 'd': 1, 'seed': 7}
    random-n4-d1-L2-ridge1_100-seed7 {'n': 4, 'd': 1, 'seed': 7}
    """
    found: dict[str, dict[str, Any]] = {}
    for k, entry in enumerate(config["datasets"]):
        place = f"configuration, datasets[{k}]"
        for instance in _sweep(entry, place):
            name = _folder_name(entry, instance, place)
            if name in found:
                raise InputError(place, f"a second instance {name}", "another `name` or value")
            found[name] = instance
    return found


def _sweep(entry: Mapping[str, Any], place: str) -> Iterator[dict[str, Any]]:
    """Yield every combination of the values that an entry lists."""
    values = _parameters(entry, place)
    axes = tuple(values)
    values |= {key: entry[key] for key in ("width", "ridge", "loss", "output_bias")}
    for chosen in product(*map(_listed, values.values())):
        point = dict(zip(values, chosen, strict=True))
        yield {
            "family": entry.get("family"),
            "csv": entry.get("csv"),
            "data": entry.get("data"),
            "parameters": {key: _canonical(key, point[key], place) for key in axes},
            **{key: _canonical(key, point[key], place) for key in point if key not in axes},
        }


def _parameters(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the parameters of an entry's family, with the defaults of n, d and seed."""
    given = {key: entry[key] for key in PARAMETERS if key in entry}
    named = [key for key in SOURCES if key in entry]
    if len(named) != 1:
        found = " and ".join(map(repr, named)) or "no data"
        raise InputError(place, found, f"one of {', '.join(SOURCES)}")
    if "family" not in entry:
        if given:
            raise InputError(place, f"{next(iter(given))!r} beside {named[0]!r}", "only the data")
        return {}
    accepted = signature(FAMILIES[entry["family"]]).parameters
    for key in given:
        if key not in accepted:
            expected = f"only {', '.join(accepted)}" if accepted else "no parameter"
            raise InputError(place, f"{key!r} beside family {entry['family']}", expected)
    if "n" in accepted and "n" not in given:
        raise InputError(place, f"no key 'n' beside family {entry['family']}", "how many points")
    implied = {key: accepted[key].default for key in ("n", "d", "seed") if key in accepted}
    return implied | given


def _canonical(key: str, value: Any, place: str) -> Any:
    """Return the one form of a value, so that equal instances get equal names."""
    if isinstance(value, int | float):
        return int(value)  # the schema has seen to it that this is exact
    try:
        if key == "ridge":
            return str(parse_ridge(value))
        if key == "noise":
            return str(parse_rational(value))
    except ValueError as error:
        found = error.found if isinstance(error, InputError) else str(error)
        raise InputError(f"{place}.{key}", found, "a positive decimal or fraction") from error
    return value


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _folder_name(entry: Mapping[str, Any], instance: Mapping[str, Any], place: str) -> str:
    """Return the name of an instance: its fields joined by `-`, with `_` for `/`."""
    stem = "".join(c if c.isalnum() else "_" for c in Path(instance["csv"] or "data").stem)
    given = dict(instance["parameters"])
    fields = [entry.get("name") or instance["family"] or stem]
    fields += [f"{key}{given.pop(key)}" for key in ("n", "d") if key in given]
    fields += [f"L{instance['width']}", f"ridge{instance['ridge']}"]
    fields += [f"{key}{value}" for key, value in given.items()]
    fields += ["mean"] if instance["loss"] == "mean" else []
    fields += [f"bias_{instance['output_bias']}"] if instance["output_bias"] != "none" else []
    name = "-".join(fields).replace("/", "_")
    if len(name) > LONGEST_NAME:
        raise InputError(
            place, f"a folder name of {len(name)} characters", "a shorter ridge or name"
        )
    return name


def batch_names(batches: Sequence[Sequence[Any]]) -> list[str]:
    """Name batches of patterns by the numbers of their first and last pattern.

    The names tell batches of different sizes apart, so that files of an earlier run with
    another size are never taken for those of this one.

    Examples
    --------
    >>> batch_names([["--|--", "--|-+"], ["--|++"]])
    ['1-2', '3']
    """
    digits = len(str(sum(map(len, batches))))
    names, last = [], 0
    for batch in batches:
        first, last = last + 1, last + len(batch)
        ends = dict.fromkeys([first, last])
        names.append("-".join(f"{end:0{digits}}" for end in ends))
    return names


def planned_batches(plan: str | Path) -> list[str]:
    """Return the names of the batches in a file that rule `patterns` wrote."""
    return batch_names(json.loads(Path(plan).read_text(encoding="utf-8"))["batches"])


def planned_blocks(plan: str | Path) -> list[str]:
    """Return the names of the blocks in a file that rule `supports` wrote: `start-stop`."""
    blocks = json.loads(Path(plan).read_text(encoding="utf-8"))["blocks"]
    return [f"{start}-{stop}" for start, stop in blocks]


def crosscheck_runs(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a crosscheck compares: formulations by backends; the certified engine once.

    Examples
    --------
    >>> settings = {"formulations": ["reduced", "certified"], "backends": ["flint", "msolve"]}
    >>> crosscheck_runs({"crosscheck": settings})
    [('reduced', 'flint'), ('reduced', 'msolve'), ('certified', 'auto')]
    """
    settings = config["crosscheck"]
    return [
        (formulation, backend)
        for formulation in settings["formulations"]
        for backend in (("auto",) if formulation == "certified" else settings["backends"])
    ]
