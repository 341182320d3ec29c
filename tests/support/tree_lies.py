"""Documents of basins with one thing changed: every value, every entry, every key."""

from copy import deepcopy
from fractions import Fraction


def places(value, way=()):
    """Yield every value inside a document with its way, but for those of the list."""
    yield way, value
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in ("format", "minima", "software"):
                yield from places(part, (*way, key))


def with_value(document, way, change):
    """The document with what `change` makes of the value at a place, which is not the same."""
    other = dict(document) | {k: deepcopy(v) for k, v in document.items() if k != "minima"}
    *before, last = way
    inside = other
    for key in before:
        inside = inside[key]
    value = change(inside[last])
    assert value != inside[last]
    inside[last] = value
    return other


def is_decimal(value):
    return isinstance(value, str) and "." in value


def one_unit_more(text):
    """A decimal, moved by one unit of the last of 30 digits."""
    whole, _, part = text.partition(".")
    digits = len(whole.lstrip("0")) + len(part.lstrip("0") if whole == "0" else part)
    part += "0" * (30 - digits)
    return f"{whole}.{str(int('1' + part) + 1)[1:]}"


def lies(way, value):
    """Other values that could stand there instead of one."""
    if value is None:
        return [0, "1"]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1, str(value)]
    if is_decimal(value):
        return [one_unit_more(value)]
    if "z" in way:
        return [str(1000 * Fraction(value) + (value == "0"))]
    return [f"{value}+", {"death": "kink", "kink": "death"}.get(value, "")]


def left_out(way, value):
    """Ways to leave something out of a list or an object, or to add something."""
    if isinstance(value, dict) and way:
        yield lambda x: x | {"note": None}
        yield from (lambda x, k=k: {i: x[i] for i in x if i != k} for k in value)
    if isinstance(value, list):
        yield from (lambda x, k=k: x[:k] + x[k + 1 :] for k in range(len(value)))
        if way[-1] != "points":  # a path may stand still
            yield from (lambda x, k=k: [*x[: k + 1], *x[k:]] for k in range(len(value)))
