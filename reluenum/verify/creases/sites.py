"""The data in any dimension, exactly: distinct inputs, creases, and linear forms of residuals."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from math import inf
from typing import Any

from flint import fmpq, fmpq_mat

from ..exact import PROBLEM, Forms, cocircuits, covectors, distinct, onto, short, weights_of
from ..reals import dot, matched, require

MOST_UNITS = 1 << 10
MOST_WORK = 10**9  # multiplications towards the rays of the arrangement
MOST_REMOVERS, MOST_IMAGES = 1 << 9, 1 << 8  # that are kept

Support = tuple[int, ...]  # places of creases in the sorted list


def has_free_biases(problem: Any) -> None:
    """Claim 266: neither hidden biases nor the output bias are penalised.

    Then the infimum is attained (Lemma 80).
    """
    given = {key: ... for key in ("weights",) if type(problem) is dict and key in problem}
    matched(problem, PROBLEM | given | {"output_bias": "free", "hidden_bias": "free"}, "problem")
    require(len(problem["x"]) == len(problem["y"]), "problem: x, y")
    require(problem["width"] != "all", "problem: every width")
    require(problem["width"] <= MOST_UNITS, f"problem: more than {MOST_UNITS} units")


class Crease:
    """A face on which a unit can live: its text, active set and zero set, masks of sites.

    Linear forms are those of forces, residuals times weights; x_i less the input of a zero, or of
    the first site, is what a slope is multiplied by.
    """

    def __init__(self, sites: "Sites", text: str, active: int, zeros: int) -> None:
        self.sites, self.text, self.active, self.zeros = sites, text, active, zeros
        self.is_open = not zeros
        self.is_line = active == sites.everything
        self.has_offset = self.is_open and not self.is_line
        self.base = (zeros & -zeros or 1).bit_length() - 1

    @cached_property
    def flat(self) -> Forms:
        """The projector onto B_F (24.5)."""
        held = [self.sites.between(self.base, k) for k in self.sites.members(self.zeros)]
        nothing = [[fmpq(0)] * self.sites.depth]
        return Forms(self.sites.span - onto(held or nothing))

    @cached_property
    def u(self) -> Forms:
        """Claim 267: u_F as a map of forces (24.5)."""
        columns = [self.flat.exact * self._arm(k) for k in range(self.sites.size)]
        rows = zip(*(column.entries() for column in columns), strict=True)
        return Forms(fmpq_mat([list(row) for row in rows]))

    def _arm(self, k: int) -> fmpq_mat:
        """Return what slopes are multiplied by at a site, as a column; 0 if it is not active."""
        arm = self.sites.between(self.base, k)
        return fmpq_mat([[x if self.active >> k & 1 else fmpq(0)] for x in arm])

    @cached_property
    def values(self) -> Forms:
        """The outputs at the sites as a map of slopes: the transposed u_F."""
        return Forms(self.u.exact.transpose())

    @cached_property
    def level(self) -> Forms:
        """The sum of forces on the active sites."""
        return Forms(fmpq_mat([self.sites.indicator(self.active)]))

    @cached_property
    def rises(self) -> Forms:
        """Claim 268: all of these have the sign s iff s u_F . x orders sites as the face asks."""
        low, high, middle = self._parts
        pairs = [(j, k) for j in middle[:1] or low for k in high]
        return self._steps(pairs + [(j, k) for j in low for k in middle[:1]])

    @cached_property
    def spans(self) -> Forms:
        """The steps from inactive to active sites: sums of two of these if there are zeros."""
        low, high, middle = self._parts
        return self._steps([(j, k) for j in low for k in high] if middle else [])

    @property
    def _parts(self) -> tuple[list[int], list[int], list[int]]:
        """The sites where a unit is inactive, active and 0."""
        inactive = self.sites.everything & ~self.active & ~self.zeros
        low, high, middle = map(self.sites.members, (inactive, self.active, self.zeros))
        return low, high, middle

    def _steps(self, pairs: Sequence[tuple[int, int]]) -> Forms:
        """Return u_F along the way from the first site of each pair to the other."""
        steps = [x for j, k in pairs for x in self.sites.between(j, k)]
        return Forms(fmpq_mat(len(pairs), self.sites.depth, steps) * self.u.exact)

    @cached_property
    def turns(self) -> Forms:
        """Claim 269: the left sides of (24.7) for s = 1, on the rays of the zeros (Lemma 95)."""
        rows = {k: self.sites.row(k) for k in self.sites.members(self.zeros)}
        rays = cocircuits(rows, MOST_WORK).values() if rows else ()
        return Forms(fmpq_mat(len(rays), self.sites.size, [x for r in rays for x in self._turn(r)]))

    def _turn(self, ray: Sequence[fmpq]) -> list[fmpq]:
        """Return sum_A r_i (b.x_i + c) - u.b + sum_Z r_i relu(b.x_i + c) as a form."""
        slope = (fmpq_mat([ray[:-1]]) * self.u.exact).entries()
        heights = [dot(self.sites.row(k), ray) for k in range(self.sites.size)]
        return [
            h * (self.active >> k & 1) + max(h, fmpq(0)) * (self.zeros >> k & 1) - slope[k]
            for k, h in enumerate(heights)
        ]

    @cached_property
    def ends(self) -> Forms:
        """The sums of forces in the gaps beside a kink: its active sites, and with its zeros."""
        both = self.active | self.zeros
        masks = [self.active] + [both] * (both != self.sites.everything)
        return Forms(fmpq_mat([self.sites.indicator(mask) for mask in masks]))


class Remover:
    """The projector R_S for some sets of active sites, their indicators and 1 being its kernel.

    `forces` takes what is left of the targets to forces: it is the weights times R_S.
    """

    def __init__(self, sites: "Sites", masks: Iterable[int]) -> None:
        self.masks = tuple(masks)
        columns = [[fmpq(1)] * sites.size, *map(sites.indicator, self.masks)]
        free, size = fmpq_mat(columns).transpose(), sites.size
        weights = fmpq_mat(size, size)
        for k, weight in enumerate(sites.copies):
            weights[k, k] = weight
        self.is_independent = free.rank() == len(columns)
        if self.is_independent:
            heavy = weights * free
            inner = (free.transpose() * heavy).inv()
            self.forces = Forms(weights - heavy * inner * heavy.transpose())
            self.pulls = self.forces.exact * fmpq_mat([[y] for y in sites.y])
        self.image = lru_cache(MOST_IMAGES)(self._image)

    def _image(self, crease: Crease) -> fmpq_mat:
        """Return u_F of what R_S leaves, as a matrix."""
        return crease.u.exact * self.forces.exact

    def implies(self, one: Crease, other: Crease) -> bool:
        """Claim 270: u_G is P_G u_F or its negative for all that R_S leaves.

        So is it if G is in the closure of F. If both are as long as the ridge, R_S z_F and R_S z_G
        are equal, up to a sign (Lemma 99).
        """
        left, right = self.image(other), other.flat.exact * self.image(one)
        return left in (right, -right)


class Sites:
    """The distinct inputs, with weights, mean targets and the ridge, and the creases."""

    def __init__(self, problem: dict[str, Any], creases: float = inf) -> None:
        has_free_biases(problem)
        number, self.site_of = distinct(problem["x"])
        self.x = [list(row) for row in number]
        self.width, self.points = problem["width"], len(self.site_of)
        self.size, self.depth = len(self.x), len(self.x[0])
        self.everything = (1 << self.size) - 1
        self._sum_up(weights_of(problem), [short(entry, "problem y") for entry in problem["y"]])
        self.scale = 1 / self.total if problem["loss"] == "mean" else fmpq(1)
        self.ridge = short(problem["ridge"], "problem ridge") / self.scale
        require(self.ridge > 0, "problem: ridge is not positive")
        self.remover: Callable[[tuple[int, ...]], Remover]
        self.remover = lru_cache(MOST_REMOVERS)(lambda masks: Remover(self, masks))
        self._arrange(creases)
        self.span = onto([self.between(0, k) for k in range(self.size)])

    def _sum_up(self, weights: Sequence[fmpq], targets: Sequence[fmpq]) -> None:
        """Add up weights and targets at each input, and what no network fits (Lemma 1a)."""
        self.copies, sums, squares = [fmpq(0)] * self.size, [fmpq(0)] * self.size, fmpq(0)
        for place, weight, target in zip(self.site_of, weights, targets, strict=True):
            self.copies[place] += weight
            sums[place] += weight * target
            squares += weight * target * target
        self.y = [total / weight for total, weight in zip(sums, self.copies, strict=True)]
        self.total = sum(self.copies, fmpq(0))
        self.scatter = squares - dot(sums, self.y)

    def _arrange(self, creases: float) -> None:
        """Claim 271: the creases are the faces with an active site, if inputs differ (24.5).

        If all heights are equal on a face, it has all signs equal; so B_F is not 0.
        """
        rows, budget = {k: self.row(k) for k in range(self.size)}, 2_000_000 + 2000 * creases**2
        rays = cocircuits(rows, min(budget, MOST_WORK))
        signs = covectors(rays, self.size, 2 * creases + 3)
        self.columns = len({minus for _, minus in signs})
        self.creases: list[Crease] = []
        for plus, minus in signs if self.size > 1 else ():
            if plus:
                text = "".join("0+-"[(plus >> k & 1) - (minus >> k & 1)] for k in self.site_of)
                self.creases.append(Crease(self, text, plus, self.everything & ~(plus | minus)))
        self.creases.sort(key=lambda crease: crease.text)
        self.place_of = {crease.text: place for place, crease in enumerate(self.creases)}

    @cached_property
    def every_u(self) -> Forms:
        """The maps u_F of all creases, one after the other."""
        rows = [row for crease in self.creases for row in crease.u.exact.tolist()]
        return Forms(fmpq_mat(len(rows), self.size, [x for row in rows for x in row]))

    def row(self, k: int) -> list[fmpq]:
        """Return an input with a 1."""
        return [*self.x[k], fmpq(1)]

    def between(self, start: int, stop: int) -> list[fmpq]:
        """Return the difference of two inputs."""
        return [x - z for x, z in zip(self.x[stop], self.x[start], strict=True)]

    def members(self, mask: int) -> list[int]:
        """Return the sites of a mask."""
        return [k for k in range(self.size) if mask >> k & 1]

    def indicator(self, mask: int) -> list[fmpq]:
        """Return 1 for the sites of a mask, else 0."""
        return [fmpq(mask >> k & 1) for k in range(self.size)]

    def remover_of(self, support: Support) -> Remover:
        """Return R_S for a set of creases."""
        kinds = [self.creases[k] for k in support]
        return self.remover(tuple(crease.active for crease in kinds if crease.has_offset))
