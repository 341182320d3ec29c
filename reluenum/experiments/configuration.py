"""Configurations: checked key by key against a schema, and completed by its defaults."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from reluenum.errors import InputError

if TYPE_CHECKING:
    from jsonschema import ValidationError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""That of the C library, where there is one, takes a tenth of the time."""

MOST_VALUES = 50_000
"""Values of a configuration."""


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
    from jsonschema import Draft202012Validator

    _refuse_endless(config)
    rules = yaml.load(Path(schema).read_text(encoding="utf-8"), LOADER)
    errors = sorted(Draft202012Validator(rules).iter_errors(config), key=_urgency)
    if errors:
        raise _input_error(errors[0])
    _fill(config, rules, rules)


def _refuse_endless(config: Any) -> None:
    """Refuse a configuration that a few aliases of YAML make huge or endless."""
    waiting, count = [config], 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            count += len(value)
            waiting += value.values() if isinstance(value, dict) else value
        if count > MOST_VALUES:
            raise InputError("configuration", f"more than {MOST_VALUES} values", "fewer")


def _urgency(error: "ValidationError") -> tuple[bool, str]:
    """Put unknown keys first: a misspelt key also looks like a missing one."""
    return error.validator != "additionalProperties", error.json_path


def _input_error(error: "ValidationError") -> InputError:
    """Turn a schema's complaint into one line that names the key."""
    place = f"configuration, {error.json_path.removeprefix('$').removeprefix('.') or 'top level'}"
    expected = error.schema["description"]
    if error.validator == "additionalProperties":
        from difflib import get_close_matches

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
    return InputError(place, f"{error.instance!r:.200}", expected)


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
