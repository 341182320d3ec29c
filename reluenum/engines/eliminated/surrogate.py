"""The surrogate of Fukasaku, Kabata and Okuno: the loss without its output weights, exactly.

On a product of faces the best output weights solve a ridge regression, so that the loss becomes a
rational function of the hidden units psi = (B, c) alone (docs/theory.md, section 13). Its gradient
is differentiated symbolically; nothing here uses the stationarity systems of section 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import Ordering, fmpq_mpoly, fmpq_mpoly_ctx

from reluenum.algebra.linear import Vector, dot
from reluenum.algebra.polynomials import PolynomialSystem, determinant
from reluenum.geometry.arrangement import Face, answering_sites, signed_rows
from reluenum.problem import Problem


@dataclass(frozen=True)
class RationalFunction:
    """A quotient of polynomials over Q."""

    numerator: fmpq_mpoly
    denominator: fmpq_mpoly

    def derivative(self, name: str) -> "RationalFunction":
        """Return the partial derivative by a variable, in lowest terms."""
        top, bottom = self.numerator, self.denominator
        return RationalFunction(
            top.derivative(name) * bottom - top * bottom.derivative(name), bottom * bottom
        ).lowest_terms()

    def lowest_terms(self) -> "RationalFunction":
        """Return the same function with coprime numerator and denominator."""
        common = self.numerator.gcd(self.denominator)
        return RationalFunction(self.numerator / common, self.denominator / common)


@dataclass(frozen=True)
class Surrogate:
    """The loss on a product of faces as a function of the hidden units alone.

    Parameters
    ----------
    problem : Problem
    faces : tuple of Face
        One for each hidden unit; they may repeat, and the origin is the face of a zero unit.
    frames : tuple of tuple of vectors
        A basis of each flat; variable `v<l>_<j>` is coordinate j of unit l in it.
    value : RationalFunction
        l_E, in the problem's own convention.
    weights : tuple of fmpq_mpoly
        Numerators of the best output weights a_l over the denominator of `value`.
    """

    problem: Problem
    faces: tuple[Face, ...]
    frames: tuple[tuple[Vector, ...], ...]
    value: RationalFunction
    weights: tuple[fmpq_mpoly, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the coordinates of all units."""
        return unit_variables(self.frames)

    @property
    def denominator(self) -> fmpq_mpoly:
        """det(H' R H + Lambda I), positive at every real point."""
        return self.value.denominator

    def gradient(self) -> tuple[RationalFunction, ...]:
        """Return the partial derivatives by all coordinates, in lowest terms."""
        return tuple(self.value.derivative(name) for name in self.variables)

    def pre_activations(self) -> tuple[fmpq_mpoly, ...]:
        """Return xi_il for every unit and every distinct input off the flat of its face."""
        context = self.denominator.context()
        units = unit_coordinates(context, self.frames)
        return tuple(
            dot(unit, row)
            for face, unit in zip(self.faces, units, strict=True)
            for row, _ in signed_rows(self.problem, face)
        )


def unit_variables(frames: Sequence[Sequence[Vector]]) -> tuple[str, ...]:
    """Return the names of the coordinates of units in their frames."""
    return tuple(f"v{k}_{j}" for k, frame in enumerate(frames) for j in range(len(frame)))


def unit_coordinates(
    context: fmpq_mpoly_ctx, frames: Sequence[Sequence[Vector]]
) -> list[list[fmpq_mpoly]]:
    """Return each unit v = (b, c) as polynomials in its coordinates.

    Parameters
    ----------
    context : fmpq_mpoly_ctx
        With the variables of `unit_variables`.
    frames : for each unit, a sequence of (d + 1,) tuples of fmpq
        Bases of the flats; empty for a zero unit.
    """
    variable = dict(zip(context.names(), context.gens(), strict=True))
    return [
        [
            context.constant(0)
            + sum(variable[f"v{k}_{j}"] * vector[m] for j, vector in enumerate(frame))
            for m in range(len(frame[0]) if frame else 0)
        ]
        for k, frame in enumerate(frames)
    ]


def surrogate(
    problem: Problem, faces: Sequence[Face], frames: Sequence[Sequence[Vector]] | None = None
) -> Surrogate:
    """Eliminate the output weights (and the output bias) on a product of faces.

    Parameters
    ----------
    problem : Problem
    faces : sequence of Face
        One for each hidden unit.
    frames : sequence of bases, optional
        Coordinates of the flats; the bases of the faces by default.

    Returns
    -------
    Surrogate
        With l_E = y'Ry + Lambda |psi|^2 - p' (H'RH + Lambda I)^-1 p, p = H'Ry.

    References
    ----------
    .. [1] Fukasaku, Kabata and Okuno, arXiv:2508.17783, the surrogate l_E.

    Examples
    --------
    One unit that is active on the second of two points, x = -1 and x = 1:

    >>> from reluenum.geometry.arrangement import Arrangement
    >>> problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], width=1, ridge="1/2")
    >>> found = surrogate(problem, [Arrangement.of(problem).face("-+")])
    >>> found.denominator
    v0_0^2 + 2*v0_0*v0_1 + v0_1^2 + 1/2
    >>> found.weights
    (2*v0_0 + 2*v0_1,)
    """
    frames = tuple(tuple(frame) for frame in frames or [face.basis for face in faces])
    context = fmpq_mpoly_ctx.get(unit_variables(frames), Ordering.degrevlex)
    units = unit_coordinates(context, frames)
    zero, ridge = context.constant(0), problem.effective_ridge
    hidden = [[zero] * len(problem.sites) for _ in faces]
    for column, face, unit in zip(hidden, faces, units, strict=True):
        for k, slope in answering_sites(problem, face):
            column[k] = zero + dot(unit, problem.sites[k].row) * slope
    projected = [problem.weighted(problem.residual(column)) for column in hidden]
    gram = [[dot(left, right) for right in projected] for left in hidden]
    regularised = [
        [entry + ridge if k == m else entry for m, entry in enumerate(row)]
        for k, row in enumerate(gram)
    ]
    target = [zero + dot(column, problem.means) for column in projected]
    denominator = zero + determinant(regularised)
    pairs = list(zip(regularised, target, strict=True))
    weights = tuple(  # by Cramer's rule
        zero + determinant([[*row[:k], entry, *row[k + 1 :]] for row, entry in pairs])
        for k in range(len(faces))
    )
    norm = sum((dot(unit, unit) for unit in units), start=zero)
    top = denominator * (norm * ridge + problem.energy) - dot(target, weights)
    value = RationalFunction((zero + top) * problem.loss_scale, denominator)
    return Surrogate(problem, tuple(faces), frames, value, weights)


def paper_system(problem: Problem, faces: Sequence[Face]) -> PolynomialSystem:
    """Return S_E = V(num grad l_E) without V(den grad l_E * prod xi), as the paper writes it.

    On a face with zeros the Lagrange multipliers of its flat are eliminated by working inside the
    flat (Lemma 19 of docs/theory.md). This is the reference for the systems that are solved, not
    what is solved: it takes seconds to minutes where `charts.graph_system` takes milliseconds.
    """
    found = surrogate(problem, faces)
    gradient = found.gradient()
    return PolynomialSystem.of(
        found.variables,
        [part.numerator for part in gradient],
        [found.denominator, *found.pre_activations()],
    )
