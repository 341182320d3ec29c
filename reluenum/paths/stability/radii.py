"""The document of stability: how far targets may move before minima, or the list, change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from math import isfinite, sqrt
from typing import Any

from flint import fmpq
from tqdm import tqdm

from reluenum.documents.minima import ALL, BASINS, in_one_layer, listed_minima
from reluenum.engines.certified.escalation import Escalation
from reluenum.errors import InputError, UndecidedError
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.supports import count_supports
from reluenum.groebner.backends import DEFAULT_SETTINGS, Settings
from reluenum.groebner.versions import installed_versions
from reluenum.paths.stability.margins import CHUNK, MarginFinder, VerdictMargins, all_supports
from reluenum.paths.stability.nearest import Change, NearestTargets, margins_of, root_bound
from reluenum.problem import Problem

STABILITY = "reluenum-stability", 1
"""Format and version of a document of stability."""

MOST_SUPPORTS = 2_000_000
"""Supports of the largest list whose radius is found without being asked twice."""

MOST_FACES = 10
"""Of a minimum that is looked at: all supports inside its own are, too."""

DIGITS = 6
"""Significant digits of a radius."""

PERSISTS, MAY_NOT, ENDS = "persists", "may not persist", "ends at some of them"
"""What stated errors of the targets do to a minimum."""


@dataclass(frozen=True, eq=False)
class Persistence:
    """A list of minima with what is around its targets.

    Parameters
    ----------
    document : dict
        Of minima, or of basins.
    here : MarginFinder
    errors : (n,) tuple of fmpq, or None
        Bounds of the errors of the targets.
    """

    document: Mapping[str, Any]
    here: MarginFinder
    errors: tuple[fmpq, ...] | None

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.here.frames.problem

    @cached_property
    def records(self) -> Sequence[Mapping[str, Any]]:
        """The records of the components."""
        return listed_minima(self.document)["components"]

    @cached_property
    def farthest(self) -> float | None:
        """An upper bound of sqrt(sum w e^2) for the errors e."""
        if self.errors is None:
            return None
        pairs = zip(self.problem.weights, self.errors, strict=True)
        return root_bound(sum((w * error**2 for w, error in pairs), start=fmpq(0)))

    def whole_list(self, force: bool, progress: bool) -> dict[str, Any]:
        """Return how near targets have to be for the list to stay the same."""
        total, width = len(self.here.frames.faces), self.problem.width
        count = count_supports(total, width)
        if count > MOST_SUPPORTS and not force:
            reason = f"{count} supports; at most {MOST_SUPPORTS}, or insist with --force"
            return {"radius": None, "reason": reason}
        least, support = float(self.here.zero_network().max()), ()
        bar = {"total": count, "unit": "support", "desc": "supports", "disable": not progress}
        with tqdm(**bar) as done:
            for margins in self.here.families(all_supports(total, width)):
                done.update(len(margins.supports))
                k = int(margins.kept.argmin())
                if margins.kept[k] < least:
                    least, support = float(margins.kept[k]), tuple(margins.supports[k].tolist())
        return {"radius": _text(least, ROUND_FLOOR), "support": self._signs(support)}

    def components(self, progress: bool) -> Iterator[dict[str, Any]]:
        """Yield how near targets have to be for each component to persist."""
        supports = [self._support(record) for record in self.records]
        wanted = {support for support in supports if support and len(support) <= MOST_FACES}
        found: dict[tuple[int, ...], VerdictMargins] = {}
        ordered = sorted(wanted)
        for first in range(0, len(ordered), CHUNK):
            found |= margins_of(self.here, ordered[first : first + CHUNK])
        near, barriers = NearestTargets(self.here), self._barriers()
        bar = {"unit": "minimum", "desc": "minima", "disable": not progress}
        pairs = enumerate(zip(self.records, supports, strict=True))
        for index, (record, support) in tqdm(pairs, total=len(supports), **bar):
            margins = found.get(support) if support else None
            yield self._component(index, record, support, margins, near) | barriers.get(index, {})

    def _support(self, record: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the one support of a component; None if it has several."""
        number = self._numbers
        strata = {
            tuple(sorted(number[group["face"]] for group in stratum["support"]))
            for stratum in record["strata"]
        }
        return strata.pop() if len(strata) == 1 else None

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {face.signs: k for k, face in enumerate(self.here.frames.faces)}

    def _component(
        self,
        index: int,
        record: Mapping[str, Any],
        support: tuple[int, ...] | None,
        margins: VerdictMargins | None,
        near: NearestTargets,
    ) -> dict[str, Any]:
        """Return the record of one component."""
        support_radius = flag = radius = 0.0
        if margins is not None:
            support_radius, flag = float(margins.accepted[0]), float(margins.flag[0])
            whole = len(support) == self.problem.width
            radius = support_radius if whole else min(support_radius, flag)
        elif support == ():
            radius = support_radius = flag = float(self.here.zero_network().max())
        change = near.change(margins) if margins is not None and support_radius > 0 else None
        told = support is not None and len(support) <= MOST_FACES
        spread = self._spread(near, support) if told else 0.0
        found: dict[str, Any] = {
            "index": index,
            "loss": record["loss"],
            "support": None if support is None else self._signs(support),
            "radius": _text(radius, ROUND_FLOOR),
            "support_radius": _text(support_radius, ROUND_FLOOR),
            "flag_radius": _text(flag, ROUND_FLOOR),
            "relative": _text(radius / spread, ROUND_FLOOR) if spread else None,
            "nearest": None if change is None else self._change(change),
        }
        if self.farthest is not None:
            found["under_errors"] = self._verdict(radius, change)
        return found

    def _spread(self, near: NearestTargets, support: tuple[int, ...]) -> float:
        """Return the standard deviation of the residual of a support, in doubles."""
        residual = near.fitted(support) / near.weights
        square = float((near.weights * residual**2).sum()) + float(self.problem.scatter)
        return sqrt(max(square, 0.0) / float(self.problem.total_weight))

    def _change(self, change: Change) -> dict[str, Any]:
        """Return the record of targets at which a support has lost its verdict."""
        after = change.successor
        return {
            "distance": _text(change.distance, ROUND_CEILING),
            "y": [str(entry) for entry in change.targets],
            "event": change.event,
            "face": self.here.frames.faces[change.face].signs,
            "goes_on": None if after is None else self._signs(after),
        }

    def _verdict(self, radius: float, change: Change | None) -> str:
        """Say what errors within their bounds do to a minimum."""
        if self.farthest < radius or not self.farthest:
            return PERSISTS
        if change is None:
            return MAY_NOT
        changes = zip(change.targets, self.problem.targets, self.errors, strict=True)
        inside = all(abs(there - here) <= error for there, here, error in changes)
        return ENDS if inside else MAY_NOT

    def _signs(self, support: Sequence[int]) -> list[str]:
        return [self.here.frames.faces[face].signs for face in support]

    def _barriers(self) -> dict[int, dict[str, Any]]:
        """Return how near targets have to be for each basin to hold a minimum (Lemma 73)."""
        if self.document.get("format") != BASINS[0]:
            return {}
        scale = float(self.problem.loss_scale)
        found = {}
        for record in self.document["components"]:
            if record["basin"]:
                radius = None
                if record["barrier"] is not None:
                    high, low = (float(record[key]) / scale for key in ("barrier", "loss"))
                    # decimals are rounded to 30 digits, doubles to 16
                    radius = (sqrt(high * (1 - 1e-15)) - sqrt(low * (1 + 1e-15))) / 2 - 1e-15
                    radius = max(radius, 0.0)
                found[record["index"]] = {
                    "basin_radius": None if radius is None else _text(radius, ROUND_FLOOR)
                }
        return found


def stability(
    document: Mapping[str, Any],
    errors: Sequence[fmpq] | None = None,
    settings: Settings = DEFAULT_SETTINGS,
    force: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Return how large errors of the targets may be before minima change (docs/stability.md).

    Parameters
    ----------
    document : dict
        Of minima at one width of one hidden layer, or of basins with such a list inside.
    errors : (n,) sequence of fmpq, optional
        Bounds of the errors of the targets, to say which minima persist under all of them.
    settings : Settings
        Backends are asked only where doubles and balls do not tell.
    force : bool
        Whether to look at every support however many there are.
    progress : bool
        Whether to show bars.

    Returns
    -------
    dict
        Of the format `reluenum-stability`.

    Raises
    ------
    InputError
        If the list is one of every width, or the errors do not fit the data.
    UndecidedError
        If the list is not complete.

    Examples
    --------
    >>> from reluenum import Problem, enumerate_minima
    >>> problem = Problem.from_arrays([-1, 0, 1], [2, 0, 1], width=1, ridge=0.1)
    >>> found = stability(enumerate_minima(problem).document)
    >>> for component in found["components"]:
    ...     print(component["radius"], component["nearest"]["event"])
    0.0946289 a unit reaches a data point
    0.539171 a unit reaches a data point
    0.0885676 a unit reaches a data point
    """
    listed = in_one_layer(listed_minima(document))
    if listed["problem"]["width"] == ALL:
        raise InputError("width", ALL, "a list at one width")
    if undecided := listed["enumeration"]["undecided"]:
        raise UndecidedError(f"{undecided} supports of the list are undecided")
    problem = Problem.from_document(listed["problem"])
    _check_errors(errors, problem)
    with settings.open() as backends:
        here = MarginFinder.of(Escalation(Geometry.of(problem), backends))
        found = Persistence(document, here, None if errors is None else tuple(errors))
        name, version = STABILITY
        result = {
            "format": name,
            "version": version,
            "software": installed_versions(),
            "problem": dict(listed["problem"]),
            "list": found.whole_list(force, progress),
            "components": list(found.components(progress)),
        }
    if found.farthest is not None:
        result["errors"] = {
            "bounds": [str(error) for error in found.errors],
            "distance": _text(found.farthest, ROUND_CEILING),
        }
    return result


def _check_errors(errors: Sequence[fmpq] | None, problem: Problem) -> None:
    """Refuse bounds of errors that do not fit the data."""
    if errors is None:
        return
    if len(errors) != problem.size:
        found = f"{len(errors)} errors and {problem.size} data points"
        raise InputError("errors", found, "one error, or one for each data point")
    if any(error < 0 for error in errors):
        raise InputError("errors", "one is negative", "numbers that are 0 or positive")


def _text(number: float, rounding: str) -> str:
    """Return a decimal with a few digits, rounded to the safe side, or `inf`."""
    if not isfinite(number):
        return "inf"
    exact = Decimal(number)
    if not exact:
        return "0"
    place = Decimal(1).scaleb(exact.adjusted() - DIGITS + 1)
    return format(exact.quantize(place, rounding=rounding).normalize(), "f")
