"""All 2^(n L) sign matrices: which are realisable, with a certificate for every refusal.

A column is refused by a non-negative combination of its signed rows that is 0 (docs/theory.md,
Lemmas 7a and 65). `arrangement` finds the same columns from the other side, as cells that have a
point.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product
from operator import itemgetter
from typing import Any, NamedTuple

from flint import fmpq
from tqdm import tqdm

from reluenum.algebra.linear import Vector, null_space, primitive, row_space
from reluenum.errors import TheoremViolationError, TooManySupportsError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts
from reluenum.problem import Problem

SIGN_MATRIX_LIMIT = 2**20
"""Most sign matrices that are gone through without being asked twice."""


@dataclass(frozen=True)
class Refutation:
    """A certificate that no hidden unit has a column of signs.

    A unit with v . row_i >= 0 where the column has `+` and < 0 where it has `-` would make every
    term of sum_i (+-) multiplier_i (v . row_i) non-negative and one of them positive; but the
    combination of the rows is 0.

    Parameters
    ----------
    indices : tuple of int
        Data points, ascending, at least one with `-`.
    multipliers : tuple of int
        One for each of them, positive, without common divisor.
    """

    indices: tuple[int, ...]
    multipliers: tuple[int, ...]

    def holds(self, column: str, rows: Sequence[Vector]) -> bool:
        """Check the certificate by itself: the easy half of Lemma 7a of docs/theory.md."""
        total = [fmpq(0)] * len(rows[0])
        for i, multiplier in zip(self.indices, self.multipliers, strict=True):
            signed = multiplier if column[i] == "+" else -multiplier
            total = [t + signed * entry for t, entry in zip(total, rows[i], strict=True)]
        return (
            any(column[i] == "-" for i in self.indices)
            and all(multiplier > 0 for multiplier in self.multipliers)
            and not any(total)
        )

    def to_document(self) -> dict[str, str]:
        """Return the multipliers by data point, counted from 0."""
        pairs = zip(self.indices, self.multipliers, strict=True)
        return {str(i): str(multiplier) for i, multiplier in pairs}


@dataclass(frozen=True)
class Circuit:
    """Rows that are dependent although every proper part of them is independent.

    Parameters
    ----------
    indices : tuple of int
        Ascending; at least two, if the last entry of every row is 1.
    coefficients : tuple of int
        With sum_k coefficients[k] row_indices[k] = 0; coprime, none is 0, the first is positive.
    """

    indices: tuple[int, ...]
    coefficients: tuple[int, ...]

    @cached_property
    def orientations(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The signs of the coefficients, and those of the opposite dependency."""
        signs = tuple("+" if coefficient > 0 else "-" for coefficient in self.coefficients)
        return signs, tuple("-" if sign == "+" else "+" for sign in signs)

    @cached_property
    def refutation(self) -> Refutation:
        """The certificate that it gives against the columns it conforms to."""
        return Refutation(self.indices, tuple(map(abs, self.coefficients)))

    @cached_property
    def _part(self) -> itemgetter:
        return itemgetter(*self.indices)

    def conforms(self, column: str) -> bool:
        """Whether the column has, on these rows, the signs of the dependency or the opposite.

        A column with `+` on all of them does not: a unit may be 0 on all of them (Lemma 65).
        """
        part = tuple(self._part(column))
        return part in self.orientations and "-" in part


def circuits(rows: Sequence[Vector]) -> tuple[Circuit, ...]:
    """Return all circuits of some rows, small ones first (Lemma 7a of docs/theory.md).

    Parameters
    ----------
    rows : sequence of (D,) vectors
        They may repeat and be in any position.

    Examples
    --------
    The middle one of three inputs on a line cannot differ in sign from both others.

    >>> circuits([(fmpq(0), fmpq(1)), (fmpq(1), fmpq(1)), (fmpq(3), fmpq(1))])
    (Circuit(indices=(0, 1, 2), coefficients=(2, -3, 1)),)
    """
    found: dict[tuple[int, ...], Circuit] = {}
    for chosen in combinations(range(len(rows)), len(row_space(rows)) + 1):
        dependencies = null_space(list(zip(*(rows[i] for i in chosen), strict=True)), len(chosen))
        if len(dependencies) == 1:
            circuit = _circuit(chosen, dependencies[0])
            found[circuit.indices] = circuit
    return tuple(
        sorted(found.values(), key=lambda circuit: (len(circuit.indices), circuit.indices))
    )


def _circuit(chosen: Sequence[int], dependency: Vector) -> Circuit:
    """Return the circuit on which the only dependency of some rows is not 0."""
    support = [(i, c) for i, c in zip(chosen, primitive(dependency), strict=True) if c != 0]
    orientation = 1 if support[0][1] > 0 else -1
    return Circuit(tuple(i for i, _ in support), tuple(orientation * int(c.p) for _, c in support))


def refute(column: str, circuits: Sequence[Circuit]) -> Refutation | None:
    """Return a certificate that a column is not realisable, or None if it is (Lemma 7a).

    Parameters
    ----------
    column : str
        One `+` (v . row >= 0) or `-` (v . row < 0) per data point.
    circuits : sequence of Circuit
        All of them, from `circuits`; the first that conforms to the column refutes it.
    """
    return next((c.refutation for c in circuits if c.conforms(column)), None)


def decide_columns(rows: Sequence[Vector]) -> dict[str, Refutation | None]:
    """Return the verdict of `refute` on each of the 2^n columns, in lexicographic order."""
    every = circuits(rows)
    return {
        column: refute(column, every) for column in map("".join, product("+-", repeat=len(rows)))
    }


class SignMatrix(NamedTuple):
    """One of the 2^(n L) sign matrices E, with its verdict.

    Parameters
    ----------
    columns : tuple of str
        One column of `+` and `-` per hidden unit.
    unit : int or None
        The first hidden unit whose column is not realisable; None if all are.
    refutation : Refutation or None
        The certificate against the column of that unit.
    """

    columns: tuple[str, ...]
    unit: int | None
    refutation: Refutation | None


def sign_matrices(verdicts: Mapping[str, Refutation | None], width: int) -> Iterator[SignMatrix]:
    """Yield every matrix of so many columns, in the order of the verdicts (lexicographic).

    A matrix is realisable if and only if each of its columns is: units do not share weights.
    Nothing is kept from one matrix to the next.

    Parameters
    ----------
    verdicts : mapping
        Of every column, from `decide_columns`.
    width : int
        Number L of hidden units.
    """
    refutations = product(verdicts.values(), repeat=width)
    for columns, against in zip(product(verdicts, repeat=width), refutations, strict=True):
        unit = next((k for k, refutation in enumerate(against) if refutation is not None), None)
        yield SignMatrix(columns, unit, None if unit is None else against[unit])


@dataclass(frozen=True)
class SignMatrices:
    """What came out of going through all sign matrices.

    Parameters
    ----------
    examined, refuted, realisable : int
        All 2^(n L), those with a certificate against one of their columns, and the others.
    up_to_permutation : int
        Realisable matrices with sorted columns: one for each orbit of the hidden units.
    refuted_columns : tuple of (str, Refutation)
        Every column that no unit has, with its certificate, sorted.
    """

    examined: int
    refuted: int
    realisable: int
    up_to_permutation: int
    refuted_columns: tuple[tuple[str, Refutation], ...]

    def to_document(self) -> dict[str, Any]:
        """Return the record of a document; it holds every certificate."""
        return {
            "examined": str(self.examined),
            "refuted": str(self.refuted),
            "realisable": self.realisable,
            "up_to_permutation": self.up_to_permutation,
            "refuted_columns": [
                {"column": column, "multipliers": refutation.to_document()}
                for column, refutation in self.refuted_columns
            ],
        }


def refute_all(geometry: Geometry, progress: bool = False) -> SignMatrices:
    """Go through all sign matrices and compare the realisable ones with the arrangement.

    Parameters
    ----------
    geometry : Geometry
        Of the problem.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    SignMatrices
        Memory grows with the 2^n columns, which keep their certificates, not with the matrices.

    Raises
    ------
    TheoremViolationError
        If a certificate does not hold, or the two routes to the realisable columns disagree.
    """
    verdicts = decide_columns(geometry.problem.rows)
    _compare_columns(verdicts, geometry.arrangement)
    expected = Counts.of(geometry)
    refuted = realisable = sorted_ones = 0
    everything = sign_matrices(verdicts, geometry.problem.width)
    for matrix in tqdm(
        everything, total=expected.sign_matrices, unit="matrix", disable=not progress
    ):
        if matrix.refutation is not None:
            refuted += 1
        else:
            realisable += 1
            sorted_ones += list(matrix.columns) == sorted(matrix.columns)
    found = (refuted + realisable, realisable, sorted_ones)
    if found != (
        expected.sign_matrices,
        expected.realisable_patterns,
        expected.patterns_up_to_permutation,
    ):
        raise TheoremViolationError(f"{found} sign matrices where {expected} were counted")
    against = tuple(
        (column, verdict) for column, verdict in verdicts.items() if verdict is not None
    )
    return SignMatrices(refuted + realisable, refuted, realisable, sorted_ones, against)


def _compare_columns(verdicts: Mapping[str, Refutation | None], arrangement: Arrangement) -> None:
    """Raise unless certificates and cells divide the columns between them (Lemma 7a)."""
    for column, refutation in verdicts.items():
        if refutation is not None and not refutation.holds(column, arrangement.rows):
            raise TheoremViolationError(f"{refutation} does not refute the column {column}")
    realisable = {column for column, refutation in verdicts.items() if refutation is None}
    if disputed := realisable.symmetric_difference(arrangement.columns):
        raise TheoremViolationError(
            f"the columns {sorted(disputed)} have neither a cell nor a certificate, or both"
        )


def refuse_astronomical_matrices(problem: Problem, limit: int = SIGN_MATRIX_LIMIT) -> None:
    """Refuse a problem with more than so many sign matrices, before anything is enumerated.

    Raises
    ------
    TooManySupportsError
        Naming the number of sign matrices.
    """
    exponent = problem.size * problem.width
    if exponent >= limit.bit_length():  # 2^exponent > limit, however long that power is
        raise TooManySupportsError(
            f"width {problem.width} with n = {problem.size}",
            f"2^{exponent} sign matrices to go through",
            f"at most {limit}; go through the realisable ones only, lower the width or the number "
            "of points, or insist with --force",
        )
