"""Optimisers on one problem: many runs of each, every end point explained, as a document."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from tqdm import tqdm

from reluenum.algebra.scalars import whole
from reluenum.documents.labels import EndKind, Stall, layers_label, support_label
from reluenum.documents.minima import header
from reluenum.errors import InputError
from reluenum.groebner.backends import Backends, open_backends
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.optimisers import OPTIMISERS, optimiser
from reluenum.optimisers.deep_explain import Collapse, DeepDestination, DeepExplainer
from reluenum.optimisers.explain import ARRIVED, Destination, End, Explainer
from reluenum.optimisers.free.crease_explain import CreaseExplainer
from reluenum.optimisers.free.hinge_explain import HingeExplainer
from reluenum.problem import Problem, refuse_setting

FORMAT, VERSION = "reluenum-descents", 1

LOCAL = ("gd", "sgd", "adam", "lbfgs")
"""Optimisers that need no extra package."""


@dataclass(frozen=True)
class Descents:
    """Which runs to make.

    Parameters
    ----------
    optimisers : tuple of str
        Keys of `optimisers.OPTIMISERS`.
    starts : int
        Random starts; every optimiser gets the same ones.
    seed : int
    steps : int or None
        Steps of every run; None stands for the usual number of each optimiser.

    Raises
    ------
    InputError
        If an optimiser is unknown or named twice, or a number is out of range.
    """

    optimisers: tuple[str, ...] = LOCAL
    starts: int = 100
    seed: int = 0
    steps: int | None = None

    def __post_init__(self) -> None:
        for name in self.optimisers:
            if name not in OPTIMISERS or self.optimisers.count(name) > 1:
                raise InputError("optimisers", name, f"different ones of {', '.join(OPTIMISERS)}")
        for name, least in (("starts", 1), ("seed", 0), ("steps", 1)):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, whole(value, name, least))


def descents(
    minima: Mapping[str, Any],
    settings: Descents,
    limits: Limits = DEFAULT_LIMITS,
    progress: bool = False,
) -> dict[str, Any]:
    """Run optimisers on the problem of a document of minima and explain every end point.

    Parameters
    ----------
    minima : dict
        Of the format `reluenum-minima`, of one width.
    settings : Descents
    limits : Limits
        Of a backend on a system, where one has to be asked.
    progress : bool
        Whether to show a bar on standard error.

    Returns
    -------
    dict
        Of the format `reluenum-descents`. Losses and counts depend on the rounding of doubles, so
        they are not the same to the last digit on every machine.

    Raises
    ------
    InputError
        If the document is about all widths.
    """
    if minima["problem"].get("width") == "all":
        raise InputError("document", "a list for all widths", "one of a single width")
    problem = Problem.from_document(minima["problem"])
    ends: dict[str, list[End]] = {}
    with (
        open_backends("auto", limits) as backends,
        tqdm(settings.optimisers, unit="optimiser", disable=not progress) as bar,
    ):
        explainer = explainer_of(problem, minima["components"], backends)
        objective = explainer.objective
        starts = objective.draw(settings.starts, np.random.default_rng(settings.seed))
        for number, name in enumerate(bar):
            bar.set_postfix_str(name)
            generator = np.random.default_rng([settings.seed, number + 1])
            with np.errstate(all="ignore"):
                theta = optimiser(name, settings.steps)(objective, starts, generator)
            ends[name] = explainer.explain_rows(theta)
        saddles = _saddles(ends)
    return {
        **header(minima["problem"]),
        "format": FORMAT,
        "version": VERSION,
        "complete": minima["complete"],
        "starts": settings.starts,
        "seed": settings.seed,
        "steps": {name: optimiser(name, settings.steps).steps for name in ends},
        "arrived": str(ARRIVED),
        "components": list(map(_component_record, count(1), minima["components"])),
        "saddles": [
            {"number": number, **saddle.to_document()}
            for number, saddle in enumerate(saddles, start=1)
        ],
        "optimisers": [_summary(name, found, bool(problem.upper)) for name, found in ends.items()],
        "runs": [
            _run_record(name, start, end, saddles)
            for name, found in ends.items()
            for start, end in enumerate(found)
        ],
    }


def explainer_of(
    problem: Problem, components: Sequence[Mapping[str, Any]], backends: Backends
) -> Explainer | DeepExplainer | HingeExplainer | CreaseExplainer:
    """Return who says of networks of a problem what they are.

    Raises
    ------
    InputError
        If there is a linear part beside free hidden biases.
    """
    if problem.has_free_hidden_bias:
        refuse_setting(problem, "linear", "with free hidden biases, where networks are located")
        if problem.dimension == 1:
            return HingeExplainer(problem, components)
        return CreaseExplainer(problem, components, backends)
    kind = DeepExplainer if problem.upper else Explainer
    return kind(problem, components, backends)


def _saddles(ends: Mapping[str, Sequence[End]]) -> list[Destination | DeepDestination]:
    """Return the saddles that runs end at or lead to, by loss."""
    found = {id(e.limit): e.limit for es in ends.values() for e in es if e.limit is not None}
    return sorted(
        (limit for limit in found.values() if not limit.is_minimum),
        key=lambda limit: (limit.height, limit.zero_units),
    )


def _component_record(number: int, component: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("loss", "dimension", "on_boundary", "global_at_width")
    label = layers_label if "layers" in component else support_label
    named = component.get("layers") or component["strata"][0]["support"]
    return {"number": number, **{key: component[key] for key in kept}, "support": label(named)}


def _summary(name: str, ends: Sequence[End], deep: bool) -> dict[str, Any]:
    """Return how many runs of an optimiser ended in which way; of deep ones, how many collapsed."""
    kinds = Counter(end.kind for end in ends)
    stalls = Counter(end.stall for end in ends)
    basins = Counter(end.limit.component for end in ends if end.kind is EndKind.MINIMUM)
    found = {
        "name": name,
        "runs": len(ends),
        "kinds": {kind.value: kinds[kind] for kind in EndKind},
        "saddles": {stall.value: stalls[stall] for stall in Stall},
        "components": {str(number): basins[number] for number in sorted(basins)},
    }
    if deep:
        resting = [end.limit for end in ends if end.kind in (EndKind.MINIMUM, EndKind.SADDLE)]
        trapped = Counter(end.collapse for end in resting if isinstance(end, DeepDestination))
        found["collapsed"] = {collapse.value: trapped[collapse] for collapse in Collapse}
    return found


def _run_record(
    name: str, start: int, end: End, saddles: Sequence[Destination | DeepDestination]
) -> dict[str, Any]:
    """Return the record of a run; numbers of where it ends, or of where its end leads downhill."""
    limit = end.limit
    return {
        "optimiser": name,
        "start": start,
        "kind": end.kind.value,
        "saddle_kind": None if end.stall is None else end.stall.value,
        "component": None if limit is None else limit.component,
        "saddle": saddles.index(limit) + 1 if limit in saddles else None,
        "loss": _finite_or_none(end.loss),
        "excess": _finite_or_none(end.excess),
        "reason": end.reason or None,
    }


def _finite_or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def unexplained(document: Mapping[str, Any]) -> int:
    """Return how many end points of a document could not be explained."""
    return sum(summary["kinds"][EndKind.UNEXPLAINED] for summary in document["optimisers"])


def missing(document: Mapping[str, Any]) -> int:
    """Return how many end points of a document are minima that the list lacks."""
    return sum(summary["kinds"][EndKind.MISSING] for summary in document["optimisers"])
