"""Where another component becomes the lowest one: crossings of losses, exactly."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import combinations

from flint import arb, ctx, fmpq, fmpq_poly, fmpz_poly

from reluenum.algebra.numberfield import FieldElement, RealField, precisions, real_roots
from reluenum.paths.hinges.branches import HingeBranches

Ridge = fmpq | FieldElement
"""A rational number, or one of a quadratic field."""

GENERATOR = fmpq_poly([0, 1])


@dataclass(frozen=True)
class LowestStretch:
    """Which components have the least loss from one ridge on.

    Parameters
    ----------
    ridge : Ridge
        Of the sum of squares.
    there, behind : tuple of int
        The branches with the least loss at the ridge, of those there on both sides of it, and
        behind it.
    """

    ridge: Ridge
    there: tuple[int, ...]
    behind: tuple[int, ...]


def lowest_between(found: HingeBranches, low: fmpq, high: fmpq) -> list[LowestStretch]:
    """Return which components are the lowest between two ridges without a change between.

    Parameters
    ----------
    found : HingeBranches
    low, high : fmpq
        Neighbouring ridges of changes, or ends of the interval.

    Returns
    -------
    list of LowestStretch
        The first one from the lower end on, the others from a crossing of losses strictly between.
    """
    holders: dict[str, list[int]] = {}
    losses: list[fmpq_poly] = []
    for number, branch in enumerate(found.found):
        if branch.low <= low and high <= branch.high:
            if (text := str(branch.loss)) not in holders:
                losses.append(branch.loss)
            holders.setdefault(text, []).append(number)

    def branches_of(several: Iterable[fmpq_poly]) -> tuple[int, ...]:
        return tuple(sorted(number for loss in several for number in holders[str(loss)]))

    return [
        LowestStretch(ridge, branches_of(tied), branches_of([one]))
        for one, ridge, tied in _envelope(losses, low, high)
    ]


def _envelope(
    losses: Sequence[fmpq_poly], low: fmpq, high: fmpq
) -> Iterator[tuple[fmpq_poly, Ridge, list[fmpq_poly]]]:
    """Yield the least loss from each ridge on where another one is equal to it, and these.

    The first one from the lower end on, the others strictly between.
    """
    place: Ridge = low
    least = min(loss(low) for loss in losses)
    tied = [loss for loss in losses if loss(low) == least]
    while True:
        one = _least_after(tied, place, high)
        yield one, place, tied
        roots = [root for loss in losses for root in _roots_within(loss - one, place, high)]
        if not roots:
            return
        place = min(roots, key=cmp_to_key(compare_ridges))
        tied = [loss for loss in losses if _vanishes(loss - one, place)]


def _least_after(tied: Sequence[fmpq_poly], place: Ridge, high: fmpq) -> fmpq_poly:
    """Return which of several losses is the least one just behind a ridge."""
    if len(tied) == 1:
        return tied[0]
    pairs = combinations(tied, 2)
    roots = [root for one, other in pairs for root in _roots_within(one - other, place, high)]
    sample = rational_between(place, min([*roots, high], key=cmp_to_key(compare_ridges)))
    return min(tied, key=lambda loss: loss(sample))


def _roots_within(polynomial: fmpq_poly, low: Ridge, high: fmpq) -> list[Ridge]:
    """Return the roots strictly between two ridges."""
    roots = quadratic_roots(polynomial)
    return [r for r in roots if compare_ridges(low, r) < 0 and compare_ridges(r, high) < 0]


def _vanishes(polynomial: fmpq_poly, ridge: Ridge) -> bool:
    if isinstance(ridge, FieldElement):
        return ridge.field(polynomial).is_zero()
    return not polynomial(ridge)


def quadratic_roots(polynomial: fmpq_poly) -> list[Ridge]:
    """Return the real roots of a polynomial of degree 2 at most, none for a constant.

    Examples
    --------
    >>> quadratic_roots(fmpq_poly([-4, 0, 1])), quadratic_roots(fmpq_poly([3]))
    ([-2, 2], [])
    >>> [root.minimal_polynomial() for root in quadratic_roots(fmpq_poly([-2, 0, 1]))]
    [x^2 + (-2), x^2 + (-2)]
    """
    found: list[Ridge] = []
    if polynomial.degree() < 1:
        return found
    for factor, _ in polynomial.numer().factor()[1]:
        if factor.degree() == 1:
            found.append(fmpq(-factor[0], factor[1]))
        else:
            primitive = factor if factor[2] > 0 else -factor
            fields = (RealField(primitive, k) for k in range(len(real_roots(primitive))))
            found += [field(GENERATOR) for field in fields]
    return sorted(found) if all(isinstance(root, fmpq) for root in found) else found


def ridge_key(ridge: Ridge) -> tuple:
    """Return what two ridges have in common iff they are equal."""
    if isinstance(ridge, FieldElement):
        return str(ridge.field.polynomial), ridge.field.index
    return (str(ridge),)


def ridge_ball(ridge: Ridge, bits: int) -> arb:
    """Return an enclosure of a ridge."""
    if isinstance(ridge, FieldElement):
        return ridge.ball(bits)
    with ctx.workprec(bits):
        return arb(ridge)


def compare_ridges(one: Ridge, other: Ridge) -> int:
    """Return the sign of a difference, exactly.

    Examples
    --------
    >>> root = quadratic_roots(fmpq_poly([-2, 0, 1]))[1]
    >>> compare_ridges(fmpq(7, 5), root), compare_ridges(root, root), compare_ridges(2, root)
    (-1, 0, 1)
    """
    if ridge_key(one) == ridge_key(other):
        return 0
    for bits in precisions():
        left, right = ridge_ball(one, bits), ridge_ball(other, bits)
        if left < right:
            return -1
        if right < left:
            return 1


def rational_between(one: Ridge, other: Ridge) -> fmpq:
    """Return a rational number strictly between two ridges, the first of which is smaller.

    Examples
    --------
    >>> rational_between(fmpq(1), quadratic_roots(fmpq_poly([-2, 0, 1]))[1])
    1207/1000
    """
    if not isinstance(one, FieldElement) and not isinstance(other, FieldElement):
        return (one + other) / 2
    for bits in precisions():
        with ctx.workprec(bits):
            left, right = ridge_ball(one, bits), ridge_ball(other, bits)
            if left < right:
                return _short_between((left + right) / 2, one, other)


def _short_between(middle: arb, one: Ridge, other: Ridge) -> fmpq:
    """Return a short decimal fraction near a middle that is still between two ridges."""
    for digits in range(3, 10_000, 3):
        scaled = (middle * 10**digits).mid()
        (mantissa, exponent) = map(int, scaled.man_exp())
        whole = mantissa << exponent if exponent >= 0 else mantissa >> -exponent
        found = fmpq(whole, 10**digits)
        if compare_ridges(one, found) < 0 < compare_ridges(other, found):
            return found
    raise ArithmeticError("two ridges are equal")


def bracket(
    ridge: FieldElement, others: Iterable[Ridge], low: fmpq, high: fmpq
) -> tuple[fmpq, fmpq]:
    """Return rationals on both sides of an irrational ridge, with no other one between.

    Parameters
    ----------
    ridge : FieldElement
    others : iterable of Ridge
        Those that must not be between.
    low, high : fmpq
        Between which it is, and the two are to be.
    """
    below = [other for other in others if compare_ridges(other, ridge) < 0]
    above = [other for other in others if compare_ridges(other, ridge) > 0]
    left = max([low, *below], key=cmp_to_key(compare_ridges))
    right = min([high, *above], key=cmp_to_key(compare_ridges))
    start, end = rational_between(left, ridge), rational_between(ridge, right)
    for digits in range(10, 10_000, 10):
        scaled = (ridge.ball(64 + 4 * digits) * 10**digits).floor().unique_fmpz()
        if scaled is not None:
            one, other = fmpq(int(scaled), 10**digits), fmpq(int(scaled) + 1, 10**digits)
            if start < one and other < end:
                return one, other
    return start, end


def minimal_polynomial(ridge: Ridge) -> fmpz_poly:
    """Return the primitive irreducible polynomial of a ridge."""
    if isinstance(ridge, FieldElement):
        return ridge.minimal_polynomial()
    return fmpz_poly([-int(ridge.p), int(ridge.q)])
