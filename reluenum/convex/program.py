"""The least loss over all widths as a convex program, solved in doubles, with a dual certificate.

The program of Pilanci and Ergen (Theorem F of docs/theory.md) has a vector w for each open cell of
one hidden unit's arrangement and each sign of its output weight. Nothing here is exact: the value
is the loss of a network, so the infimum is not above it, and two dual certificates, neither of
which takes the solver's word, say how far below it can be.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from reluenum.errors import MissingExtraError, SolverError
from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.geometry import Geometry
from reluenum.landscape.evaluation import InDoubles
from reluenum.problem import Linear, OutputBias, Problem

SOLVER = "CLARABEL"

TIGHT = 1e-6
"""Largest gap, as a share of the value, with which a value is of use."""

_TOLERANCES = {"tol_gap_abs": 1e-14, "tol_gap_rel": 1e-14, "tol_feas": 1e-9}  # of the solver

_NEGLIGIBLE = 1e-6  # share of the value that the penalty of a unit has to have

_PARALLEL = 1e-3  # distance of directions that count as one

_OUTSIDE = 1e-9  # share of its length by which a vector may leave a face


@dataclass(frozen=True, eq=False)
class ConvexOptimum:
    """The least loss over all widths, in doubles.

    Parameters
    ----------
    problem : Problem
        Its width does not matter.
    value : float
        Loss of the network that the solution stands for, in the problem's own convention.
    dual_bound : float
        Loss below which no network of any width is, from the residual: Theorem C(5).
    residual : (n,) tuple of float
        Of that network, at each data point.
    steepness : float
        Largest |p_r(v)| over unit vectors v, divided by the effective ridge: above 1 only as far
        as the solver is inaccurate, and the residual of the bound is shorter by this factor.
    violation : float
        By how much the solver's multipliers miss the conditions of Theorem F(4), at most, divided
        by the effective ridge; 0 if they hold.
    status : str
        What the solver says of its solution.
    cells : int
        Number of open cells that answer to a data point.
    units : int
        Number of different directions among the hidden units of the network.
    """

    problem: Problem
    value: float
    dual_bound: float
    residual: tuple[float, ...]
    steepness: float
    violation: float
    status: str
    cells: int
    units: int

    @property
    def gap(self) -> float:
        """How far the infimum can be below the value."""
        return self.value - self.dual_bound

    @property
    def is_tight(self) -> bool:
        """Whether the gap is small enough for comparisons."""
        return self.gap <= TIGHT * self.value

    def to_document(self) -> dict[str, Any]:
        """Return a text form; the numbers are doubles."""
        record = self.problem.to_document()
        del record["width"]
        return {
            "format": "reluenum-convex",
            "version": 1,
            "software": {name: version(name) for name in ("reluenum", "cvxpy", "clarabel")},
            "problem": record,
            "value": self.value,
            "dual_bound": self.dual_bound,
            "gap": self.gap,
            "steepness": self.steepness,
            "violation": self.violation,
            "status": self.status,
            "cells": self.cells,
            "units": self.units,
            "residual": list(self.residual),
        }


def convex_optimum(problem: Problem) -> ConvexOptimum:
    """Solve the convex program of a problem and check its solution.

    Raises
    ------
    MissingExtraError
        If cvxpy or its solver is not installed.
    SolverError
        If the solver ends without a solution.

    References
    ----------
    .. [1] Pilanci and Ergen, ICML 2020, arXiv:2002.10553, theorem 1.

    Examples
    --------
    >>> problem = Problem.from_text([["1"]], ["3"], width=1, ridge="1")
    >>> optimum = convex_optimum(problem)  # u = r (1, 1), so |r| = 1/sqrt(2): loss 2 r y - r^2
    >>> f"{optimum.value:.6f}", optimum.units
    ('3.742641', 1)
    """
    program = _Program(Geometry.of(problem))
    vectors, multipliers, status = _solve(program)
    residual = program.residual(program.errors(vectors))
    steepness = _steepest(program, residual) / program.ridge
    scale = float(problem.loss_scale)
    return ConvexOptimum(
        problem=problem,
        value=scale * program.loss(vectors),
        dual_bound=scale * program.dual(residual / max(1.0, steepness)),
        residual=tuple((residual / program.roots).tolist()),
        steepness=steepness,
        violation=_violation(program, residual, multipliers),
        status=status,
        cells=len(program.masks) // 2,
        units=_directions(program, vectors),
    )


@dataclass(frozen=True, eq=False)
class _Program(InDoubles):
    """The program of a problem in doubles: a vector for each of J = 2 K pairs of cell and sign.

    Whatever has a number for each data point, rows among it, is multiplied by the root of its
    weight: then weighted inner products are usual ones.
    """

    geometry: Geometry

    @cached_property
    def roots(self) -> np.ndarray:
        """The roots of the weights of the data points, (n,): what became of the output 1."""
        return np.sqrt(self.data_weights)

    @cached_property
    def rows(self) -> np.ndarray:
        """The homogeneous inputs, (n, D), times the roots."""
        return super().rows * self.roots[:, None]

    @cached_property
    def targets(self) -> np.ndarray:
        """The targets, (n,), times the roots."""
        return super().targets * self.roots

    @property
    def problem(self) -> Problem:
        """The problem."""
        return self.geometry.problem

    @cached_property
    def columns(self) -> list[str]:
        """The open cells that answer to a data point; a unit in another one only costs.

        Of a cell and its opposite one, if a linear part makes up for the difference (Lemma 76).
        """
        units, cells = self.problem.units, self.geometry.arrangement.cells
        found = [cell.signs for cell in cells if units.answers(cell.signs)]
        return list(filter(units.represents, found)) if units.absorbed else found

    @cached_property
    def masks(self) -> np.ndarray:
        """Which data points are active, (J, n): all cells with sign +1, then all with -1."""
        masks = np.array([[sign == "+" for sign in column] for column in self.columns])
        return np.concatenate([masks, masks])

    @cached_property
    def slopes(self) -> np.ndarray:
        """The slopes of the cells at the data points, (J, n)."""
        return self.problem.activation.derivatives(np.where(self.masks, 1, -1))

    @cached_property
    def signs(self) -> np.ndarray:
        """Signs of the output weights, (J,)."""
        return np.repeat([1.0, -1.0], len(self.columns))

    @cached_property
    def walls(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of a vector and a data point whose hyperplane is a wall of its cell, two (M,)."""
        walls = _walls(self.geometry.arrangement)
        pairs = [(j, i) for j, column in enumerate(self.columns * 2) for i in walls[column]]
        vectors, points = np.array(pairs).T
        return vectors, points

    @cached_property
    def normals(self) -> np.ndarray:
        """Normals of the walls, to the inside, (M, D)."""
        vectors, points = self.walls
        inside = np.where(self.masks[vectors, points], 1.0, -1.0)
        return inside[:, None] * self.rows[points]

    @cached_property
    def directions(self) -> list[tuple[float, float, np.ndarray]]:
        """Orthogonal vectors, (n,), with their squares and the shares of them that R subtracts."""
        parts = [(share, self.roots * values) for share, values in self.outer_columns]
        products = self.problem.outer.products
        if not any(any(row[:k]) for k, row in enumerate(products)):
            squares = [float(row[k]) for k, row in enumerate(products)]
            return [(square, *part) for square, part in zip(squares, parts, strict=True)]
        scaled = np.array([share**0.5 * vector for share, vector in parts])
        axes, sizes, _ = np.linalg.svd(scaled.T, full_matrices=False)
        return [(1.0, float(size) ** 2, axis) for size, axis in zip(sizes, axes.T, strict=True)]

    def residual(self, errors: np.ndarray) -> np.ndarray:
        """Apply R along the first axis."""
        return self._without([share for _, share, _ in self.directions], errors)

    def root(self, errors: np.ndarray) -> np.ndarray:
        """Apply the square root of R along the first axis."""
        pairs = [(square, share) for square, share, _ in self.directions]
        return self._without([(1 - max(0.0, 1 - s * k) ** 0.5) / s for s, k in pairs], errors)

    def _without(self, shares: Sequence[float], errors: np.ndarray) -> np.ndarray:
        """Subtract shares of what is along each direction."""
        left = errors
        for share, (_, _, vector) in zip(shares, self.directions, strict=True):
            along = share * (vector * errors.T).sum(axis=-1)
            left = left - np.multiply.outer(vector, along)
        return left

    @cached_property
    def energy(self) -> float:
        """Loss of the best network without hidden units, y'Ry."""
        return float(self.targets @ self.residual(self.targets))

    def errors(self, vectors: np.ndarray) -> np.ndarray:
        """Return y - f_0 of the network with a unit for each vector, (n,)."""
        return self.targets - self.problem.activation.values(self.rows @ vectors.T) @ self.signs

    def loss(self, vectors: np.ndarray) -> float:
        """Return the sum-of-squares loss of that network, balanced."""
        errors = self.errors(vectors)
        penalty = 2 * self.ridge * np.linalg.norm(vectors, axis=1).sum()
        return max(0.0, float(errors @ self.residual(errors))) + float(penalty)

    def dual(self, residual: np.ndarray) -> float:
        """Return 2 r.y - r'R^+r of a residual in the range of R."""
        bound = 2 * residual @ self.targets - residual @ residual
        if self.problem.output_bias is OutputBias.RIDGE:
            bound -= (self.roots * residual).sum() ** 2 / self.ridge
        if self.problem.linear is Linear.RIDGE:
            inputs = self.rows[:, : self.problem.dimension]
            bound -= ((residual @ inputs) ** 2).sum() / self.ridge
        return float(bound)


def _walls(arrangement: Arrangement) -> dict[str, list[int]]:
    """Return the walls of each open cell, each by its first data point.

    A facet lies on one hyperplane, that of proportional rows, and is one of two cells' walls.
    """
    walls: dict[str, list[int]] = {cell.signs: [] for cell in arrangement.cells}
    rank = arrangement.cells[0].dimension
    for face in arrangement.faces:
        if face.dimension == rank - 1:
            for _, cell in arrangement.around(face):
                walls[cell.signs].append(next(i for i in face.zeros if cell.sign_values[i]))
    return walls


def _solve(program: _Program) -> tuple[np.ndarray, np.ndarray, str]:
    """Solve the program, scaled so that the network without hidden units has loss 1.

    Return the vectors (J, D), the multipliers of the walls (M,) and the status.
    """
    cp = _cvxpy()
    shape = (len(program.masks), program.rows.shape[1])
    vectors, points = program.walls
    if program.energy <= 0:  # nothing to fit, and nothing to scale by
        return np.zeros(shape), np.zeros(len(points)), cp.OPTIMAL
    scale = program.energy**0.5
    features = (program.signs[:, None] * program.slopes).T[:, :, None] * program.rows[:, None, :]
    features = program.root(features.reshape(len(program.rows), -1))
    places = (np.arange(len(points))[:, None], vectors[:, None] * shape[1] + np.arange(shape[1]))
    places = tuple(axis.ravel() for axis in np.broadcast_arrays(*places))
    inequalities = csr_array((program.normals.ravel(), places), (len(points), features.shape[1]))
    unknown = cp.Variable(shape)
    flat = cp.vec(unknown, order="C")
    errors = program.root(program.targets) / scale - features @ flat
    penalty = 2 * program.ridge / scale * cp.sum(cp.norm(unknown, 2, axis=1))
    inside = inequalities @ flat >= 0
    problem = cp.Problem(cp.Minimize(cp.sum_squares(errors) + penalty), [inside])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of inaccuracy, which is measured
            problem.solve(solver=SOLVER, **_TOLERANCES)
    except cp.SolverError as error:
        raise SolverError(SOLVER, str(error)) from error
    if unknown.value is None:
        raise SolverError(SOLVER, problem.status)
    return unknown.value * scale, inside.dual_value * scale / 2, problem.status


def _cvxpy() -> Any:
    """Return the modelling package; a MissingExtraError says if it, or its solver, is not there."""
    try:
        import clarabel  # noqa: F401
        import cvxpy
    except ImportError as error:
        raise MissingExtraError(error.name or "cvxpy", "convex") from error
    return cvxpy


def _steepest(program: _Program, residual: np.ndarray) -> float:
    """Return the largest |p_r(v)| over unit vectors v, by Lemma 14.

    Rounding may count a face that does not reach its own u; this can only enlarge the result, and
    so only weaken a bound that uses it.
    """
    faces = program.geometry.arrangement.faces
    signs = np.array([face.sign_values for face in faces])
    projectors = np.array([[[float(e) for e in row] for row in face.projector] for face in faces])
    gradients = (program.problem.activation.derivatives(signs) * residual) @ program.rows
    candidates = np.einsum("fde,fe->fd", projectors, gradients)
    lengths = np.linalg.norm(candidates, axis=1)
    sides = signs * (candidates @ program.rows.T)
    slack = _OUTSIDE * lengths[:, None] * np.linalg.norm(program.rows, axis=1)
    reached = (sides >= -slack).all(axis=1) | (sides <= slack).all(axis=1)
    return float(lengths[reached].max(initial=0.0))


def _violation(program: _Program, residual: np.ndarray, multipliers: np.ndarray) -> float:
    """Return by how much |s X'D r + X'(2D - I) alpha| exceeds the ridge, as a share of it."""
    vectors, _ = program.walls
    gradients = (program.signs[:, None] * program.slopes * residual) @ program.rows
    pushed = np.maximum(multipliers, 0)[:, None] * program.normals
    np.add.at(gradients, vectors, pushed)
    return max(0.0, float(np.linalg.norm(gradients, axis=1).max()) / program.ridge - 1)


def _directions(program: _Program, vectors: np.ndarray) -> int:
    """Count the directions of the vectors that matter, each sign for itself.

    A unit on a wall may be shared by the cells on both sides.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    found: list[np.ndarray] = []
    for j in np.argsort(-lengths):
        if 2 * program.ridge * lengths[j] <= _NEGLIGIBLE * program.loss(vectors):
            break
        unit = np.append(vectors[j] / lengths[j], program.signs[j])
        if all(np.linalg.norm(unit - known) > _PARALLEL for known in found):
            found.append(unit)
    return len(found)
