"""What lists of all deep networks have in common: a record for each stratum, then components."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from operator import itemgetter
from typing import Any, ClassVar

from flint import arb, ctx

from ..arithmetic.decimals import NUMBER_BITS
from ..document import Report, about, only_proved
from ..processes import ONE, Processes
from ..reals import CertificateError, matched, require, told
from .components import Component, check
from .further.constants import constant_is_minimal, level
from .sites import Sites
from .strata import faces_of

COVER_BITS = 128  # precision at which a stratum is covered, if that is enough
LARGEST, SMALLEST = 1e100, 1e-100  # numbers of a record that are not 0

Interval = tuple[arb, arb]


def nothing_else(document: dict[str, Any], rule: str) -> None:
    """Claim 50: all else that the document says is proved, or known and of the right shape."""
    only_proved(document, "proved")
    matched(document["certificate"], {"rule": rule, "strata": ...}, "certificate")


@dataclass(frozen=True)
class Found:
    """What the record of a stratum leads to."""

    items: int  # of the record, or boxes that took their place
    points: int  # stationary ones
    minima: list[Any]  # those of them that are local minima


def number(value: Any) -> arb:
    """Read a number of a record."""
    require(type(value) in (int, float), f"{value!r:.40} is no number")
    fits = value == 0 or SMALLEST <= abs(value) <= LARGEST
    require(fits and isfinite(value), f"{value!r:.40} is out of range")
    return arb(float(value))


def gaps(closed: Sequence[Interval], low: arb, high: arb) -> Iterator[Interval]:
    """Yield what intervals leave of one, in ascending order."""
    for start, end in sorted(closed, key=itemgetter(0)):
        if low < start and low < high:
            yield low, start.min(high)
        low = low.max(end)
    if low < high:
        yield low, high


class StrataReader:
    """Reads the records of strata, one after the other, in whatever process it is."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites

    def __call__(self, stratum: Any, items: Any) -> Found:
        """Read the record of a stratum, and judge its points."""
        with told(f"stratum {stratum.text}"):
            count, zeros = self.cover(stratum, items)
            points = [zero for zero in zeros if zero.sides is not None]
            return Found(count, len(points), [zero for zero in points if zero.minimum])

    def cover(self, stratum: Any, items: Any) -> tuple[int, list[Any]]:
        """Return the number of intervals, and the zeros to which they lead."""
        try:
            with ctx.workprec(COVER_BITS):
                cover = self.start(stratum)
                cover.read(items)
        except CertificateError:  # fewer digits are faster, but may not be enough
            cover = self.start(stratum)
            cover.read(items)
        return len(items), cover.zeros

    def start(self, stratum: Any) -> Any:
        """Return a cover of a stratum of which nothing is read."""
        raise NotImplementedError


class DeepList:
    """What follows from the record of each stratum, and from the data alone."""

    rule: ClassVar[str] = "blocks"
    reader: ClassVar[type[StrataReader]] = StrataReader

    def __init__(self, document: dict[str, Any], processes: Processes = ONE) -> None:
        self.document, self.sites = document, Sites(document["problem"])
        self.processes = processes
        self.faces = faces_of(self.sites)
        self.realised, self.kept = self.enumerated()
        self.strata: list[str] = []
        self.minima: list[Any] = []
        self.items = self.points = 0

    def enumerated(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the strata that some network realises, and those that can hold a minimum."""
        raise NotImplementedError

    def read(self) -> None:
        """Claim 51: there is one record for each stratum that can hold a local minimum."""
        records = self.document["certificate"]["strata"]
        require(type(records) is list, "certificate: no list of strata")
        self.strata = [record[0] for record in records]
        require(self.strata == sorted(set(self.strata)), "certificate: strata are not sorted")
        missing = self.kept.keys() - set(self.strata)
        require(not missing, f"certificate: no stratum {min(missing, default='')}")
        for record in records:
            matched(record, [self.realised.keys().__contains__, ...], "certificate: a record")
        parts = [(self.realised[text], items) for text, items in records]
        for found in self.answers(parts):
            self.items, self.points = self.items + found.items, self.points + found.points
            self.minima += found.minima

    def answers(self, parts: Sequence[tuple[Any, Any]]) -> Iterator[Found]:
        """Yield what follows from the record of each stratum, in order."""
        return self.processes.answers(self.reader(self.sites), parts)

    def components(self) -> Iterator[Component]:
        """Yield the components that follow from these points, and from networks without units."""
        raise NotImplementedError

    def enumeration(self) -> dict[str, Any]:
        """Claim 52: the counts are those of the strata and points.

        Constants are one stratum, unless the targets at every input add up to 0 (Lemma D8).
        """
        constant = bool(level(self.sites))
        minimal = constant and constant_is_minimal(self.sites, self.faces)
        return {
            "sign_arrays": str(3 ** (self.sites.points * sum(self.sites.hidden))),
            "strata_examined": len(self.strata) + any(self.sites.totals),
            "stationary": self.points + constant,
            "locally_minimal": len(self.minima) + minimal,
            "undecided": 0,
        }


def proved(document: dict[str, Any], kind: type[DeepList], processes: Processes = ONE) -> Report:
    """Prove a list of minima that claims to be complete."""
    nothing_else(document, kind.rule)
    proof = kind(document, processes)
    with ctx.workprec(NUMBER_BITS):
        proof.read()
        matched(document["enumeration"], proof.enumeration(), "enumeration")
        components = list(proof.components())
        check(components, document["components"])
    sites, problem = proof.sites, document["problem"]
    return DeepReport(
        problem=f"n = {sites.points}, d = {sites.depth - 1}, hidden "
        f"{', '.join(map(str, sites.hidden))}, ridge {sites.ridge * sites.scale}, loss "
        f"{problem['loss']}, output bias {problem['output_bias']}",
        **about(document),
        verdicts={
            "strata": len(proof.strata),
            "intervals": proof.items,
            "points": proof.points,
        },
        components=len(components),
        polished=0,
        exact=0,
    )


@dataclass(frozen=True)
class DeepReport(Report):
    """What was checked in a document about several hidden layers."""

    @property
    def summary(self) -> str:
        """What was proved, in one line."""
        return (
            f"proved: {self.components} components from {self.verdicts['points']} stationary "
            f"points in {self.verdicts['strata']} strata ({self.verdicts['intervals']} intervals)"
        )
