"""The document: its components are those that follow from the records and the data."""

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from math import comb
from pathlib import Path
from typing import Any

from flint import fmpq

from ..arithmetic.decimals import NUMBER_BITS, Texts, interval, nearest
from ..document import OPTIONAL, PROVED, UNCHECKED, Report, one_file, source_of
from ..hinges.units import DEAD, Unit
from ..pages import read_records
from ..points import TEXT_BITS, ball_order, least
from ..reals import matched, require, sign, told
from .groups import Group, Number, level, outer
from .joined import Landing, forms_joined, landings
from .records import Proof, largest, read_descriptions
from .residuals import Residual
from .sites import Sites, has_free_biases
from .strata import Stratum


def heading(document: dict[str, Any]) -> dict[str, Any]:
    """Claim 327: the certificate is about the problem; nothing else is said but what is proved."""
    optional = {key: OPTIONAL[key] for key in ("software",) if key in document}
    shape = dict.fromkeys(PROVED, ...) | {"completeness": "certificate"}
    matched(document, shape | optional, "document")
    digest = hashlib.sha256(json.dumps(document["problem"], sort_keys=True).encode()).hexdigest()
    head = {"format": "reluenum-creases", "version": 1, "problem_sha256": digest}
    certificate = document["certificate"]
    place = "data" if "data" in certificate else "file"
    others = dict.fromkeys(("records", "sha256", "exact", place), ...)
    matched(certificate, head | others, "certificate")
    return head


def every_support(sites: Sites, count: int, certificate: dict[str, Any]) -> None:
    """Claim 328: there are as many records as supports: one for each."""
    expected = supports_up_to(len(sites.creases), largest(sites))
    require(count == expected, f"certificate: {count} records for {expected} supports")
    matched(certificate["records"], count, "certificate: records")


def supports_up_to(creases: int, size: int) -> int:
    """Return how many sets of up to so many creases there are."""
    return sum(comb(creases, k) for k in range(1, size + 1))


class Minima:
    """A component of minima with one residual."""

    def __init__(self, landing: Landing, strata: list[Stratum], copies: int) -> None:
        self.landing, self.strata, self.copies = landing, strata, copies
        self.core, self.judged = landing.core, landing.judged
        self.sites = self.judged.sites

    def texts(self, number: Number, square: Number = lambda _: 1) -> Texts:
        """Claim 329: number * sqrt(square), correctly rounded to 30 digits; 0 is exactly 0.

        There are two texts for a number that lies between two decimals as far as is known.
        """

        def question(residual: Residual) -> Texts | None:
            value, under = number(residual), square(residual)
            if value is None or under is None:
                return None
            if sign(value) == 0:
                return frozenset("0")
            levels = [residual.bits] if residual.bits else [NUMBER_BITS << k for k in range(8)]
            return next(filter(None, (nearest(value, under, bits) for bits in levels)), None)

        return self.core.settle(question, "a decimal of the document", TEXT_BITS)

    def record(self, names: Sequence[tuple], given: Any, best: list[Landing]) -> dict[str, Any]:
        """Claim 330: what a document has to say of it, its strata in the order of the document."""
        known = {name(stratum): stratum for stratum in self.strata}
        strata = [known[key] for key in names]
        kinds = {unit.kind for stratum in strata for unit in stratum.units}
        return {
            "dimension": strata[0].dimension,
            "loss": self.texts(self.landing.loss),
            "loss_interval": interval(given["loss"]),
            "on_boundary": not kinds.isdisjoint(("kink", "zero")),
            "global_at_width": self.landing in best,
            "global_at_every_width": self.judged.is_global,
            "orbit_size": self.copies,
            "unbounded": not kinds.isdisjoint(("line", *DEAD)),
            "strata": [self.stratum_record(stratum) for stratum in strata],
            "representative": self.representative(strata[0]),
        }

    def stratum_record(self, stratum: Stratum) -> dict[str, Any]:
        """Return what the document has to say of a stratum."""
        return {
            "dimension": stratum.dimension,
            "support": [self.group_record(stratum, *group) for group in stratum.groups],
            "zero_neurons": sum(stratum.zeros.values()),
            "zero_units": stratum.zeros,
        }

    def group_record(self, stratum: Stratum, unit: Unit, count: int) -> dict[str, Any]:
        """Return what it has to say of units that are alike."""
        group = Group(stratum, unit, count)
        return {
            "face": group.crease.text,
            "sign": unit.sign,
            "multiplicity": count,
            "sum_a_squared": self.texts(group.square),
            "direction": [self.texts(part) for part in group.vector()],
            "offsets": [end and self.texts(end) for end in group.offsets()],
        }

    def representative(self, stratum: Stratum) -> dict[str, Any]:
        """Claim 331: the network in the middle of a stratum; units that are alike are equal."""
        groups, units = [Group(stratum, *pair) for pair in stratum.groups], []
        for group in groups:
            numbers = [lambda _, s=group.unit.sign: fmpq(s), *group.vector()]
            units += [[self.texts(part, group.share) for part in numbers]] * group.count
        flat = [frozenset("0")] * (self.sites.depth + 1)
        for number, text in zip(stratum.zeros.values(), ("-1", "1", "0"), strict=True):
            units += [[*flat, frozenset([text])]] * number
        found = {
            "a": [a for a, *_ in units],
            "B": [unit[1:-1] for unit in units],
            "c": [unit[-1] for unit in units],
        }
        return {**found, **self.outer(groups)}

    def outer(self, groups: Sequence[Group]) -> dict[str, Any]:
        """Return the output bias and the linear part."""
        if self.sites.linear == "none":
            return {"m": self.texts(partial(level, groups))}
        places = range(self.sites.depth + 1)
        *linear, bias = (self.texts(partial(outer, groups, k=k)) for k in places)
        return {"m": bias, "beta": linear}


def name(stratum: Stratum) -> tuple:
    """Return what tells a stratum from others: faces, signs and numbers of units."""
    groups = ((stratum.judged.crease_of(u).text, u.sign, count) for u, count in stratum.groups)
    return (*groups, *stratum.zeros.values())


def name_of(record: Any) -> tuple:
    """Return the same of a stratum of the document."""
    keys = ("face", "sign", "multiplicity")
    groups = (tuple(group[key] for key in keys) for group in record["support"])
    return (*groups, *(record["zero_units"][key] for key in ("inactive", "active", "on_kink")))


def enumeration(sites: Sites, locally_minimal: int) -> dict[str, Any]:
    """Claim 332: the counts: of columns of signs, sets of creases, and residuals of minima."""
    columns, width = sites.columns, sites.width
    return {
        "sign_matrices": str(2 ** (sites.points * width)),
        "realisable_patterns": columns**width,
        "patterns_up_to_permutation": comb(columns + width - 1, width),
        "supports_examined": supports_up_to(len(sites.creases), width),
        "stationary": None,
        "locally_minimal": locally_minimal,
        "undecided": 0,
    }


def lowest(found: Sequence[Landing]) -> list[Landing]:
    """Claim 333: global at the width is what is so at every width, else what has the least loss.

    Equal losses are one root of one polynomial.
    """
    best = [landing for landing in found if landing.judged.is_global]
    return best or least(sorted(found, key=lambda landing: float(landing.loss_ball().mid())))


def check(found: Sequence[Landing], records: Any) -> None:
    """Claim 334: the document has these components, each once and right, by ascending loss."""
    require(type(records) is list, "components: no list")
    parts = [Minima(landing, *part) for landing in found for part in forms_joined(landing)]
    left = {frozenset(map(name, part.strata)): part for part in parts}
    best, previous = lowest(found), None
    for number, record in enumerate(records):
        with told(f"component {number}"):
            names = [name_of(stratum) for stratum in record["strata"]]
            require(len(set(names)) == len(names), "a stratum stands twice")
            part = left.pop(frozenset(names), None)
            require(part is not None, "there is no component of these strata, or no further one")
            order = previous and ball_order(previous, part.landing)
            require(order != 1, "not sorted by loss")
            matched(record, part.record(names, record, best), "record")
            keys = [(-s["dimension"], s["zero_neurons"]) for s in record["strata"]]
            require(keys == sorted(keys), "order of strata")
            previous = part.landing
    require(not left, f"components: {len(left)} are missing")


def proof_of(document: dict[str, Any], folder: Path) -> Report:
    """Prove a list of minima that claims to be complete."""
    head, problem = heading(document), document["problem"]
    has_free_biases(problem)
    certificate = document["certificate"]
    with source_of(certificate, folder) as source:
        one_file(certificate, source)
        longest = problem["width"] * len(problem["x"][0])
        count, records = read_records(source, head, longest)
        sites = Sites(problem, count)
        every_support(sites, count, certificate)
        proof = Proof(sites, read_descriptions(sites, certificate["exact"]))
        proof.read(records)
    found = landings(proof.points)
    matched(document["enumeration"], enumeration(sites, len(found)), "enumeration")
    check(found, document["components"])
    weight = f" of weight {sites.total}" if "weights" in problem else ""
    also = "" if sites.linear == "none" else ", linear part free"
    return Report(
        problem=f"n = {sites.points}{weight}, d = {sites.depth}, width {sites.width}, "
        f"ridge {sites.ridge * sites.scale}, loss {problem['loss']}, output bias free, "
        f"hidden bias free{also}",
        digest=hashlib.sha256(json.dumps(problem, sort_keys=True).encode()).hexdigest(),
        compared=False,
        unchecked=tuple(key for key in UNCHECKED if key in document),
        verdicts=dict(proof.verdicts),
        components=len(document["components"]),
        polished=proof.polished,
        exact=len(certificate["exact"]),
    )
