"""Strata without stationary points, as all that a kink binds lies on lines (Lemma D62)."""

from collections.abc import Iterator, Sequence
from itertools import product

from flint import fmpq

from reluenum.algebra.linear import Vector, combine, dot, null_space
from reluenum.engines.deep.systems.chains import Chain
from reluenum.engines.deep.systems.stratum import DeepStratum
from reluenum.problem import Problem


def is_bound_to_lines(problem: Problem, stratum: DeepStratum) -> bool:
    """Whether a stratum of widths (m, 1) with several units on lines has no stationary point.

    Examples
    --------
    >>> problem = Problem.from_text([[-1], [1]], [-2, 0], [2, 1], 3)
    >>> is_bound_to_lines(problem, DeepStratum.of_text("+0,0+/+0"))
    True
    """
    lower, (upper,) = stratum.layers
    short = [row for row in lower if row.count("0") >= problem.dimension]
    return "0" in upper and len(short) > 1 and is_impossible(Chain(problem, stratum))


def is_impossible(chain: Chain) -> bool:
    """Whether kinks contradict every choice of signs of units on lines (Lemma D62).

    Parameters
    ----------
    chain : Chain
        Of widths (m, 1, ..., 1).

    Examples
    --------
    Two units bound by a kink of the unit above them, at inputs that are opposite to each other:

    >>> problem = Problem.from_text([[-1], [1]], [-2, 0], [2, 1], 3)
    >>> [
    ...     is_impossible(Chain(problem, DeepStratum.of_text(text)))
    ...     for text in ("+0,0+/+0", "+0,0+/++")
    ... ]
    [True, False]
    """
    lines = [j for j, flat in enumerate(chain.flats) if len(flat) == 1]
    kinks = [tuple(chain.kinks[name]) for name in chain.constraints]
    return bool(kinks) and any(_contradict(chain, kinks, group) for group in _groups(chain, lines))


def _groups(chain: Chain, lines: Sequence[int]) -> Iterator[dict[int, fmpq]]:
    """Yield units on lines whose vectors have commensurable lengths, with these lengths."""
    left = list(lines)
    while left:
        lengths = {j: _root(chain.grams[j][0, 0] / chain.grams[left[0]][0, 0]) for j in left}
        group = {j: length for j, length in lengths.items() if length}
        left = [j for j in left if j not in group]
        yield group


def _root(square: fmpq) -> fmpq | None:
    """Return the square root of a positive rational number, if it is rational."""
    root = fmpq(square.p.isqrt(), square.q.isqrt())
    return root if root * root == square else None


def _contradict(chain: Chain, kinks: Sequence[Vector], group: dict[int, fmpq]) -> bool:
    """Whether each choice of the signs of some units contradicts a combination of kinks."""
    top = chain.upper[-1]
    columns = [*(chain.form(top, i) for i in chain.stratum.active(top, 0)), *kinks]
    places = [chain.blocks[j].start for j in group]
    pulls = [tuple(column[k] for column in columns) for k in places]
    shares = {k: _shares(pulls, [column[k] for column in columns]) for k in chain.bias.values()}
    shares = {k: share for k, share in shares.items() if share is not None}
    held = [tuple(z[k] for z in kinks) for k in range(chain.size) if k not in {*places, *shares}]
    bound = [combine(weights, kinks) for weights in null_space(held, len(kinks))]
    first, *lengths = group.values()
    for sides in product((1, -1), repeat=len(lengths)):
        signed = [first, *(side * length for side, length in zip(sides, lengths, strict=True))]
        weights = dict(zip(places, signed, strict=True))
        weights |= {k: dot(share, signed) for k, share in shares.items()}
        parts = [[form[k] * weight for k, weight in weights.items()] for form in bound]
        if not any(any(part) and (min(part) >= 0 or max(part) <= 0) for part in parts):
            return False
    return True


def _shares(forms: Sequence[Vector], wanted: Sequence[fmpq]) -> list[fmpq] | None:
    """Return coefficients with which forms add up to another one, None if there are none."""
    rows = list(zip(*forms, wanted, strict=True))
    found = next((v for v in null_space(rows, len(forms) + 1) if v[-1] != 0), None)
    return None if found is None else [-x / found[-1] for x in found[:-1]]
