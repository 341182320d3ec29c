"""Names of instances: of folders, files and jobs."""

from collections.abc import Mapping
from typing import Any

LONGEST_NAME = 200
"""Characters of a folder name; file systems stop at 255 bytes."""


def is_certifiable(widths: list[int]) -> bool:
    """Whether there is a certified engine for these hidden layers, at least on a line.

    Examples
    --------
    >>> is_certifiable([3, 1]), is_certifiable([1, 3]), is_certifiable([2, 2])
    (True, True, False)
    """
    return widths[1:] in ([1], [1, 1]) or (len(widths) == 2 and widths[0] == 1)


def instance_name(instance: Mapping[str, Any]) -> str:
    """Return the name of an instance: its fields joined by `-`, with `_` for `/`."""
    rest = dict(instance["parameters"])
    sizes = {key: rest.pop(key) for key in ("n", "d") if key in rest}
    fields = [instance["label"], *_fields(sizes)]
    fields += [f"L{width_text(instance['width'])}", f"ridge{slug(instance['ridge'])}"]
    fields += _fields(rest)
    fields += [instance["engine"]] if instance.get("named") else []
    return "-".join([*fields, *_conventions(instance)])


def width_text(width: Any) -> str:
    """Return a width, or those of several hidden layers, as a part of a file name.

    Examples
    --------
    >>> width_text(2), width_text([2, 1]), width_of("2"), width_of("2_1")
    ('2', '2_1', 2, [2, 1])
    """
    return "_".join(map(str, width)) if isinstance(width, list) else str(width)


def width_of(text: str) -> int | list[int]:
    """Return the width, or those of several hidden layers, that `width_text` writes."""
    layers = [*map(int, text.split("_"))]
    return layers if len(layers) > 1 else layers[0]


def _fields(parameters: Mapping[str, Any]) -> list[str]:
    return [f"{key}{slug(str(value))}" for key, value in parameters.items()]


def slug(text: str) -> str:
    """Return a number as a part of a file name."""
    return text.replace("/", "_")


def _conventions(instance: Mapping[str, Any]) -> list[str]:
    """Return what an instance is asked with, where that is not the default."""
    bias = instance["output_bias"]
    return [
        *(["mean"] if instance["loss"] == "mean" else []),
        *([f"bias_{bias}"] if bias != "none" else []),
        *(["no_hidden_bias"] if instance.get("hidden_bias") == "none" else []),
        *(["free_hidden_bias"] if instance.get("hidden_bias") == "free" else []),
        *([f"linear_{instance['linear']}"] if "linear" in instance else []),
        *([_activation_slug(instance["activation"])] if "activation" in instance else []),
    ]


def _activation_slug(text: str) -> str:
    """Return an activation as a part of a file name.

    Examples
    --------
    >>> _activation_slug("abs"), _activation_slug("slopes:-1/2,3")
    ('abs', 'slopes_m1_2_to_3')
    """
    return slug(text.replace(":", "_").replace("-", "m").replace(",", "_to_"))


def data_name(spec: Mapping[str, Any]) -> str:
    """Return what the name of an instance says of its data."""
    return "-".join([spec["label"], *_fields(spec["parameters"])])


def method_name(spec: Mapping[str, Any]) -> str:
    """Return what the name of an instance says of its engine and conventions."""
    return "-".join([spec["engine"], *_conventions(spec)])
