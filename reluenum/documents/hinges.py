"""Records of minima with free hidden biases: on a line rational numbers, and always decimals."""

from collections.abc import Callable
from typing import Any

from flint import fmpq

from reluenum.algebra.decimals import decimal_text, enclosing_interval
from reluenum.algebra.numbers import rational_point
from reluenum.landscape.creases import CreaseComponent, CreaseGroup
from reluenum.landscape.hinges import HingeComponent, HingeGroup, HingeStratum


def hinge_component_record(component: HingeComponent) -> dict[str, Any]:
    """Return the record of a component: that of others, with `loss_exact` and `unbounded`."""
    exact = {"loss_exact": str(component.exact_loss)}
    return free_component_record(component, exact, _hinge_group_record)


def free_component_record(
    component: Any, exact: dict[str, str], group_record: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return the record of a component with free hidden biases.

    Parameters
    ----------
    component : HingeComponent or CreaseComponent
    exact : dict
        What is said of the loss besides its decimals.
    group_record : function
        Gives the record of the units of a stratum that are alike.
    """
    network = component.representative
    units = [[decimal_text(entry) for entry in unit] for unit in network.units]
    return {
        "dimension": component.dimension,
        "loss": decimal_text(component.loss),
        **exact,
        "loss_interval": [str(end) for end in enclosing_interval(component.loss)],
        "on_boundary": component.on_boundary,
        "global_at_width": component.global_at_width,
        "global_at_every_width": component.global_at_every_width,
        "orbit_size": component.orbit_size,
        "unbounded": component.is_unbounded,
        "strata": [_hinge_stratum_record(stratum, group_record) for stratum in component.strata],
        "representative": {
            "a": [decimal_text(weight) for weight in network.weights],
            "B": [unit[:-1] for unit in units],
            "c": [unit[-1] for unit in units],
            "m": decimal_text(network.bias),
            **({"beta": [*map(decimal_text, network.linear)]} if network.linear else {}),
        },
    }


def crease_component_record(component: CreaseComponent) -> dict[str, Any]:
    """Return the record of a component: that of inputs on a line, but for exact numbers."""
    return free_component_record(component, {}, _crease_group_record)


def _hinge_stratum_record(
    stratum: HingeStratum, group_record: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    return {
        "dimension": stratum.dimension,
        "support": [group_record(group) for group in stratum.groups],
        "zero_neurons": stratum.zero_neurons,
        "zero_units": {
            "inactive": stratum.inactive,
            "active": stratum.active,
            "on_kink": stratum.on_kink,
        },
    }


def _hinge_group_record(group: HingeGroup) -> dict[str, Any]:
    return {
        "face": group.face,
        "sign": group.sign,
        "multiplicity": group.multiplicity,
        "sum_a_squared": _rational_text(group.square),
        "sum_a_squared_exact": str(group.square),
        "direction": [_rational_text(fmpq(group.side)), _rational_text(-group.side * group.kink)],
        "kink": str(group.kink),
        "kinks": [None if end is None else str(end) for end in group.kinks],
    }


def _crease_group_record(group: CreaseGroup) -> dict[str, Any]:
    return {
        "face": group.face,
        "sign": group.sign,
        "multiplicity": group.multiplicity,
        "sum_a_squared": decimal_text(group.square),
        "direction": [decimal_text(entry) for entry in (*group.direction, group.offset)],
        "offsets": [None if end is None else decimal_text(end) for end in group.offsets],
    }


def _rational_text(value: fmpq) -> str:
    return decimal_text(rational_point().constant(value))
