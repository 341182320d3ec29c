"""The document of a deep list: from its strata to its components."""

from collections.abc import Iterator
from typing import Any

from flint import ctx

from ..points import NUMBER_BITS
from ..reals import matched, require, told
from .components import Component, check, constant_network, shared, tower_network, zero_network
from .cover import Cover
from .dead import constant_is_minimal, harmless, level, zero_is_minimal
from .points import Zero
from .sites import Sites
from .strata import Stratum, faces_of, kept
from .towers import Upper


class DeepProof:
    """What follows from the record of each stratum, and from the data alone."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document, self.sites = document, Sites(document["problem"])
        self.faces = faces_of(self.sites)
        self.strata = kept(self.sites)
        self.zeros: list[Zero] = []
        self.items = 0

    def read(self) -> None:
        """Claim 51: there is a record for each stratum that can hold a minimum, and for no other."""
        certificate = self.document["certificate"]
        matched(certificate, {"rule": "blocks", "strata": ...}, "certificate")
        records = certificate["strata"]
        require(type(records) is list, "certificate: no list of strata")
        require(len(records) == len(self.strata), f"certificate: {len(records)} strata for {len(self.strata)}")
        uppers: dict[Any, Upper] = {}
        for record, text in zip(records, sorted(self.strata), strict=True):
            require(type(record) is list and len(record) == 2, "certificate: a record of another shape")
            matched(record[0], text, "certificate: a stratum")
            stratum = self.strata[text]
            upper = uppers.setdefault(stratum.upper, Upper(self.sites, stratum.upper))
            with told(f"stratum {text}"):
                cover = Cover(stratum, upper)
                cover.read(record[1])
            self.zeros += [zero for zero in cover.zeros if zero.sides is not None]
            self.items += len(record[1])

    @property
    def minima(self) -> list[Zero]:
        """The local minima with live units below."""
        return [zero for zero in self.zeros if zero.minimum]

    def components(self) -> Iterator[Component]:
        """Claim 83: the components are those of these points, of a constant, and of nothing."""
        for zero in self.minima:
            spare = self.sites.hidden[0] - len(zero.stratum.lower)
            yield from shared(tower_network(zero), spare > 0 and harmless(zero, self.faces))
        if level(self.sites) and constant_is_minimal(self.sites, self.faces):
            yield from shared(constant_network(self.sites, level(self.sites)), True)
        if zero_is_minimal(self.sites):
            yield from shared(zero_network(self.sites), True)

    def enumeration(self) -> dict[str, Any]:
        """Claim 84: the counts are those of the strata and points; constants are one stratum."""
        constant = bool(level(self.sites))
        minimal = constant and constant_is_minimal(self.sites, self.faces)
        return {
            "sign_arrays": str(3 ** (self.sites.points * sum(self.sites.hidden))),
            "strata_examined": len(self.strata) + 1,
            "stationary": len(self.zeros) + constant,
            "locally_minimal": len(self.minima) + minimal,
            "undecided": 0,
        }


def prove(document: dict[str, Any]) -> DeepProof:
    """Prove a list of minima of a network with two hidden layers, the second of one unit."""
    proof = DeepProof(document)
    proof.read()
    matched(document["enumeration"], proof.enumeration(), "enumeration")
    with ctx.workprec(NUMBER_BITS):
        check(list(proof.components()), document["components"])
    return proof
