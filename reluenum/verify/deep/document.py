"""The document of a deep list: from its strata to its components."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flint import ctx

from ..document import OPTIONAL, PROVED, UNCHECKED, Report
from ..points import NUMBER_BITS
from ..processes import ONE, Processes
from ..reals import CertificateError, matched, require, told
from .components import Component, check, constant_network, shared, tower_network, zero_network
from .cover import Cover
from .further.dead import constant_is_minimal, harmless, level, zero_is_minimal
from .further.leeway import Leeway
from .points import Zero
from .sites import Row, Sites
from .strata import Stratum, faces_of, kept, realised
from .towers import Upper

COVER_BITS = 128  # precision at which a stratum is covered, if that is enough


def nothing_else(document: dict[str, Any], rule: str) -> None:
    """Claim 50: all else that the document says is proved, or known and of the right shape."""
    optional = {key: OPTIONAL[key] for key in ("software",) if key in document}
    shape = dict.fromkeys(PROVED, ...) | {"completeness": "proved"}
    matched(document, shape | optional, "document")
    matched(document["certificate"], {"rule": rule, "strata": ...}, "certificate")


@dataclass(frozen=True)
class Found:
    """What the record of a stratum leads to."""

    items: int  # of the record, or boxes that took their place
    points: int  # stationary ones
    minima: list[Any]  # those of them that are local minima


class Reader:
    """Reads the records of strata, one after the other, in whatever process it is."""

    def __init__(self, sites: Sites) -> None:
        self.sites = sites
        self.uppers: dict[Row, Upper] = {}

    def __call__(self, stratum: Stratum, items: Any) -> Found:
        """Read the record of a stratum, and judge its points."""
        with told(f"stratum {stratum.text}"):
            count, zeros = self.cover(stratum, items)
            points = [zero for zero in zeros if zero.sides is not None]
            return Found(count, len(points), [zero for zero in points if zero.minimum])

    def cover(self, stratum: Stratum, items: Any) -> tuple[int, list[Zero]]:
        """Return the number of intervals, and the zeros to which they lead."""
        try:
            with ctx.workprec(COVER_BITS):
                cover = self.start(stratum)
                cover.read(items)
        except CertificateError:  # fewer digits are faster, but may not be enough
            cover = self.start(stratum)
            cover.read(items)
        return len(items), cover.zeros

    def start(self, stratum: Stratum) -> Cover:
        """Return a cover of a stratum of which nothing is read."""
        upper = self.uppers.setdefault(stratum.upper, Upper(self.sites, stratum.upper))
        return Cover(stratum, upper)


class DeepProof:
    """What follows from the record of each stratum, and from the data alone."""

    rule: ClassVar[str] = "blocks"
    reader: ClassVar[type[Reader]] = Reader

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
        found = realised(self.sites, self.processes)
        return found, kept(found)

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
        """Claim 52: the components are those of these points, of a constant, and of nothing."""
        for zero in self.minima:
            spare = self.sites.hidden[0] - len(zero.stratum.lower)
            calm = spare > 0 and harmless(zero, self.faces)
            sure = spare == 0 or zero.shared or Leeway(zero).copies
            require(sure, f"{zero.stratum.text}: what copies of its units do is not clear")
            yield from shared(tower_network(zero), calm)
        if level(self.sites) and constant_is_minimal(self.sites, self.faces):
            yield from shared(constant_network(self.sites, level(self.sites)), True)
        if zero_is_minimal(self.sites):
            yield from shared(zero_network(self.sites), True)

    def enumeration(self) -> dict[str, Any]:
        """Claim 53: the counts are those of the strata and points.

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


def proved(
    document: dict[str, Any], kind: type[DeepProof] = DeepProof, processes: Processes = ONE
) -> Report:
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
        digest=hashlib.sha256(json.dumps(problem, sort_keys=True).encode()).hexdigest(),
        compared=False,
        unchecked=tuple(key for key in UNCHECKED if key in document),
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
