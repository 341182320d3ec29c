"""Numbers at a point that are 0 whatever T and X are, since they are forms of the residual."""

from collections.abc import Callable, Sequence

from flint import fmpq, fmpq_mat

from ..towers import Tower


class Probe:
    """What a tower says if its residual is given, in rational numbers."""

    def __init__(self, tower: Tower, rho: Sequence[fmpq]) -> None:
        self.depth, self.total = tower.sites.depth, sum(rho, fmpq(0))
        self.residual = dict(zip(tower.columns, rho, strict=True))
        column = fmpq_mat(len(rho), 1, list(rho))
        self.gammas = [(table * column).entries() for table in tower.maps]


def probes(tower: Tower) -> list[Probe]:
    """Return one without a residual, and one for each unit vector."""
    size = len(tower.columns)
    units = [[fmpq(i == k) for i in range(size)] for k in range(size)]
    return [Probe(tower, rho) for rho in ([fmpq(0)] * size, *units)]


def is_null(tower: Tower, number: Callable[[Probe], fmpq]) -> bool:
    """Claim 167: a number that is affine in the residual is 0, whatever T > 0 and X are.

    So it is if it is 0 for all residuals, or a multiple of their sum where that has to be 0.
    """
    still, *values = map(number, probes(tower))
    moves = {value - still for value in values}
    return still == 0 and (moves <= {fmpq(0)} or (tower.balanced and len(moves) == 1))
