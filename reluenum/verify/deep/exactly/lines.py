"""Contradictions: all that a kink binds is known up to signs and sizes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from flint import fmpq, fmpq_mat

from ...exact import null_space
from ...reals import dot

Line = list[fmpq]  # a vector that spans the line on which some Gamma_j is


def contradictory(
    stack: list[Line], kinks: list[Line], blocks: Sequence[slice], biases: Sequence[int]
) -> bool:
    """Whether kinks contradict all signs of units that are on lines (Lemma D62).

    From all Gamma_j and S_k as forms of rho, and kinks as columns. Rows are the coordinates of
    (w, B), of which `blocks` are those of the units.
    """
    lines = {j: line for j, block in enumerate(blocks) if (line := _line(stack[block]))}
    frame = _Kinks(stack, kinks, blocks, biases)
    return any(_contradicted(frame, group) for group in _groups(lines))


@dataclass(frozen=True)
class _Kinks:
    """The arguments of `contradictory`."""

    stack: list[Line]
    kinks: list[Line]
    blocks: Sequence[slice]
    biases: Sequence[int]


def _line(rows: list[Line]) -> Line | None:
    """Return a vector, if Gamma_j is a multiple of it whatever the multipliers are."""
    part = fmpq_mat(rows)
    columns = part.transpose().tolist()
    return next(filter(any, columns)) if part.rank() == 1 else None


def _groups(lines: dict[int, Line]) -> Iterator[dict[int, Line]]:
    """Yield vectors of the same length, where that is possible."""
    while lines:
        first = next(iter(lines.values()))
        found = {j: _resized(line, first) for j, line in lines.items()}
        lines = {j: line for j, line in lines.items() if found[j] is None}
        yield {j: line for j, line in found.items() if line is not None}


def _resized(line: Line, other: Line) -> Line | None:
    """Return the multiple of a vector that is as long as another one, if it is rational."""
    ratio = sum(x * x for x in other) / sum(x * x for x in line)
    root = fmpq(ratio.p.isqrt(), ratio.q.isqrt())
    return [root * x for x in line] if root * root == ratio else None


def _contradicted(frame: _Kinks, group: dict[int, Line]) -> bool:
    """Whether for all signs of the gamma_j some combination of kinks is a sum of one sign."""
    rows, kinks = frame.stack, frame.kinks
    gammas, terms = [], []  # forms of rho, and of the kinks
    for j, line in group.items():
        vector, block = fmpq_mat([line]), frame.blocks[j]
        size = (vector * vector.transpose())[0, 0]
        gammas.append((vector * fmpq_mat(rows[block]) / size).entries())
        terms.append((vector * fmpq_mat(kinks[block])).entries())
    shares = {k: _shares(gammas, rows[k]) for k in frame.biases}
    known = [k for k, share in shares.items() if share is not None]
    free = null_space(fmpq_mat(_others(frame, group, known)))
    sums = (fmpq_mat([*terms, *(kinks[k] for k in known)]) * free).transpose().tolist()
    return all(
        _is_one_sided(sums, [*sides, *(dot(shares[k], sides) for k in known)])
        for sides in product((1, -1), repeat=len(group))
    )


def _others(frame: _Kinks, group: dict[int, Line], known: Sequence[int]) -> list[Line]:
    """Return the coordinates of kinks that a combination of them has to have 0 in."""
    apart = [block for j, block in enumerate(frame.blocks) if j not in group]
    found = [row for block in apart for row in frame.kinks[block]]
    found += [frame.kinks[k] for k in frame.biases if k not in known]
    return found or [[fmpq(0)] * len(frame.kinks[0])]


def _is_one_sided(sums: Sequence[Line], factors: Sequence[fmpq]) -> bool:
    """Whether one of some sums, with factors, has terms of one sign, not all of them 0."""
    parts = ([x * factor for x, factor in zip(line, factors, strict=True)] for line in sums)
    return any(any(part) and (min(part) >= 0 or max(part) <= 0) for part in parts)


def _shares(forms: Sequence[Sequence[fmpq]], wanted: Sequence[fmpq]) -> list[fmpq] | None:
    """Return with which factors forms add up to another one; None if they do not."""
    solutions = null_space(fmpq_mat([*forms, wanted]).transpose()).transpose().tolist()
    found = next((line for line in solutions if line[-1]), None)
    return [-x / found[-1] for x in found[:-1]] if found else None
