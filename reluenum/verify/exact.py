"""The data of a problem, exactly: the faces of their arrangement, and linear forms of residuals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import combinations, pairwise
from math import comb, inf
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from .reals import dot, matched, rational, require

LONGEST_NUMBER = 2100  # characters: fractions of two numbers of 1000 digits have fewer
WIDEST = 1 << 16  # units: beyond this width even the counts of a document are too long
TOO_FEW = "certificate: far fewer records than such data have supports"

Support = tuple[int, ...]  # places of faces in the sorted list of live faces
Signs = tuple[int, int]  # of a sign vector: the rows where it is positive, and negative, as masks


def _is_table(x: Any) -> bool:
    rows = type(x) is list and len(x) > 0 and all(type(row) is list for row in x)
    return rows and all(len(row) == len(x[0]) > 0 for row in x)


PROBLEM = {
    "x": _is_table,
    "y": lambda y: type(y) is list,
    "width": lambda width: width == "all" or (type(width) is int and 0 < width <= WIDEST),
    "ridge": ...,
    "loss": frozenset(("sum", "mean")),
    "output_bias": frozenset(("none", "free", "ridge")),
}


SOMETIMES = ("weights", "hidden_bias", "activation", "linear")  # further keys of a problem


class Forms:
    """A matrix, exact and enclosed; mostly rows k of linear forms r -> sum_i k_i r_i."""

    def __init__(self, matrix: fmpq_mat) -> None:
        self.exact = matrix
        self.of = cache(self._of)

    @cached_property
    def norms(self) -> Callable[..., list[arb]]:
        """The norms, by `bits` and `data`."""
        return cache(self._norms)

    def _of(self, bits: int | None) -> fmpq_mat | arb_mat:
        """Return the matrix: exactly if bits is None, else enclosed with so many."""
        with ctx.workprec(bits or ctx.prec):
            return self.exact if bits is None else arb_mat(self.exact)

    def _norms(self, bits: int, data: "Data") -> list[arb]:
        """Return the norms of the forms, r_i being a weighted sum over equal data points."""
        with ctx.workprec(bits):
            squares = ([x * x for x in row] for row in self.exact.tolist())
            return [arb(dot(row, data.copies)).sqrt() for row in squares]

    def at(self, residual: Any) -> list:
        """Return the values at a residual, as it is given."""
        return residual.numbers(self.of(residual.bits) * residual.r)

    def on_data(self, data: "Data") -> list[fmpq]:
        """Return the values at Ry."""
        return (self.exact * data.pulls.exact).entries()

    @cached_property
    def touched(self) -> list[int]:
        """The rows of data on which each form depends, as masks."""
        return [sum(1 << i for i, x in enumerate(row) if x) for row in self.exact.tolist()]


class Face:
    """A face: its text, a sign for each data point; active set and zero set, masks of rows.

    [A] X are the rows times the slopes of its units: with relu, those of the active set.
    """

    def __init__(self, data: "Data", text: str, active: int, zeros: int) -> None:
        self.data, self.text, self.active, self.zeros = data, text, active, zeros

    @cached_property
    def sides(self) -> Forms:
        """The rows that are not 0 on the face, times their sign: what is positive inside it.

        In the plane, two of them: positive multiples of these add up to each other one.
        """
        rows = ((i, row) for i, row in enumerate(self.data.rows) if not self.zeros >> i & 1)
        turned = [row if self.active >> i & 1 else [-x for x in row] for i, row in rows]
        return Forms(fmpq_mat(outermost(turned) if self.data.depth == 2 else turned))

    @cached_property
    def flat(self) -> Forms:
        """The orthogonal projector onto the part of the flat in the row space (Lemma 5)."""
        return Forms(onto(self.data.rows) - onto(self.data.inside(self.zeros)))

    @cached_property
    def u(self) -> Forms:
        """The map r -> u_F(r)."""
        return Forms(self.flat.exact * fmpq_mat(self.data.bent(self.active)).transpose())

    @property
    def answered(self) -> int:
        """The rows to which units on the face answer, as a mask."""
        below, above = self.data.slopes
        off = (1 << len(self.data.rows)) - 1 & ~self.active & ~self.zeros
        return (self.active if above else 0) | (off if below else 0)

    @cached_property
    def image(self) -> Forms:
        """The map w -> R [A] X P w, summed over equal data points: what w takes off a residual."""
        fitted = self.data.outer * (self.data.inner * self.loads)
        left = (self.u.exact.transpose() - fitted).tolist()
        weighed = ([c * x for x in row] for c, row in zip(self.data.copies, left, strict=True))
        return Forms(fmpq_mat(list(weighed)))

    @cached_property
    def pull(self) -> list[fmpq]:
        """The vector u_F(Ry)."""
        return (self.u.exact * self.data.pulls.exact).entries()

    @cached_property
    def loads(self) -> fmpq_mat:
        """The transposed vectors u_F(c), for the columns c of what is added to the units."""
        return self.data.heavy.transpose() * self.u.exact.transpose()

    def load(self, other: "Face", bits: int | None) -> fmpq_mat | arb_mat:
        """Return the map w -> u_F(R [G] X P w), G another face."""
        return self.u.of(bits) * other.image.of(bits)

    @cached_property
    def rays(self) -> Forms:
        """The forms -D_F(delta) of a unit with positive output, for the rays of Lemma 13."""
        rows = {i: row for i, row in enumerate(self.data.rows) if self.zeros >> i & 1}
        found = cocircuits(rows).items() if rows else ()
        tables = ((self.data.bent(self.active | more), ray) for (more, _), ray in found)
        forms = [dot(ray, row) for table, ray in tables for row in table]
        return Forms(fmpq_mat(len(found), len(self.data.rows), forms))


class Data:
    """The problem as exact numbers, and all that depends on it alone.

    Data points with equal inputs are on the same side of every unit. So `rows` are distinct, masks
    are sets of them, and residuals are summed over equal data points, each times its weight.
    `copies` are the sums of these weights: how often a row is there, if all of them are 1.
    `slopes` are those of the activation, below and above 0. What the output adds to units has the
    columns `outer`, a 1 for its bias and the inputs for its linear part, and R = I - outer inner
    heavy', where `heavy` are these columns times the weights (Lemmas 1 and 74).

    Those that have many more live faces than `faces` are refused before the work.
    """

    def __init__(self, problem: dict[str, Any], faces: float = inf) -> None:
        given = {key: ... for key in SOMETIMES if type(problem) is dict and key in problem}
        matched(problem, PROBLEM | given, "problem")
        self.slopes = slopes_of(problem)
        require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
        number, self.row_of = distinct(problem["x"])
        self.offset = has_offset(problem)
        self.rows = rows_of(number, self.offset)
        self.targets = [short(entry, "problem y") for entry in problem["y"]]
        self.size, self.depth, self.width = len(self.row_of), len(self.rows[0]), problem["width"]
        self.weights = weights_of(problem)
        self.total = sum(self.weights, fmpq(0))
        self.scale, self.ridge = ridge_of(problem, self.total)
        self.bias, self.linear = problem["output_bias"], linear_of(problem)
        self._sum_up()
        self._arrange(faces)
        units = len(self.rows) if self.width == "all" else self.width
        self.largest = min(units, len(self.faces))
        self.supports = supports_of(len(self.faces), self.largest)
        self.rank = fmpq_mat(self.rows).rank()

    def _sum_up(self) -> None:
        """Add up the weights of the data points of each row, and sum Ry over them."""
        self.copies, sums, squares = summed(self.row_of, self.weights, self.targets)
        self._fit()
        column = fmpq_mat(len(self.rows), 1, sums)
        self.loads = self.outer.transpose() * column  # of the targets
        fitted = self.inner * self.loads
        self.energy = squares - (self.loads.transpose() * fitted)[0, 0]  # <y, R y>
        self.pulls = Forms(column - self.heavy * fitted)
        self.even = self.slopes[0] == -self.slopes[1] or self.absorbs()

    def _fit(self) -> None:
        """Make R, which takes off what the output adds to units, with its best coefficients."""
        kinds, table = self._added()
        self.outer = fmpq_mat(len(table), len(kinds), [x for row in table for x in row])
        weighed = (c * x for c, row in zip(self.copies, table, strict=True) for x in row)
        self.heavy = fmpq_mat(len(table), len(kinds), list(weighed))
        matrix = self.heavy.transpose() * self.outer
        for k in (k for k, kind in enumerate(kinds) if kind == "ridge"):
            matrix[k, k] += self.ridge
        self.inner = pseudoinverse(matrix)

    def _added(self) -> tuple[list[str], list[list[fmpq]]]:
        """Return what is added, free or with a ridge, and its values for each row."""
        ones, inputs = int(self.bias != "none"), self.depth - self.offset
        inputs *= self.linear != "none"
        table = [[fmpq(1)] * ones + row[:inputs] for row in self.rows]
        return [self.bias] * ones + [self.linear] * inputs, table

    def absorbs(self) -> bool:
        """Whether a free linear part makes up for each column of the rows (Lemma 76).

        Rows on one ray do not count: units do nothing else then.
        """
        rows, first = fmpq_mat(self.rows), next(row for row in self.rows if any(row))
        one_ray = rows.rank() == 1 and all(dot(first, row) >= 0 for row in self.rows)
        if self.linear != "free" or one_ray:
            return False
        return not any((rows - self.outer * (self.inner * self.heavy.transpose() * rows)).entries())

    @property
    def share(self) -> fmpq:
        """R = I - share * 1 w', where there is no linear part."""
        return self.inner[0, 0] if self.inner.nrows() else fmpq(0)

    def _arrange(self, faces: float) -> None:
        """Enumerate the faces. Of one and its opposite one is live, unless both are the same."""
        budget, everything = min(2_000_000 + 2000 * faces**2, 10**9), (1 << len(self.rows)) - 1
        rays = cocircuits(dict(enumerate(self.rows)), budget)
        absorbs = self.absorbs()
        most = 6 * faces + 3 if absorbs else 2 * faces + 1  # Lemma 76(3)
        signs = covectors(rays, len(self.rows), most)
        self.faces = []
        for plus, minus in (pair for pair in signs if is_live(*pair, *self.slopes, absorbs)):
            text = "".join("0+-"[(plus >> k & 1) - (minus >> k & 1)] for k in self.row_of)
            self.faces.append(Face(self, text, plus, everything & ~(plus | minus)))
        self.faces.sort(key=lambda face: face.text)
        self.place_of = {face.text: place for place, face in enumerate(self.faces)}
        self.columns = len({minus for _, minus in signs})  # 0 counts as + (Lemma 65)

    def opposite(self, place: int) -> int | None:
        """Return the place of the face -F, None if it is not live."""
        return self.place_of.get(self.faces[place].text.translate(str.maketrans("+-", "-+")))

    def texts(self, support: Support) -> list[str]:
        """Return the texts of the faces of a support."""
        return [self.faces[place].text for place in support]

    def inside(self, mask: int) -> list[list[fmpq]]:
        """Return the rows, with zeros in place of those that are not in a mask."""
        nothing = [fmpq(0)] * self.depth
        return [row if mask >> i & 1 else nothing for i, row in enumerate(self.rows)]

    def output(self, row: Sequence[fmpq], z: Sequence[fmpq]) -> fmpq:
        """Return phi(row . z)."""
        height = dot(row, z)
        return height * self.slopes[height > 0]

    def bent(self, mask: int) -> list[list[fmpq]]:
        """Return the rows times slopes: that above 0 for those in a mask, else that below."""
        below, above = self.slopes
        if (below, above) == (0, 1):
            return self.inside(mask)
        slopes = (above if mask >> i & 1 else below for i in range(len(self.rows)))
        return [[slope * x for x in row] for slope, row in zip(slopes, self.rows, strict=True)]


def short(value: Any, where: str) -> fmpq:
    """Read a number of the problem."""
    require(len(str(value)) <= LONGEST_NUMBER, f"{where}: more than {LONGEST_NUMBER} characters")
    return rational(value, where)


def weights_of(problem: dict[str, Any]) -> list[fmpq]:
    """Return the weights of the data points: 1, unless the problem says which."""
    if "weights" not in problem:
        return [fmpq(1)] * len(problem["y"])
    entries = problem["weights"]
    fits = type(entries) is list and len(entries) == len(problem["y"])
    require(fits, "problem: weights: not one for each data point")
    weights = [short(entry, "problem weights") for entry in entries]
    require(all(weight > 0 for weight in weights), "problem: weights: one is not positive")
    require(any(weight != 1 for weight in weights), "problem: weights: all are 1")
    return weights


def summed(
    places: Sequence[int], weights: Sequence[fmpq], targets: Sequence[fmpq]
) -> tuple[list[fmpq], list[fmpq], fmpq]:
    """Return the weights, and the targets times these, summed over each distinct input.

    Also the sum of the squares of all targets, times their weights (Lemma 1a).
    """
    size, squares = 1 + max(places), fmpq(0)
    copies, totals = [fmpq(0)] * size, [fmpq(0)] * size
    for place, weight, target in zip(places, weights, targets, strict=True):
        copies[place] += weight
        totals[place] += weight * target
        squares += weight * target * target
    return copies, totals, squares


def ridge_of(problem: dict[str, Any], total: fmpq) -> tuple[fmpq, fmpq]:
    """Return what the loss is multiplied by, and the effective ridge, by the sum of all weights."""
    scale = 1 / total if problem["loss"] == "mean" else fmpq(1)
    ridge = short(problem["ridge"], "problem ridge") / scale
    require(ridge > 0, "problem: ridge is not positive")
    return scale, ridge


def slopes_of(problem: dict[str, Any]) -> tuple[fmpq, fmpq]:
    """Return the slopes of the activation below and above 0, which differ; 0 and 1 by default.

    Each activation has one text: `abs` is -1, 1, `leaky:A` is A, 1, `slopes:A,B` any other.
    """
    if "activation" not in problem:
        return fmpq(0), fmpq(1)
    text = problem["activation"]
    require(type(text) is str, "problem: activation is no text")
    kind, _, rest = text.partition(":")
    names = {"abs": "-1,1", "leaky": f"{rest},1", "slopes": rest}
    require(kind in names and (kind == "abs") == (text == "abs"), "problem: activation: no such")
    parts = names[kind].split(",")
    require(len(parts) == 2, "problem: activation: not two slopes")
    below, above = (short(part, "problem activation") for part in parts)
    require(below != above, "problem: activation: equal slopes")
    usual = f"leaky:{below}" if above == 1 else f"slopes:{below},{above}"
    usual = "abs" if usual == "leaky:-1" else "relu" if usual == "leaky:0" else usual
    require(text == usual, f"problem: activation: the text is {usual}")
    return below, above


def is_live(plus: int, minus: int, below: fmpq, above: fmpq, absorbs: bool = False) -> bool:
    """Whether units on a face can be stationary: they answer to a row (Lemma 61).

    With phi(-t) = phi(t) units on a face are units on the opposite one (Lemma 63): of the two the
    one counts on which the first row that is not 0 is positive. So it is if the linear part absorbs
    linear functions, and then units without a kink between rows do nothing (Lemma 76).
    """
    if below == -above or absorbs:
        both = plus | minus
        return bool(both & -both & plus) and bool(minus or not absorbs)
    return bool((plus and above) or (minus and below))


def linear_of(problem: dict[str, Any]) -> str:
    """Return whether there is a linear part, and a ridge on it: none unless the problem says so."""
    kind = problem.get("linear", "none")
    known = type(kind) is str and kind in ("free", "ridge")
    require("linear" not in problem or known, "problem: linear is not free or ridge")
    return kind


def has_offset(problem: dict[str, Any]) -> bool:
    """Return whether units have a bias c: they do, unless the problem says `none`."""
    require(problem.get("hidden_bias", "none") == "none", "problem: hidden_bias is not none")
    return "hidden_bias" not in problem


def rows_of(inputs: Iterable[tuple], offset: bool) -> list[list[fmpq]]:
    """Return the rows: inputs with a 1 at the end, or as they are without hidden bias.

    Then some are not 0, and none needs to be positive together with others (Lemma 65).
    """
    rows = [[*row, fmpq(1)] if offset else [*row] for row in inputs]
    require(any(map(any, rows)), "problem: without hidden bias all inputs are 0")
    return rows


def distinct(inputs: Sequence[Sequence[Any]]) -> tuple[dict[tuple, int], list[int]]:
    """Return the distinct inputs of a problem, numbered, and the number of each data point's."""
    every = [tuple(short(entry, "problem x") for entry in row) for row in inputs]
    number = {row: k for k, row in enumerate(dict.fromkeys(every))}
    return number, [number[row] for row in every]


def outermost(vectors: Sequence[Sequence[fmpq]]) -> list[Sequence[fmpq]]:
    """Return the first and the last of vectors in an open half plane, counterclockwise."""
    first = last = vectors[0]
    for x, y in vectors:
        first = (x, y) if first[0] * y < first[1] * x else first
        last = (x, y) if last[0] * y > last[1] * x else last
    return [first, last]


def supports_of(faces: int, largest: int, most: float = inf) -> int:
    """Return the number of supports of up to so many faces, or a number beyond `most`."""
    total = 0
    for size in range(1, min(faces, largest) + 1):
        total += comb(faces, size) if total <= most else 0
    return total


def row_space(rows: Sequence[Sequence[fmpq]]) -> fmpq_mat:
    """Return a basis of the span of rows, as the rows of a matrix."""
    echelon, rank = fmpq_mat(rows).rref()
    return fmpq_mat(rank, echelon.ncols(), echelon.entries()[: rank * echelon.ncols()])


def onto(rows: Sequence[Sequence[fmpq]]) -> fmpq_mat:
    """Return the orthogonal projector onto the span of rows."""
    basis = row_space(rows)
    return basis.transpose() * (basis * basis.transpose()).solve(basis)


def cocircuits(numbered: dict[int, list[fmpq]], budget: float = inf) -> dict[Signs, list[fmpq]]:
    """Return the rays of an arrangement in the span of its rows (Lemma 6), by sign vector.

    So many multiplications may be done.
    """
    rows = list(numbered.values())
    size, depth = len(rows), len(rows[0])
    require(size * depth * depth <= budget, TOO_FEW)
    basis = row_space(rows).transpose()
    rank, inner = basis.ncols(), fmpq_mat(rows) * basis
    if rank == 0:
        return {}
    require(comb(size, rank - 1) * size * rank <= budget, TOO_FEW)
    rays: dict[Signs, list[fmpq]] = {}
    for chosen in combinations(inner.tolist(), rank - 1):
        line = _normal(chosen, rank)
        values = dict(zip(numbered, (inner * line).entries(), strict=True))
        plus = sum(1 << i for i, value in values.items() if value > 0)
        minus = sum(1 << i for i, value in values.items() if value < 0)
        if plus | minus:  # not if the chosen rows are dependent
            ray = (basis * line).entries()
            rays[plus, minus], rays[minus, plus] = ray, [-entry for entry in ray]
    return rays


def _normal(rows: Sequence[Sequence[fmpq]], rank: int) -> fmpq_mat:
    """Return the minors of rank - 1 rows, a column orthogonal to them, 0 if they are dependent."""
    parts = [[x for row in rows for x in row[:j] + row[j + 1 :]] for j in range(rank)]
    minors = [(-1) ** j * fmpq_mat(rank - 1, rank - 1, part).det() for j, part in enumerate(parts)]
    return fmpq_mat(rank, 1, minors)


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write a total as an ordered sum of so many positive integers."""
    if parts == 0:
        yield from [()] * (total == 0)
        return
    for cuts in combinations(range(1, total), parts - 1):
        yield tuple(b - a for a, b in zip((0, *cuts), (*cuts, total), strict=True))


def covectors(rays: Iterable[Signs], size: int, most: float) -> set[Signs]:
    """Return the sign vectors of all faces: the compositions of cocircuits (Lemma 6)."""

    @cache
    def restricted(zeros: int) -> set[Signs]:
        return {(plus & zeros, minus & zeros) for plus, minus in rays}

    found, frontier = {(0, 0)}, [(0, 0)]
    while frontier:
        plus, minus = frontier.pop()
        for more, less in restricted((1 << size) - 1 & ~(plus | minus)):
            composed = (plus | more, minus | less)
            if composed not in found:
                found.add(composed)
                frontier.append(composed)
                require(len(found) <= most, TOO_FEW)
    return found


def null_space(matrix: fmpq_mat) -> fmpq_mat:
    """Return vectors, as columns, that span what a matrix takes to 0."""
    (echelon, _), pivots, size = matrix.rref(), pivots_in(matrix), matrix.ncols()
    free = [k for k in range(size) if k not in pivots]
    found = fmpq_mat(size, len(free))
    for column, k in enumerate(free):
        found[k, column] = fmpq(1)
        for r, pivot in enumerate(pivots):
            found[pivot, column] = -echelon[r, k]
    return found


def pivots_in(matrix: fmpq_mat) -> list[int]:
    """Return the first columns that are independent."""
    echelon, rank = matrix.rref()
    return [next(k for k, x in enumerate(line) if x) for line in echelon.tolist()[:rank]]


def pseudoinverse(matrix: fmpq_mat) -> fmpq_mat:
    """Return A^+ of a semidefinite matrix: (A + N)^-1 - N, N the projector onto its kernel."""
    kernel, size = null_space(matrix).transpose().tolist(), matrix.nrows()
    nothing = onto(kernel) if kernel else fmpq_mat(size, size)
    return (matrix + nothing).inv() - nothing if size else matrix


def named(document: dict[str, Any]) -> dict[str, Any]:
    """Claim 230: a face is the place of its text in `faces`, which ascend and are all used.

    Returns the list with the texts themselves.
    """
    if "faces" not in document:
        return document
    texts = document["faces"]
    require(type(texts) is list and all(type(t) is str for t in texts), "faces: no list of texts")
    ascend = all(one < other for one, other in pairwise(texts))
    require(ascend, "faces: not in ascending order, or one twice")
    used: set[int] = set()
    components = [with_texts(record, texts, used) for record in document["components"]]
    require(len(used) == len(texts), "faces: one is not used")
    rest = {key: value for key, value in document.items() if key != "faces"}
    return rest | {"components": components}


def with_texts(record: dict[str, Any], texts: list[str], used: set[int]) -> dict[str, Any]:
    """Return the record of a component with the texts of its faces, and note their places."""
    strata = []
    for stratum in record["strata"]:
        places = [group["face"] for group in stratum["support"]]
        fit = all(type(place) is int and 0 <= place < len(texts) for place in places)
        require(fit, f"faces: there is no number {places!s:.60}")
        used.update(places)
        groups = zip(stratum["support"], places, strict=True)
        strata.append(stratum | {"support": [g | {"face": texts[place]} for g, place in groups]})
    return record | {"strata": strata}
