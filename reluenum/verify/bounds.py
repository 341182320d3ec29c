"""Bounds of the loss of networks with two hidden layers, proved box by box.

Claims B1 to B9 of docs/certificate.md.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations_with_replacement, pairwise, product
from typing import Any

from flint import arb, arb_mat, fmpq, fmpz

from .exact import PROBLEM, WIDEST, distinct, short
from .reals import dot, matched, require, sign, told

MOST_SITES, MOST_UNITS, MOST_DIGITS, MOST_CONES = 12, 8, 100, 1 << 12
DEEPEST = 10_000  # cuts of a box
DECIMAL = re.compile(r"-?[0-9]{1,200}(?:\.[0-9]{1,200})?", re.ASCII)

Vector = tuple[fmpq, ...]
Row = tuple[int, int]  # of signs of an upper unit: of its output weight, and a mask of sites
Slot = tuple[int, int, int]  # what is known of one: sign or 0, masks of sites inside and outside

BOUND = {
    "format": "reluenum-bound",
    "version": 1,
    "problem": ...,
    "lower_bound": ...,
    "upper_bound": ...,
    "relative_gap": ...,
    "any_upper_width": frozenset((True, False)),
    "network": {"W": ..., "b": ..., "w": ...},
    "certificate": {"rule": "moving duals", "radius": ..., "digits": ..., "trees": ...},
}


def decimal(text: Any, where: str) -> fmpq:
    """Read a decimal."""
    require(type(text) is str and bool(DECIMAL.fullmatch(text)), f"{where}: {text!r:.60} is wrong")
    whole, _, digits = text.partition(".")
    return fmpq(fmpz(whole + digits), fmpz(10) ** len(digits))


def _two_widths(hidden: Any) -> bool:
    whole = type(hidden) is list and all(type(width) is int for width in hidden)
    return whole and len(hidden) == 2 and all(0 < width <= WIDEST for width in hidden)


class Fit:
    """The problem on its distinct inputs, with sums of squares and the effective ridge."""

    def __init__(self, problem: Any) -> None:
        shape = {key: value for key, value in PROBLEM.items() if key != "width"}
        matched(problem, shape | {"hidden": _two_widths, "output_bias": "none"}, "problem")
        require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
        number, place = distinct(problem["x"])
        self.rows = [(*row, fmpq(1)) for row in number]
        self.size, self.depth = len(self.rows), len(self.rows[0])
        require(self.size <= MOST_SITES, f"problem: more than {MOST_SITES} distinct inputs")
        self.below, self.above = problem["hidden"]
        require(self.below <= MOST_UNITS, f"problem: more than {MOST_UNITS} first-layer units")
        targets = [short(entry, "problem y") for entry in problem["y"]]
        self.points = len(targets)
        self.scale = fmpq(1, self.points) if problem["loss"] == "mean" else fmpq(1)
        self.ridge = short(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        count, totals = Counter(place), [fmpq(0)] * self.size
        for site, target in zip(place, targets, strict=True):
            totals[site] += target
        self.copies = [fmpq(count[k]) for k in range(self.size)]
        self.means = [total / copies for total, copies in zip(totals, self.copies, strict=True)]
        self.energy = dot(totals, self.means)
        self.scatter = dot(targets, targets) - self.energy

    def loss(self, network: Any) -> fmpq:
        """Claim B1: the loss of the network of the document, exactly, scatter left out."""
        lower, upper, (output,) = self.layers(network)
        found = self.ridge * sum((dot(row, row) for row in (*lower, *upper, output)), fmpq(0))
        for row, mean, copies in zip(self.rows, self.means, self.copies, strict=True):
            inside = [*through(lower, row), fmpq(1)]
            found += copies * (mean - dot(output[:-1], through(upper, inside))) ** 2
        return found

    def layers(self, network: Any) -> list[list[Vector]]:
        """Read the units (W, b) of each layer; the last one is the output, with a bias of 0."""
        widths = (self.depth - 1, self.below, self.above, 1)
        parts = [*zip(network["W"], network["b"], strict=True), ([network["w"]], ["0"])]
        units = ([(*row, b) for row, b in zip(*part, strict=True)] for part in parts)
        found = [
            [tuple(decimal(text, "network") for text in row) for row in part] for part in units
        ]
        shapes = [{(len(layer), len(row)) for row in layer} for layer in found]
        fits = shapes == [{(width, inputs + 1)} for inputs, width in pairwise(widths)]
        require(fits, "network: wrong widths")
        return found


def through(units: list[Vector], inputs: Sequence[fmpq]) -> list[fmpq]:
    """Return what units make of inputs with a 1 behind them."""
    return [max(dot(unit, inputs), fmpq(0)) for unit in units]


def scaled(ray: Vector) -> Vector:
    """Return the multiple by a power of two whose square is in [1, 4)."""
    factor, square = fmpq(1), dot(ray, ray)
    while square * factor**2 >= 4:
        factor /= 2
    while square * factor**2 < 1:
        factor *= 2
    return tuple(factor * entry for entry in ray)


def parts(rays: list[Vector], rows: list[Vector]) -> Iterator[list[Vector]]:
    """Claim B2: a cone is the union of two, in which a point of an edge replaces either end.

    The first hyperplane that has rays strictly on both sides is taken, and the first ray of each;
    their vectors are in the two children, as v = s e + t e' is a combination of the point on the
    hyperplane and of e or e'.
    """
    every = ([dot(ray, row) for ray in rays] for row in rows)
    crossed = [sides for sides in every if max(sides) > 0 > min(sides)]
    if not crossed:
        yield rays
        return
    signs = list(map(sign, crossed[0]))
    up, down = signs.index(1), signs.index(-1)
    ends = zip(rays[up], rays[down], strict=True)
    point = scaled(tuple(crossed[0][up] * b - crossed[0][down] * a for a, b in ends))
    for k in (up, down):
        yield from parts([*rays[:k], point, *rays[k + 1 :]], rows)


class Cone:
    """A cone of first-layer vectors: what its rays give at each site, and their products."""

    def __init__(self, rays: list[Vector], fit: Fit) -> None:
        self.heights = [[max(dot(ray, row), fmpq(0)) for ray in rays] for row in fit.rows]
        self.products = [[dot(a, b) for b in rays] for a in rays]
        acute = all(entry >= 0 for line in self.products for entry in line)
        require(acute and all(self.products[k][k] >= 1 for k in range(fit.depth)), "cones")


def cones_of(fit: Fit) -> list[Cone]:
    """Claim B3: the cones of first-layer vectors; without an active site, 0 is better."""
    found = []
    for signs in product((1, -1), repeat=fit.depth):
        orthant = [
            tuple(fmpq(sign if j == k else 0) for j in range(fit.depth))
            for k, sign in enumerate(signs)
        ]
        for rays in parts(orthant, fit.rows):
            cone = Cone(rays, fit)
            if any(map(any, cone.heights)):
                found.append(cone)
            require(len(found) <= MOST_CONES, "too many cones")
    return found


@dataclass(frozen=True)
class Box:
    """First layers between two corners, along the rays of a cone for each unit."""

    cones: tuple[Cone, ...]
    low: tuple[fmpq, ...]
    high: tuple[fmpq, ...]
    slots: tuple[Slot, ...]
    places: tuple[int, ...]

    def cut(self, text: str) -> tuple["Box", "Box"]:
        """Claim B4: a box is the union of its halves, and of what two answers leave of it.

        Yes is said of one upper unit; no of all units of which as much is known, since one of them
        with yes could be put in its place.
        """
        axis = re.fullmatch(r"x([0-9]{1,4})", text, re.ASCII)
        if axis:
            k = int(axis[1])
            middle = (self.low[k] + self.high[k]) / 2
            return self._with(high=_put(self.high, k, middle)), self._with(
                low=_put(self.low, k, middle)
            )
        asked = re.fullmatch(r"s([0-9]{1,4})(?::([0-9]{1,4}))?", text, re.ASCII)
        require(asked is not None, f"{text[:40]!r} is no cut")
        slot, site = int(asked[1]), None if asked[2] is None else int(asked[2])
        old = self.slots[slot]
        yes = _put(self.slots, slot, _told(old, site, True))
        no = tuple(_told(old, site, False) if other == old else other for other in self.slots)
        return self._with(slots=yes), self._with(slots=no)

    def _with(self, **changed: Any) -> "Box":
        return Box(**{**self.__dict__, **changed})

    def unit(self, j: int) -> slice:
        """Return the coordinates of a first-layer unit."""
        depth = len(self.low) // len(self.cones)
        return slice(j * depth, (j + 1) * depth)

    def useless(self, radius: fmpq) -> bool:
        """Claim B5: all first layers are too long, or units of equal cones are out of order."""
        depth = len(self.low) // len(self.cones)
        unsorted = any(
            a == b and self.high[j * depth] < self.low[(j + 1) * depth]
            for j, (a, b) in enumerate(pairwise(self.places))
        )
        return unsorted or self.shortest() > radius**2

    def shortest(self) -> fmpq:
        """Return the least |V|^2, at the lower corner: no two rays are at an obtuse angle."""
        found = fmpq(0)
        for j, cone in enumerate(self.cones):
            low = self.low[self.unit(j)]
            found += dot(low, [dot(line, low) for line in cone.products])
        return found

    def rows(self, size: int) -> list[Row]:
        """Claim B6: the signs of an upper unit.

        It is active above every site where it is active, for some signs of its weights: a site is
        above another if each feature is not lower there, or not higher if the weight is negative.
        """
        pairs, units = list(product(range(size), repeat=2)), range(len(self.cones))
        up = [{pair for pair in pairs if self.rises(j, *pair)} for j in units]
        down = [{pair[::-1] for pair in rising} for rising in up]
        orders = product(*zip(up, down, strict=True))
        found = set().union(*(closed(set.intersection(*order), size) for order in orders))
        return list(filter(self.allows, product((1, -1), sorted(found))))

    def allows(self, row: Row) -> bool:
        """Whether some upper unit may have a row."""
        return not self.slots or any(_allows(slot, row) for slot in self.slots)

    def rises(self, j: int, one: int, other: int) -> bool:
        """Whether the feature of a first-layer unit is nowhere lower at the other site."""
        heights, part = self.cones[j].heights, self.unit(j)
        slopes = [b - a for a, b in zip(heights[one], heights[other], strict=True)]
        ends = zip(slopes, self.low[part], self.high[part], strict=True)
        return sum((min(slope * low, slope * high) for slope, low, high in ends), fmpq(0)) >= 0


def closed(order: set[tuple[int, int]], size: int) -> set[int]:
    """Return the masks of some sites that hold, with each site, those that are above it."""
    arrows = [(1 << a, 1 << b) for a, b in order]
    masks = range(1, 1 << size)
    return {mask for mask in masks if all(mask & b or not mask & a for a, b in arrows)}


def _put(values: tuple, place: int, value: Any) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _told(slot: Slot, site: int | None, answer: bool) -> Slot:
    sign, inside, outside = slot
    if site is None:
        return (1 if answer else -1, inside, outside)
    bit = 1 << site
    return (sign, inside | bit, outside) if answer else (sign, inside, outside | bit)


def _allows(slot: Slot, row: Row) -> bool:
    known = row[1] & slot[1] == slot[1] and not row[1] & slot[2]
    return known and slot[0] in (0, row[0])


class Leaf:
    """A box with a dual point: residuals r + R e for -1 <= e <= 1, and multipliers of signs."""

    def __init__(self, fit: Fit, box: Box, text: str, digits: int) -> None:
        self.fit, self.box, self.axes = fit, box, len(box.low)
        residuals, _, pushes = text.partition("|")
        table = [[fmpz(entry) for entry in line.split(" ")] for line in residuals.split(";")]
        fits = len(table) == fit.size and all(len(line) == self.axes + 1 for line in table)
        require(fits, "a dual point of another shape")
        unit = fmpq(1, fmpz(10) ** digits)
        self.residual = [[unit * entry for entry in line] for line in table]
        self.pushes: dict[Row, list[tuple[int, fmpq]]] = {}
        for entry in filter(None, pushes.split(";")):
            name, *some = entry.split(" ")
            row = (-1 if name.startswith("-") else 1, int(name.removeprefix("-")))
            pairs = [part.split(":") for part in some]
            self.pushes[row] = [(int(site), unit * fmpz(push)) for site, push in pairs]
            good = all(0 <= site < fit.size and push >= 0 for site, push in self.pushes[row])
            require(good, "a multiplier is negative")
        self.center = [(a + b) / 2 for a, b in zip(box.low, box.high, strict=True)]
        self.radius = [(b - a) / 2 for a, b in zip(box.low, box.high, strict=True)]

    def bound(self) -> arb:
        """Claim B9: all networks of the box have at least this loss, scatter left out.

        The dual point times any share with which no unit gains more than the ridge is feasible, and
        so is none at all.
        """
        highest = self.gains()
        level = [line[0] for line in self.residual]
        energy = dot(level, [r / n for r, n in zip(level, self.fit.copies, strict=True)])
        best = arb(dot(level, self.fit.means) / energy) if energy else arb(0)
        share = best if best * highest <= self.fit.ridge else (self.fit.ridge / highest).lower()
        surely = arb(self.fit.ridge * self.box.shortest())
        return self.objective(share.mid()).max(surely) if share > 0 else surely

    def gains(self) -> arb:
        """Claim B7: the largest gain of an upper unit of any row in the box, squared and rooted.

        Its gradient q(e) = sum of (active r(e) + sides pushes) (h(e), 1) is of degree two in e.
        """
        rows, axes = self.box.rows(self.fit.size), range(1, self.axes + 1)
        if not rows:
            return arb(0)
        features = [arb_mat(table) for table in self.features()]
        weights = [arb_mat([self.weights(row, k) for row in rows]) for k in range(self.axes + 1)]
        level = weights[0] * features[0]
        first = [weights[k] * features[0] + weights[0] * features[k] for k in axes]
        second = [[weights[k] * features[m] for m in axes] for k in axes]
        tables = [level, first, second]
        squares = (_largest(*_line(tables, f)) for f in range(len(rows)))
        return reduce(arb.max, squares, arb(0)).upper().sqrt()

    def features(self) -> list[list[list[fmpq]]]:
        """Return (h, 1) at each site: in the middle, then its changes along each axis."""
        tables = [[[] for _ in range(self.fit.size)] for _ in range(self.axes + 1)]
        for j, cone in enumerate(self.box.cones):
            part = self.box.unit(j)
            for i, height in enumerate(cone.heights):
                tables[0][i].append(dot(height, self.center[part]))
                for k in range(self.axes):
                    inside = part.start <= k < part.stop
                    change = height[k - part.start] * self.radius[k] if inside else fmpq(0)
                    tables[k + 1][i].append(change)
        for k, table in enumerate(tables):
            for line in table:
                line.append(fmpq(k == 0))
        return tables

    def weights(self, row: Row, k: int) -> list[fmpq]:
        """Return what a row multiplies the features with: in the middle, or along an axis."""
        sign, mask = row
        found = [sign * self.residual[i][k] * (mask >> i & 1) for i in range(self.fit.size)]
        for site, push in self.pushes.get(row, ()) if k == 0 else ():
            found[site] += push if mask >> site & 1 else -push
        return found

    def objective(self, share: arb) -> arb:
        """Claim B8: the least of 2 r.y - sum r^2 / n + ridge |V|^2 for -1 <= e <= 1.

        The better of two bounds: of the sum, and with the least |V|^2, at the lower corner, apart.
        """
        square = self.dual(share)
        apart = least(square) + self.fit.ridge * self.box.shortest()
        for j, cone in enumerate(self.box.cones):
            places = [(k, k % self.fit.depth) for k in range(len(self.center))[self.box.unit(j)]]
            moves = [(0, self.center[k], ray) for k, ray in places]
            moves += [(k + 1, self.radius[k], ray) for k, ray in places]
            for (a, one, ray), (b, other, with_) in product(moves, moves):
                square[a][b] += self.fit.ridge * cone.products[ray][with_] * one * other
        return apart.max(least(square))

    def dual(self, share: arb) -> list[list[arb]]:
        """Return the symmetric matrix of 2 r.y - sum r^2 / n in (1, e), for a share of r."""
        axes, counts = range(self.axes + 1), self.fit.copies
        columns = [[line[k] for line in self.residual] for k in axes]
        parts = [[r / n for r, n in zip(column, counts, strict=True)] for column in columns]
        square = [[-(share**2) * dot(columns[k], parts[m]) for m in axes] for k in axes]
        for k in axes:
            gain = share * dot(columns[k], self.fit.means)
            square[0][k] += gain
            square[k][0] += gain
        return square


def least(square: list[list[arb]]) -> arb:
    """Return a lower bound of (1, e) square (1, e) for -1 <= e <= 1, square being symmetric."""
    value, axes = square[0][0], range(1, len(square))
    for k in axes:
        value -= 2 * abs(square[0][k]) + (-square[k][k]).max(arb(0))
        value -= sum((abs(square[k][m]) for m in axes if m != k), arb(0))
    return value


def _line(table: Any, f: int) -> Any:
    """Return a row of a matrix, or of each in nested lists of them."""
    if isinstance(table, list):
        return [_line(part, f) for part in table]
    return [table[f, c] for c in range(table.ncols())]


def _largest(level: list[arb], first: list[list[arb]], second: list[list[list[arb]]]) -> arb:
    """Bound |level + sum first e + sum second e e|^2 for -1 <= e <= 1.

    Terms up to degree two are summed with their signs, those beyond by the triangle inequality.
    """
    size = len(first)
    square = [[-dot(level, level)] + [-dot(level, line) for line in first]]
    square += [[entry] + [arb(0)] * size for entry in square[0][1:]]
    for k, m in product(range(size), repeat=2):
        both = dot(level, second[k][m]) + dot(level, second[m][k])
        square[k + 1][m + 1] = -dot(first[k], first[m]) - both
    linear, bend = _reach(first), _reach([line for lines in second for line in lines])
    return -least(square) + 2 * linear * bend + bend**2


def _reach(lines: list[list[arb]]) -> arb:
    """Bound the length of a sum of vectors, each times a number between -1 and 1."""
    sums = [sum(map(abs, column), arb(0)) for column in zip(*lines, strict=True)]
    return dot(sums, sums).upper().sqrt()


class BoundProof:
    """The trees of boxes of a document, read from the first to the last."""

    def __init__(self, fit: Fit, upper: fmpq, certificate: dict[str, Any]) -> None:
        self.fit, self.certificate = fit, certificate
        self.radius = short(certificate["radius"], "certificate: radius")
        self.digits = certificate["digits"]
        good = type(self.digits) is int and 0 <= self.digits <= MOST_DIGITS
        require(good and self.radius > 0, "certificate: radius, digits")
        needed = min(upper / 3, fit.energy / 4) / fit.ridge
        require(self.radius**2 >= needed, "certificate: the radius is too small")
        self.lowest: arb | None = None
        self.leaves, self.any_width = 0, True

    def read(self) -> None:
        """Claim B3: there is a tree for each way to put the units into cones, up to order."""
        cones, trees = cones_of(self.fit), self.certificate["trees"]
        ways = combinations_with_replacement(range(len(cones)), self.fit.below)
        narrow = self.fit.above < self.fit.size
        slots = ((0, 0, 0),) * (self.fit.above if narrow else 0)
        axes = self.fit.below * self.fit.depth
        low, high = (fmpq(0),) * axes, (self.radius,) * axes
        require(type(trees) is list, "certificate: trees")
        for tree, places in zip(trees, ways, strict=True):
            matched(tree, {"cones": list(places), "nodes": ...}, "certificate: a tree")
            root = Box(tuple(cones[k] for k in places), low, high, slots, places)
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
        value = Leaf(self.fit, box, text, self.digits).bound().lower()
        self.lowest = value if self.lowest is None else self.lowest.min(value)
        self.leaves += 1
        self.any_width &= not any(map(any, box.slots))


def bounds_of(document: dict[str, Any]) -> tuple[str, str, int]:
    """Prove both bounds of a document; return what is proved, of which problem, and the boxes."""
    software = {"software": ...} if "software" in document else {}
    matched(document, BOUND | software, "document")
    fit = Fit(document["problem"])
    lower, upper, gap = (
        decimal(document[key], key) for key in ("lower_bound", "upper_bound", "relative_gap")
    )
    loss = fit.loss(document["network"])
    require((loss + fit.scatter) * fit.scale <= upper, "upper_bound is below that of the network")
    proof = BoundProof(fit, loss, document["certificate"])
    proof.read()
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
    problem = (
        f"n = {fit.points}, d = {fit.depth - 1}, hidden {fit.below}, {fit.above}, ridge "
        f"{document['problem']['ridge']}, loss {document['problem']['loss']}, output bias none"
    )
    return proved, problem, proof.leaves
