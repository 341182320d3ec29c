"""Records of minima with free hidden biases, for inputs of any dimension: decimals only."""

from typing import Any

from reluenum.algebra.decimals import decimal_text
from reluenum.documents.hinges import free_component_record
from reluenum.landscape.creases import CreaseComponent, CreaseGroup


def crease_component_record(component: CreaseComponent) -> dict[str, Any]:
    """Return the record of a component: that of inputs on a line, but for exact numbers."""
    return free_component_record(component, {}, _crease_group_record)


def _crease_group_record(group: CreaseGroup) -> dict[str, Any]:
    return {
        "face": group.face,
        "sign": group.sign,
        "multiplicity": group.multiplicity,
        "sum_a_squared": decimal_text(group.square),
        "direction": [decimal_text(entry) for entry in (*group.direction, group.offset)],
        "offsets": [None if end is None else decimal_text(end) for end in group.offsets],
    }
