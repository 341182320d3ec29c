"""Records of networks with several hidden layers in the document of minima."""

from collections.abc import Sequence
from typing import Any

from flint import fmpz

from reluenum.algebra.decimals import decimal_text, enclosing_interval
from reluenum.landscape.deep import DeepComponent, DeepCounts, DeepPoint, LayerUnit, Sharing
from reluenum.landscape.landscape import Tally, Undecided


def deep_enumeration(counts: DeepCounts, tally: Tally) -> dict[str, Any]:
    """Return how much there was to look at, and what was found."""
    return {
        "sign_arrays": str(fmpz(counts.sign_arrays)),
        "strata_examined": counts.strata_examined,
        "stationary": tally.stationary,
        "locally_minimal": tally.locally_minimal,
    }


def deep_component_record(component: DeepComponent) -> dict[str, Any]:
    """Return the record of a component; its layers are those of its first stratum."""
    first = component.strata[0]
    return {
        "dimension": component.dimension,
        "loss": decimal_text(component.loss),
        "loss_interval": [str(end) for end in enclosing_interval(component.loss)],
        "on_boundary": component.on_boundary,
        "boundary_by_layer": list(component.boundary_by_layer),
        "global_at_width": component.global_at_width,
        "orbit_size": component.orbit_size,
        "layers": [
            [_unit_record(*pair) for pair in zip(units, copies, strict=True)]
            for units, copies in zip(component.layers, first.multiplicities, strict=True)
        ],
        "dead_units": list(first.dead),
        "strata": [_sharing_record(component, sharing) for sharing in component.strata],
        "representative": component.representative.texts,
    }


def _unit_record(unit: LayerUnit, multiplicity: int) -> dict[str, Any]:
    return {
        "signs": unit.signs,
        "multiplicity": multiplicity,
        "sum_of_squares": decimal_text(unit.square),
        "direction": [decimal_text(entry) for entry in unit.direction],
    }


def _sharing_record(component: DeepComponent, sharing: Sharing) -> dict[str, Any]:
    return {
        "dimension": sharing.dimension,
        "layers": [
            [
                {"signs": unit.signs, "multiplicity": multiplicity}
                for unit, multiplicity in zip(units, copies, strict=True)
            ]
            for units, copies in zip(component.layers, sharing.multiplicities, strict=True)
        ],
        "dead_units": list(sharing.dead),
    }


def deep_undecided_records(undecided: Sequence[Undecided]) -> dict[str, Any]:
    """Return what a document says of strata that stayed undecided, nothing without any."""
    records = [{"signs": u.support, "reason": u.reason} for u in undecided]
    return {"undecided": records} if records else {}


def deep_point_record(point: DeepPoint) -> dict[str, Any]:
    """Return the record of a stationary point."""
    return {
        "layers": [list(layer) for layer in point.layers],
        "loss": decimal_text(point.loss),
        "minimum": point.is_minimum,
        "verdict": point.verdict,
        "reason": point.reason,
        "descent": None if point.descent is None else dict(point.descent),
    }
