"""Strata without stationary points: all that a kink binds is known up to signs and sizes."""

from collections.abc import Iterator, Sequence
from itertools import product

from flint import fmpq, fmpq_mat

from ..exact import null_space
from ..reals import dot
from .systems import Frame, System

Line = list[fmpq]  # a vector that spans the line on which some Gamma_j is


def impossible(frame: Frame) -> bool:
    """Claim 126: kinks contradict all signs of units that are on lines (Lemma D62).

    Gamma_j = gamma_j e_j with |e_j| the same for some units has |gamma_j| the same for them, too.
    If these are all that a kink binds, and S_k of the biases in it a combination of the gamma_j,
    it says that T_j and U_k times known numbers add up to 0.
    """
    if not frame.kinks:
        return False
    system = frame.system(tuple(frame.spire.units))
    lines = {j: line for j in frame.spire.units if (line := _line(frame, system, j))}
    return any(_contradicted(frame, system, group) for group in _groups(lines))


def _line(frame: Frame, system: System, j: int) -> Line | None:
    """Return a vector, if Gamma_j is a multiple of it whatever the multipliers are."""
    part = fmpq_mat(system.stack.tolist()[frame.block(j)])
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


def _contradicted(frame: Frame, system: System, group: dict[int, Line]) -> bool:
    """Whether for all signs of the gamma_j some combination of kinks is a sum of one sign."""
    rows, kinks = system.stack.tolist(), fmpq_mat(frame.kinks).transpose().tolist()
    gammas, terms = [], []  # forms of rho, and of the kinks
    for j, line in group.items():
        vector, block = fmpq_mat([line]), frame.block(j)
        size = (vector * vector.transpose())[0, 0]
        gammas.append((vector * fmpq_mat(rows[block]) / size).entries())
        terms.append((vector * fmpq_mat(kinks[block])).entries())
    shares = {k: _shares(gammas, rows[k]) for k in (-2, -1)}
    known = [k for k, share in shares.items() if share is not None]
    free = null_space(fmpq_mat(_others(frame, kinks, group, known)))
    sums = (fmpq_mat([*terms, *(kinks[k] for k in known)]) * free).transpose().tolist()
    return all(
        _is_one_sided(sums, [*sides, *(dot(shares[k], sides) for k in known)])
        for sides in product((1, -1), repeat=len(group))
    )


def _others(
    frame: Frame, kinks: list[Line], group: dict[int, Line], known: Sequence[int]
) -> list[Line]:
    """Return the coordinates of kinks that a combination of them has to have 0 in."""
    apart = [j for j in frame.spire.units if j not in group]
    found = [row for j in apart for row in kinks[frame.block(j)]]
    found += [kinks[k] for k in (-2, -1) if k not in known]
    return found or [[fmpq(0)] * len(frame.kinks)]


def _is_one_sided(sums: Sequence[Line], factors: Sequence[fmpq]) -> bool:
    """Whether one of some sums, with factors, has terms of one sign, not all of them 0."""
    parts = ([x * factor for x, factor in zip(line, factors, strict=True)] for line in sums)
    return any(any(part) and (min(part) >= 0 or max(part) <= 0) for part in parts)


def _shares(forms: Sequence[Sequence[fmpq]], wanted: Sequence[fmpq]) -> list[fmpq] | None:
    """Return with which factors forms add up to another one; None if they do not."""
    solutions = null_space(fmpq_mat([*forms, wanted]).transpose()).transpose().tolist()
    found = next((line for line in solutions if line[-1]), None)
    return [-x / found[-1] for x in found[:-1]] if found else None
