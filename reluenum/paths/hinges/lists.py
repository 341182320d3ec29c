"""The component of a branch at one ridge, as the engine for one ridge has it."""

from dataclasses import replace

from flint import fmpq

from reluenum.engines.hinges.route import component_of_shares
from reluenum.engines.hinges.strata import Shares
from reluenum.landscape.hinges import HingeComponent
from reluenum.paths.hinges.branches import HingeBranch
from reluenum.paths.hinges.turns import residual_at
from reluenum.problem import Problem


def shares_at(branch: HingeBranch, ridge: fmpq) -> list[Shares]:
    """Return the strata of a branch at a ridge of the sum of squares."""
    residual = residual_at(branch.curve, ridge)
    weights = {
        support: {edge: line(ridge) for edge, line in sorted(flow.items())}
        for support, flow in branch.flows.items()
    }
    return [
        Shares(residual, stratum.states, tuple(weights[s] for s in stratum.supports))
        for stratum in branch.kind.strata
    ]


def ridge_scale(problem: Problem) -> fmpq:
    """Return the factor from a problem's own ridge to that of the sum of squares."""
    return problem.effective_ridge / problem.ridge


def component_at(problem: Problem, branch: HingeBranch, ridge: fmpq) -> HingeComponent:
    """Return the component of a branch at a ridge of the problem's own convention.

    Which components are the lowest ones is not settled yet, see `ranked_hinges`.
    """
    shares = shares_at(branch, ridge * ridge_scale(problem))
    return component_of_shares(replace(problem, ridge=ridge), shares, branch.kind.copies)
