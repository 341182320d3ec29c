"""Strata without stationary points: all that a kink binds is known up to signs and sizes."""

from flint import fmpq_mat

from ..deep.exactly.lines import contradictory
from .systems import Frame


def impossible(frame: Frame) -> bool:
    """Claim 126: kinks contradict all signs of units that are on lines (Lemma D62).

    Gamma_j = gamma_j e_j with |e_j| the same for some units has |gamma_j| the same for them, too.
    If these are all that a kink binds, and S_k of the biases in it a combination of the gamma_j,
    it says that T_j and U_k times known numbers add up to 0.
    """
    if not frame.kinks:
        return False
    stack = frame.system(tuple(frame.spire.units)).stack.tolist()
    kinks = fmpq_mat(frame.kinks).transpose().tolist()
    return contradictory(stack, kinks, [*map(frame.block, frame.spire.units)], (-2, -1))
