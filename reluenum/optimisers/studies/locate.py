"""Trained networks among the minima of a list: which one each is at, or leads down to.

A network, taken as the rational numbers that its doubles are, goes the way of `explain`. The
stationary set at the end of it is certified, and the losses that are compared are enclosed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Context, Decimal
from math import hypot
from typing import Any

import numpy as np
from flint import fmpq

from reluenum.algebra.decimals import DIGITS
from reluenum.documents.labels import EndKind
from reluenum.documents.minima import BASINS, header, in_one_layer, listed_minima
from reluenum.errors import InputError
from reluenum.groebner.backends import open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.interop import NetworkArrays
from reluenum.optimisers.explain import Destination, End, exact_loss
from reluenum.optimisers.free.hinge_explain import HingeDestination
from reluenum.optimisers.networks import Networks
from reluenum.optimisers.studies.runs import explainer_of
from reluenum.problem import OutputBias, Problem

FORMAT, VERSION = "reluenum-locations", 1

FLAGS = ("dimension", "on_boundary", "global_at_width", "global_at_every_width")
"""What a list says of a component."""

SHORT = 10
"""Digits of differences."""


def locations(
    document: Mapping[str, Any], networks: Sequence[NetworkArrays], limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """Say of networks at which minimum of a list they are, or to which the way downhill leads.

    NetworkArrays
    ----------
    document : dict
        Of the format `reluenum-minima`, of one width and one hidden layer; or of
        `reluenum-basins`, which knows barriers as well.
    networks : sequence of NetworkArrays
    limits : Limits
        Of a backend on a system, where one has to be asked.

    Returns
    -------
    dict
        Of the format `reluenum-locations`. What is proved is what the limits are and how losses
        compare; that a network belongs to its limit, and how far it is, rests on doubles.

    Raises
    ------
    InputError
        If the list is of another kind, or a network does not fit it.
    """
    minima = in_one_layer(listed_minima(document))
    if minima["problem"].get("width") == "all":
        raise InputError("document", "a list for all widths", "one of a single width")
    problem = Problem.from_document(minima["problem"])
    batch = _batch(problem, networks)
    barriers = document["components"] if document.get("format") == BASINS[0] else None
    with open_backends("auto", limits) as backends:
        explainer = explainer_of(problem, minima["components"], backends)
        records = [
            _location_record(explainer, batch[[k]], end, way, minima["components"], barriers)
            for k, (end, way) in enumerate(explainer.traced(batch))
        ]
    return {
        **header(minima["problem"]),
        "format": FORMAT,
        "version": VERSION,
        "complete": minima["complete"],
        "networks": records,
    }


def _batch(problem: Problem, networks: Sequence[NetworkArrays]) -> Networks:
    """Return networks as a batch.

    Raises
    ------
    InputError
        If there are none, or one does not fit the problem.
    """
    if not networks:
        raise InputError("networks", "none", "at least one network")
    for place, given in enumerate(networks):
        _check_fit(problem, given, f"networks[{place}]" if len(networks) > 1 else "network")
    weights, slopes, offsets, bias, linear = (
        np.array(part, dtype=float) for part in zip(*networks, strict=True)
    )
    units = np.dstack([slopes, offsets]) if problem.has_hidden_bias else slopes
    return Networks(weights, units, bias, linear[:, : problem.dimension * problem.has_linear])


def _check_fit(problem: Problem, given: NetworkArrays, where: str) -> None:
    """Refuse a network of another size, or with biases that the problem has not."""
    if given.B.shape != (problem.width, problem.dimension):
        width, inputs = given.B.shape
        expected = f"as the list has: {problem.width}, of {problem.dimension}"
        raise InputError(where, f"{width} units of {inputs} inputs", expected)
    if not problem.has_hidden_bias and np.any(given.c):
        raise InputError(where, "hidden biases", "none, as the list has none")
    if problem.output_bias is OutputBias.NONE and given.m != 0:
        raise InputError(where, f"the output bias {given.m}", "none, as the list has none")
    if not problem.has_linear and np.any(given.beta):
        raise InputError(where, "a linear part", "none, as the list has none")


def _location_record(
    explainer: Any,
    network: Networks,
    end: End,
    way: Any,
    components: Sequence[Mapping[str, Any]],
    barriers: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Return what a network is, where it leads, and how far it is from there."""
    found: dict[str, Any] = {
        "kind": end.kind.value,
        "saddle_kind": None if end.stall is None else end.stall.value,
        "reason": end.reason or None,
    }
    if end.kind is EndKind.DIVERGED:
        return found
    problem = explainer.problem
    loss = _thirty_digits(exact_loss(problem, network))
    found["loss"] = str(loss)
    if end.limit is None or way is None:
        return found
    limit = end.limit.to_document()
    ending, best = explainer.nearest(network, way), next(iter(components), None)
    found |= {
        "component": end.limit.component,
        **_ranks(loss, end.limit, components, barriers),
        "support": limit["support"],
        "zero_neurons": limit["zero_neurons"],
        "limit_loss": limit["loss"],
        "excess": _rounded_gap(loss, limit["loss"]),
        "above_best": best and _rounded_gap(Decimal(limit["loss"]), best["loss"]),
        "descent": limit["descent"],
        "distance": parameter_distance(network, ending),
        "nearest": _arrays(problem, ending),
    }
    return found


def _ranks(
    loss: Decimal,
    limit: Destination | HingeDestination,
    components: Sequence[Mapping[str, Any]],
    barriers: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Return what a list, and a graph of basins, say of a component."""
    if limit.component is None:
        return {}
    place = limit.component - 1
    found = {key: components[place][key] for key in FLAGS}
    if barriers is not None:
        found |= {key: barriers[place][key] for key in ("basin", "barrier", "depth")}
        level = found["barrier"]
        found["below_barrier"] = level is None or loss < Decimal(level)
    return found


def parameter_distance(left: Networks, right: Networks) -> float:
    """Return the Euclidean distance of the parameters of two networks, batches of one."""
    pairs = ((getattr(left, f.name), getattr(right, f.name)) for f in fields(Networks))
    return hypot(*(gap for one, other in pairs for gap in (one - other).flat))


def _arrays(problem: Problem, network: Networks) -> dict[str, Any]:
    """Return the parameters of a batch of one, in doubles."""
    slopes, offsets = np.split(network.units[0], [problem.dimension], axis=1)
    found = {"a": network.weights[0].tolist(), "B": slopes.tolist()}
    if problem.has_hidden_bias:
        found["c"] = offsets[:, 0].tolist()
    if problem.output_bias is not OutputBias.NONE:
        found["m"] = float(network.bias[0])
    if problem.has_linear:
        found["beta"] = network.linear[0].tolist()
    return found


def _thirty_digits(value: fmpq) -> Decimal:
    """Return the decimal nearest to a rational number, with the digits that documents have."""
    return Context(DIGITS).divide(Decimal(int(value.p)), Decimal(int(value.q)))


def _rounded_gap(left: Decimal, right: str) -> str:
    """Return the difference of two losses; both are rounded to 30 digits."""
    return str(Context(SHORT).subtract(left, Decimal(right)).normalize())
