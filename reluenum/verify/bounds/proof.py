"""The trees of boxes of a document of bounds, and what it says."""

from collections.abc import Iterator
from itertools import combinations_with_replacement, product
from typing import Any

from flint import arb, fmpq

from ..document import software_of
from ..exact import short
from ..reals import matched, require, told
from .around import Around
from .boxes import Box
from .cones import cones_of
from .critical import Stratum, value
from .fit import Fit, Vector, decimal
from .leaves import Leaf

MOST_DIGITS = 100
DEEPEST = 10_000  # cuts of a box

BOUND = {
    "format": "reluenum-bound",
    "version": 2,
    "problem": ...,
    "lower_bound": ...,
    "upper_bound": ...,
    "relative_gap": ...,
    "any_upper_width": lambda value: type(value) is bool,
    "network": {"W": ..., "b": ..., "w": ...},
    "global": ...,
    "certificate": {"rule": "moving duals", "radius": ..., "digits": ..., "trees": ...},
}

NEARLY = fmpq(1, 10**9)  # the best network is shown with so small an error of each weight

GLOBAL = {"claim": "proved", "first": ..., "upper": ..., "within": ...}


def ways_to_place(
    cones: int, units: int, depth: int
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield cones of first-layer units in order, and faces: -1 of the first of each cone."""
    for places in combinations_with_replacement(range(cones), units):
        for faces in product(range(-1, depth), repeat=units):
            pairs = [*zip(places, faces, strict=True)]
            first = [k == 0 or places[k] != places[k - 1] for k in range(units)]
            if pairs == sorted(pairs) and first == [face == -1 for face in faces]:
                yield places, faces


class BoundProof:
    """The trees of boxes of a document, read from the first to the last."""

    def __init__(self, fit: Fit, upper: fmpq, certificate: dict[str, Any], best: Any) -> None:
        self.fit, self.upper, self.certificate = fit, upper, certificate
        self.stratum = None if best is None else Stratum(fit, best)
        self.near: list[arb] | None = None
        self.radius = short(certificate["radius"], "certificate: radius")
        self.digits = certificate["digits"]
        good = type(self.digits) is int and 0 <= self.digits <= MOST_DIGITS
        require(good and self.radius > 0, "certificate: radius, digits")
        needed = min(upper / 3, fit.energy / 4) / fit.ridge
        require(self.radius**2 >= needed, "certificate: the radius is too small")
        self.lowest: arb | None = None
        self.leaves, self.any_width = 0, True

    def read(self) -> None:
        """Claim B3: there is a tree for each way to put the units into cones, up to order.

        All but one of those in one cone are on its faces.
        """
        cones, trees = cones_of(self.fit), self.certificate["trees"]
        ways = ways_to_place(len(cones), self.fit.below, self.fit.depth)
        narrow = self.fit.above < self.fit.size
        slots = ((0, 0, 0),) * (self.fit.above if narrow else 0)
        axes = self.fit.below * self.fit.depth
        low = (fmpq(0),) * axes
        require(type(trees) is list, "certificate: trees")
        for tree, (places, faces) in zip(trees, ways, strict=True):
            known = {"cones": list(places), "faces": list(faces), "nodes": ...}
            matched(tree, known, "certificate: a tree")
            closed = [face == k for face in faces for k in range(self.fit.depth)]
            high = tuple(fmpq(0) if face else self.radius for face in closed)
            both = tuple(zip(places, faces, strict=True))
            root = Box(tuple(cones[k] for k in places), low, high, slots, both)
            with told(f"cones {', '.join(map(str, places))}"):
                self.grow(root, tree["nodes"])

    def grow(self, root: Box, nodes: list[str]) -> None:
        """Read the boxes of a tree, each before its parts."""
        open_ = [root]
        for text in nodes:
            require(bool(open_) and type(text) is str, "nodes without a box")
            box = open_.pop()
            if text[:1] in ("x", "s"):
                first, second = box.cut(text)
                open_ += [second, first]
                require(len(open_) <= DEEPEST, "boxes are cut too often")
            elif text == ".":
                require(box.useless(self.radius), "a box that may hold a best network is left out")
            else:
                self.close(box, text)
        require(not open_, "boxes without a node")

    def close(self, box: Box, text: str) -> None:
        """Bound the loss in a box."""
        leaf = Leaf(self.fit, box, text, self.digits)
        least = leaf.bound().lower()
        self.leaves += 1
        self.any_width &= not any(map(any, box.slots))
        if self.stratum is None or least > self.upper:
            self.lowest = least if self.lowest is None else self.lowest.min(least)
        else:
            found = Around(self.stratum, leaf, self.upper).critical()
            known = self.near or found
            self.near = [a.union(b) for a, b in zip(found, known, strict=True)]

    def isolate(self, network: list[list[Vector]], within: fmpq) -> None:
        """Claim B15: the best network is that of the document, nearly; its loss is enclosed."""
        require(self.near is not None, "global: no box holds the network")
        require(within <= NEARLY, "global: within is too large to tell networks apart")
        x = self.stratum.isolated(self.near)
        for layer, other in zip(self.stratum.weights(x), network, strict=True):
            for unit, known in zip(layer, other, strict=True):
                close = (abs(a - b) < within for a, b in zip(unit, known, strict=True))
                require(all(close), "global: the network is another one")
        least = value(self.stratum.loss, x).lower()
        self.lowest = least if self.lowest is None else self.lowest.min(least)


def bounds_of(document: dict[str, Any]) -> tuple[str, str, int]:
    """Prove both bounds of a document; return what is proved, of which problem, and the boxes."""
    matched(document, BOUND | software_of(document), "document")
    fit = Fit(document["problem"])
    lower, upper, gap = (
        decimal(document[key], key) for key in ("lower_bound", "upper_bound", "relative_gap")
    )
    loss = fit.loss(document["network"])
    require((loss + fit.scatter) * fit.scale <= upper, "upper_bound is below that of the network")
    best = document["global"]
    proof = BoundProof(fit, loss, document["certificate"], best)
    proof.read()
    if best is not None:
        matched(best, GLOBAL, "global")
        proof.isolate(fit.layers(document["network"]), decimal(best["within"], "global: within"))
    fitted = lower / fit.scale - fit.scatter
    require(proof.lowest is not None, "there is no box")
    require(fitted <= 0 or proof.lowest >= fitted, f"lower_bound: only {proof.lowest} is proved")
    require(upper - lower <= gap * upper, "relative_gap is larger")
    any_width = document["any_upper_width"]
    require(proof.any_width or not any_width, "any_upper_width: signs of upper units were used")
    widths = f"{fit.below}, {'any' if any_width else fit.above}"
    proved = (
        f"no network of widths {widths} has a loss below {document['lower_bound']}, and one of "
        f"widths {fit.below}, {fit.above} has at most {document['upper_bound']}"
    )
    if best is not None:
        proved += "; up to symmetries there is one best network, and it is this one"
    problem = (
        f"n = {fit.points}, d = {fit.depth - 1}, hidden {fit.below}, {fit.above}, ridge "
        f"{document['problem']['ridge']}, loss {document['problem']['loss']}, output bias none"
    )
    return proved, problem, proof.leaves
