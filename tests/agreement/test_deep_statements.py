"""The statements of docs/theory_deep.md on networks that are made for them, in floats.

Nothing of the package is used: a second reading of the theory, not of the program.
"""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

RNG = np.random.default_rng


@dataclass(frozen=True)
class Tower:
    """A stratum of widths (m, 1, ..., 1) without kinks above: active sets from layer 2 upwards.

    Parameters
    ----------
    inputs, responses : (n, d + 1) and (n,) arrays
        Inputs with a 1 behind them.
    ridge : float
    upper : (Q - 1, n) array of bool
        Sites at which the layers k to Q are active, k from 2; each row is within the next.
    lower : (m, n) array of bool
        Active sites of the first-layer units.
    """

    inputs: np.ndarray
    responses: np.ndarray
    ridge: float
    upper: np.ndarray
    lower: np.ndarray

    @property
    def columns(self):
        """The forms f at the sites of the top layer in the coordinates (w_1, ..., w_m, B)."""
        first = [self.inputs * (row & self.upper[0])[:, None] for row in self.lower]
        return np.hstack([*first, self.upper.T.astype(float)])[self.upper[-1]]

    def split(self, squares):
        return np.split(np.asarray(squares, float), [len(self.lower)])

    def inner(self, squares):
        """The minimiser (w, B) for given T and U, the residual, and Psi without its constant."""
        T, U = self.split(squares)
        y, F = self.responses[self.upper[-1]], self.columns
        weights = np.concatenate([np.repeat(T, self.inputs.shape[1]), U])
        rho = np.linalg.solve(np.eye(len(y)) + F * weights @ F.T / self.ridge, y)
        found = weights * (F.T @ rho) / self.ridge
        above = np.append(U, 1.0)
        norms = (U / above[1:]).sum() + T.sum() / U[0]
        return found, rho, y @ rho + self.ridge * norms

    def gradient(self, squares):
        """Lemma D17(3)."""
        T, U = self.split(squares)
        found, _, _ = self.inner(squares)
        m, d = len(T), self.inputs.shape[1]
        w, B = found[: m * d].reshape(m, d), found[m * d :]
        gamma = self.ridge**2 * (w**2).sum(1) / T**2
        chain = np.concatenate([[T.sum()], U, [1.0]])
        E = U**2 - chain[2:] * (chain[:-2] + B**2)
        by_t = -(U[0] * gamma - self.ridge**2) / (self.ridge * U[0])
        return np.concatenate([by_t, self.ridge * E / (U**2 * chain[2:])])


def tower(seed, depth=2, units=2):
    rng = RNG(seed)
    x, y = np.sort(rng.normal(size=6)), rng.normal(size=6) * 3
    lower = np.array([x > -9, x > x[1], x < x[4]])[:units]
    upper = np.ones((depth - 1, 6), bool)
    upper[0, 0] = False
    return Tower(np.column_stack([x, np.ones(6)]), y, 10 ** rng.uniform(-1.5, -0.5), upper, lower)


def derivative(function, at, step=1e-5):
    columns = []
    for unit in np.eye(len(at)) * step:
        columns.append((function(at + unit) - function(at - unit)) / (2 * step))
    return np.array(columns).T


def minimised(given, X):
    """T >= 0 that minimises at U_2 = X, Q = 2."""

    def psi(T):
        at = [*np.maximum(T, 1e-12), X]
        return given.inner(at)[2], given.gradient(at)[: len(T)]

    options = {"ftol": 1e-15, "gtol": 1e-10}
    start = np.ones(len(given.lower))
    bounds = [(0, None)] * len(start)
    return minimize(psi, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x


def test_lemma_d31_is_the_minimum_over_the_squares_of_the_first_and_third_layer():
    given, rng = tower(5, depth=3), RNG(3)
    targets, columns = given.responses[given.upper[-1]], given.columns

    def convex(found, U):
        lengths = np.linalg.norm(found[:4].reshape(2, 2), axis=1)
        low, high = found[4:]
        penalty = 2 * lengths.sum() / np.sqrt(U) + low**2 / U + 2 * np.hypot(np.sqrt(U), high)
        return ((targets - columns @ found) ** 2).sum() + given.ridge * penalty

    for U in (0.05, 1.0, 9.0):
        for _ in range(20):
            *first, top = np.exp(rng.normal(size=3))
            found, _, psi = given.inner([*first, U, top])
            assert convex(found, U) <= psi + 1e-12
            point = rng.normal(size=6)
            T = np.sqrt(U) * np.linalg.norm(point[:4].reshape(2, 2), axis=1)
            at = [*T, U, np.hypot(np.sqrt(U), point[5])]
            assert given.inner(at)[2] <= convex(point, U) + 1e-12


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_lemma_d17_gives_loss_and_derivatives_of_a_tower(depth):
    given = tower(depth, depth)
    squares = np.exp(RNG(1).normal(size=2 + depth - 1))
    numeric = derivative(lambda at: np.array([given.inner(at)[2]]), squares, 1e-6)[0]
    assert given.gradient(squares) == pytest.approx(numeric, rel=1e-5, abs=1e-6)
    T, U = given.split(squares)
    found, rho, psi = given.inner(squares)
    w, B = found[:4].reshape(2, 2), found[4:]
    chain = np.append(U, 1.0)
    a_c = np.sqrt(chain[:-1] / chain[1:])  # c_3, ..., c_Q, a
    below = np.array([np.prod(a_c[k:]) for k in range(depth - 1)])  # a c_Q ... c_{k+1}
    c2 = np.sqrt(T / U[0])
    v = w / (below[0] * c2)[:, None]
    b = B / below
    penalty = (a_c**2).sum() + (c2**2).sum() + (v**2).sum() + (b**2).sum()
    assert psi == pytest.approx(rho @ rho + given.ridge * penalty)


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_one_outer_parameter_makes_the_rest_convex_by_lemma_d17(depth, seed):
    given = tower(seed, depth)
    rng = RNG(seed)
    X = np.exp(rng.normal())

    def psi(rest):
        return given.inner([*rest[:2], X, *rest[2:]])[2]

    for _ in range(50):
        ends = np.exp(rng.normal(size=(2, depth)))
        assert psi(ends.mean(0)) <= (psi(ends[0]) + psi(ends[1])) / 2 + 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_theorem_d15_closes_intervals_by_a_monotone_map(seed):
    given = tower(seed)
    grid = np.geomspace(0.05, 20, 15)
    G = [(T := minimised(given, X)).sum() + given.inner([*T, X])[0][-1] ** 2 for X in grid]
    assert (np.diff(G) > -1e-7).all()


@pytest.mark.parametrize("seed", range(3))
def test_theorem_d9_excludes_a_face_that_is_idle_at_the_minimum(seed):
    """At the minimum over T >= 0, X|Gamma|^2 <= ridge^2, with equality where T > 0."""
    given = tower(seed)
    for X in (0.3, 1.0, 4.0):
        T = minimised(given, X)
        slope = given.gradient([*np.maximum(T, 1e-12), X])[:2]
        assert (slope > -1e-6).all()
        assert np.abs(slope * T).max() < 1e-6
        others = np.exp(RNG(seed).normal(size=(200, 2)))
        best = given.inner([*T, X])[2]
        assert min(given.inner([*t, X])[2] for t in others) >= best - 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_theorem_d16_encloses_the_residual_over_a_block(seed):
    given = tower(seed)
    X, lam = 1.0, given.ridge
    T = minimised(given, X) * np.exp(0.02 * RNG(seed).normal(size=2))
    found, rho, _ = given.inner([*T, X])
    w = found[:4].reshape(2, 2)
    rows = given.columns[:, :4].reshape(len(rho), 2, 2)
    gamma = np.einsum("i,ijk->jk", rho, rows)
    lengths = np.linalg.norm(gamma, axis=1)
    assert T[:, None] * gamma / lam == pytest.approx(w)
    S = rho.sum()
    tau = min(1.0, lam / (np.sqrt(X) * lengths.max()))
    alpha, beta = rho @ rho, X * S**2 / lam
    c, ell = (T * lengths**2).sum() / lam, (T * lengths).sum() / np.sqrt(X)
    for q in (0.8, 0.95, 1.0, 1.1, 1.3):
        other = X / q**2
        star = given.inner([*minimised(given, other), other])[1]
        gap = alpha * (1 - q * tau) ** 2 + beta * (q - tau) ** 2 + 2 * q * (ell - tau * c)
        moved = q * tau * rho - star
        assert moved @ moved + other / lam * moved.sum() ** 2 <= gap + 1e-7


def test_lemma_d18_steps_along_the_outer_parameter_of_three_layers():
    """The gradient of a concave function is monotone; at U_2 = U it is (G, V)."""
    given, found = tower(2, 3), []
    for U in np.geomspace(0.1, 5, 6):

        def psi(rest, U=U):
            at = [*np.maximum(rest[:2], 1e-12), U, rest[2]]
            return given.inner(at)[2], given.gradient(at)[[0, 1, 3]]

        bounds = [(0, None), (0, None), (1e-3, None)]
        options = {"ftol": 1e-15, "gtol": 1e-10}
        at = minimize(
            psi, np.ones(3), jac=True, bounds=bounds, method="L-BFGS-B", options=options
        ).x
        B = given.inner([*np.maximum(at[:2], 1e-12), U, at[2]])[0][4:]
        assert at[2] ** 2 == pytest.approx(U + B[1] ** 2, rel=1e-4)
        found.append((U, at[:2].sum() + B[0] ** 2, 1 / at[2]))
    for (U, G, V), (U2, G2, V2) in pairwise(found):
        assert (G2 - G) * (1 / U2 - 1 / U) + (V2 - V) * (U2 - U) <= 1e-6


@dataclass(frozen=True)
class Network:
    """Weights layer by layer; kinks may be given a side, so that the loss is a polynomial."""

    inputs: np.ndarray
    responses: np.ndarray
    ridge: float
    widths: tuple[int, ...]

    def layers(self, theta):
        before, place, found = self.inputs.shape[1], 0, []
        for width in self.widths:
            size = width * (before + 1)
            found.append(theta[place : place + size].reshape(width, before + 1))
            before, place = width, place + size
        return found, theta[place:]

    @property
    def size(self):
        before = (self.inputs.shape[1], *self.widths[:-1])
        return sum(w * (b + 1) for w, b in zip(self.widths, before, strict=True)) + self.widths[-1]

    def forward(self, theta, on=None):
        layers, out = self.layers(theta)
        h, z = self.inputs, []
        for k, layer in enumerate(layers):
            z.append(h @ layer[:, :-1].T + layer[:, -1])
            h = z[-1] * (z[-1] > 0 if on is None else on[k])
        return z, h @ out

    def loss(self, theta, on=None):
        residual = self.responses - self.forward(theta, on)[1]
        return residual @ residual + self.ridge * theta @ theta

    def slope(self, theta, on):
        return derivative(lambda at: np.array([self.loss(at, on)]), theta)[0]


def shallow(x, y, ridge, *widths):
    return Network(np.array(x, float)[:, None], np.array(y, float), ridge, widths)


def no_lower(network, theta, scale=1e-3, tries=400, seed=0):
    value = network.loss(theta)
    moves = RNG(seed).normal(size=(tries, len(theta))) * scale
    return min(network.loss(theta + move) for move in moves) >= value - 1e-12


def example_d1(second=-3.0, largest=True):
    real = [
        root.real for root in np.roots([2, 0, 0, -2 * np.sqrt(2), 7 / 5]) if abs(root.imag) < 1e-9
    ]
    u = max(real) if largest else min(real)
    v, c, a = np.array([1.0, 1.0]) * u / np.sqrt(2), u, u
    return shallow([1, -2], [2, second], 7 / 5, 1, 1), np.array([*v, c, 0.0, a])


def test_a_strict_minimum_may_lie_above_the_zero_network_as_in_example_d1():
    network, theta = example_d1()
    assert network.loss(theta) == pytest.approx(13.312741)
    assert all(no_lower(network, theta, scale) for scale in (1e-2, 1e-3, 1e-4))
    # Lemma D1: balance of the units, and the bound of all stationary points
    assert theta[0] ** 2 + theta[1] ** 2 == pytest.approx(theta[2] ** 2)
    assert network.loss(theta) <= 13 * 9 / 8


def test_lemma_d20_finds_the_way_down_from_the_other_root_of_example_d1():
    """Its multiplier is strict as well; the form is negative along the stratum, where b^2 = 0."""
    network, theta = example_d1(largest=False)
    on = [np.array([[1.0], [0.0]]), np.array([[1.0], [0.0]])]
    assert network.slope(theta, on)[[0, 1, 2, 4]] == pytest.approx(np.zeros(4), abs=1e-6)
    form = derivative(lambda at: network.slope(at, on), theta, 1e-4)
    inside = np.delete(np.arange(5), 3)
    values, vectors = np.linalg.eigh(form[np.ix_(inside, inside)])
    assert (values < 0).sum() == 1  # Lemma D17(4)
    move = np.zeros(5)
    move[inside] = 1e-2 * vectors[:, 0]
    assert network.loss(theta + move) < network.loss(theta)


def test_lemma_d21_bounds_the_multiplier_of_a_minimum_and_lemma_d6_counts_squares():
    network, theta = example_d1()
    (z1, z2), f = network.forward(theta)
    r = network.responses - f
    *v, c, b, a = theta
    mu = -r[0] * a  # the equation of b^2: 0 = r_1 a + mu
    assert r[1] * a < mu < 0
    assert z2[1, 0] == b == 0
    # in units of their own scales: epsilon = c / (t_1 t_2), lambda epsilon = sum delta^ h^
    scale = np.linalg.norm(v), abs(a)
    epsilon = c / (scale[0] * scale[1])
    assert network.ridge * epsilon == pytest.approx(r[0] * z1[0, 0] / scale[0])
    assert scale[0] ** 2 * epsilon**2 == pytest.approx(1)


def test_lemma_d12_decides_where_first_order_is_never_strict():
    """b^2 = b^3 = 0 over one group and equal active sites: mu^2 = W^3 mu^3 whatever the data."""
    lam = 0.5
    X = max(np.roots([np.sqrt(2), 0, -2, lam / np.sqrt(2)]).real)
    network = shallow([1, -2], [2, -3], lam, 1, 1, 1)
    scale = np.sqrt(X)
    theta = np.array([*[scale / np.sqrt(2)] * 2, scale, 0, scale, 0, scale])
    on = [np.array([[1.0], [0.0]])] * 3
    free = [0, 1, 2, 4, 6]
    assert network.slope(theta, on)[free] == pytest.approx(np.zeros(5), abs=1e-6)
    r = network.responses - network.forward(theta)[1]
    upper, lower = -r[0] * scale, -r[0] * scale**2
    assert lower == pytest.approx(scale * upper)
    assert all(no_lower(network, theta, size, 4000) for size in (1e-2, 1e-3, 1e-4))


def test_lemma_d4_frees_a_zero_at_an_irrelevant_site():
    """Layer 2 is negative at the second site, where the first layer has a zero."""
    network = shallow([1, -1], [1, 1], 0.1, 1, 1)
    theta = np.array([1, 1, 1, -0.5, 1])
    moves = RNG(0).normal(size=(20, 5)) * 1e-3
    assert all(network.forward(theta + move)[1][1] == 0 for move in moves)


@pytest.mark.parametrize(("sites", "rank"), [([0.5], 1), ([0.5, 0.7], 2), ([0.5, 0.7, 0.9], 2)])
def test_lemma_d8_finds_the_rank_of_kinks_in_linear_forms(sites, rank):
    """The upper unit vanishes on a piece: gradients of z^2 and forms in (w, B) have one rank."""
    network = shallow([*sites, 2, -1], np.zeros(len(sites) + 2), 1.0, 3, 1)
    # three units on x > 0, x > 0 and x > 1: 2 relu(x) - relu(2 x) + relu(x - 1) = relu(x - 1)
    theta = np.array([1, 0, 2, 0, 1, -1, 2, -1, 1, 0, 1.0])
    on = [(np.array(z) > 0).astype(float) for z in network.forward(theta)[0]]
    kinks = range(len(sites))
    assert network.forward(theta)[0][1][kinks, 0] == pytest.approx(np.zeros(len(sites)))
    found = derivative(lambda at: network.forward(at, on)[0][1][kinks, 0], theta)
    forms = [[x, 1, x, 1, 0, 0, 1] for x in sites]  # in w_1, w_2, w_3, B
    assert np.linalg.matrix_rank(found, tol=1e-6) == np.linalg.matrix_rank(forms) == rank


def test_lemma_d26_carries_relations_of_the_inputs_over_to_kinks():
    """Three sites of one piece: whatever the weights, one pre-activation is a combination."""
    network = shallow([0, 1, 3, -1], np.zeros(4), 1.0, 2, 1)
    on = [np.array([[1, 0]] * 3 + [[0, 1]]), np.ones((4, 1))]
    for seed in range(5):
        z = network.forward(RNG(seed).normal(size=network.size), on)[0][1][:, 0]
        assert z[2] == pytest.approx(3 * z[1] - 2 * z[0])
        assert abs(z[3] + z[1] - 2 * z[0]) > 1e-6


def test_lemma_d2_decides_the_zero_network():
    for total, strict in ((0.9, True), (1.0, True), (1.1, False)):
        network = shallow([0, 1, 2], [total - 1, 2, -1], 1.0, 2, 2)
        zero = np.zeros(network.size)
        along = zero.copy()
        layers, out = network.layers(along)
        layers[1][0, -1] = out[0] = 1.0  # views: the bias and the output weight of layer 2
        assert (network.loss(0.05 * along) > network.loss(zero)) == strict
        if strict:
            assert all(no_lower(network, zero, scale) for scale in (1e-1, 1e-2))


def test_lemma_d3_gives_the_constant_networks():
    network = shallow([-1, 0.5, 2], [3, 1, 2.0], 0.4, 1, 1, 1)
    a = max(np.roots([3, 0, 0, -6, 0.4]).real)
    c = np.sqrt(a**2 - 1)
    theta = np.array([0, 0, 0, c, c, 1, a])
    on = [np.zeros((3, 1)), np.ones((3, 1)), np.ones((3, 1))]
    assert network.slope(theta, on) == pytest.approx(np.zeros(7), abs=1e-7)
    alone = np.array([0, 0, 0, 0, 0, *[np.sqrt((6 - 0.4) / 3)] * 2])
    on[1] = np.zeros((3, 1))
    assert network.slope(alone, on) == pytest.approx(np.zeros(7), abs=1e-7)


def test_example_d2_has_a_descent_through_its_dead_layers():
    network = shallow([0], [3], 1.0, 1, 1, 1)
    root, eps = np.sqrt(2), 1e-3
    still = np.array([0, 0, 0, 0, 0, root, root])
    moved = np.array([0, 0, 0, eps, eps, root, root])
    change = network.loss(moved) - network.loss(still)
    assert change == pytest.approx(2 * eps**2 * (1 - root), rel=1e-2)


def kinked(seed):
    """Widths (2, 1): both layers have a kink at site 0 (nested), the second unit one at site 2."""
    network = shallow([0, 1, -1, 2], RNG(seed).normal(size=4), 0.3, 2, 1)
    theta = np.array([1, 0, 1, 1, 0.5, -1, 1, RNG(seed).normal()])
    return network, theta, [(0, 0, 0), (1, 0, 0), (0, 2, 1)]


@pytest.mark.parametrize("seed", range(2))
def test_lemma_d19_gives_every_cell_the_same_derivatives(seed):
    network, theta, kinks = kinked(seed)
    mu = dict(zip(kinks, RNG(seed).normal(size=len(kinks)), strict=True))
    layers, out = network.layers(theta)
    z, f = network.forward(theta)
    base = [(layer > 1e-8).astype(float) for layer in z]
    residual = network.responses - f
    delta2 = base[1] * residual[:, None] * out
    D = {(1, i, 0): residual[i] * out[0] for i in range(4)}
    for (k, i, j), value in mu.items():
        if k == 1:
            delta2[i, j] = value
    D |= {(0, i, j): delta2[i] @ layers[1][:, j] for i in range(4) for j in range(2)}
    gradients, forms = [], []
    for sides in product((1, -1), repeat=len(kinks)):
        on = [layer.copy() for layer in base]
        for (k, i, j), side in zip(kinks, sides, strict=True):
            on[k][i, j] = side > 0
        nu = [2 * (mu[q] - D[q] * (s > 0)) for q, s in zip(kinks, sides, strict=True)]

        def lagrange(at, on=on, nu=nu):
            z = network.forward(at, on)[0]
            values = [z[k][i, j] for k, i, j in kinks]
            return network.loss(at, on) - np.dot(nu, values)

        def values(at, on=on):
            z = network.forward(at, on)[0]
            return np.array([z[k][i, j] for k, i, j in kinks])

        def slope(at, lagrange=lagrange):
            return derivative(lambda t: np.array([lagrange(t)]), at, 1e-4)[0]

        gradients.append(slope(theta))
        kernel = np.linalg.svd(derivative(values, theta))[2][len(kinks) :].T
        forms.append(kernel @ kernel.T @ derivative(slope, theta, 1e-4) @ kernel @ kernel.T)
    assert np.ptp(gradients, axis=0).max() < 1e-6
    assert np.ptp(forms, axis=0).max() < 1e-4


def test_lemma_d13_and_theorem_d14_share_a_unit_down_to_a_dead_one():
    network, theta = example_d1()
    wide = shallow([1, -2], [2, -3], 7 / 5, 2, 1)
    *v, c, b, a = theta
    for angle in (0.3, 0.0):  # the second unit is dead at 0
        p, q = np.cos(angle), np.sin(angle)
        shared = np.array([p * v[0], p * v[1], q * v[0], q * v[1], p * c, q * c, b, a])
        assert wide.loss(shared) == pytest.approx(network.loss(theta))
        assert all(no_lower(wide, shared, scale) for scale in (1e-2, 1e-3))


def test_theorem_d14_counts_a_group_site_by_site_in_example_d4():
    _, theta = example_d1()
    wide = shallow([1, -2, -3], [2, -8, 5], 7 / 5, 2, 1)
    *v, c, b, a = theta
    live = np.array([*v, 0, 0, c, 0, b, a])
    # strict for the network without the dead unit, where D < mu < 0 holds for the sum (Lemma D5)
    narrow = shallow([1, -2, -3], [2, -8, 5], 7 / 5, 1, 1)
    assert all(no_lower(narrow, theta, scale) for scale in (1e-2, 1e-3))
    eps = 1e-3
    moved = live.copy()
    moved[2:4] = eps * np.array([-1, -2]) / np.sqrt(5)
    moved[5] = eps
    assert wide.loss(moved) - wide.loss(live) == pytest.approx(-0.908 * eps**2, rel=1e-2)


def test_lemma_d7_rotates_the_units_of_a_group():
    rng = RNG(3)
    U, E = (np.linalg.qr(rng.normal(size=(size, 2)))[0] for size in (3, 4))
    H, turn = np.diag([0.5, 2.0]), np.linalg.qr(rng.normal(size=(3, 2)))[0].T
    A, V = U @ np.sqrt(H) @ turn, turn.T @ np.sqrt(H) @ E.T
    G = 0.7 * U @ E.T  # singular value 0.7, twice
    assert np.allclose(A @ V, U @ H @ E.T)
    assert np.allclose(G @ V.T, 0.7 * A)
    assert np.allclose(G.T @ A, 0.7 * V.T)
    assert (A**2).sum() + (V**2).sum() == pytest.approx(2 * np.trace(H))


def test_lemma_d27_and_lemma_d24_project_the_gradient_of_a_row_to_its_boundary():
    """Sites at which the second row is 0 drop out; equal lengths would put it into the flat."""
    rng = RNG(2)
    for heights, rho in zip(rng.normal(size=(10, 5, 3)), rng.normal(size=(10, 5)), strict=True):
        zero = heights[[0, 3]]  # + in the first row at site 0, - at site 3
        P = np.eye(3) - np.linalg.pinv(zero) @ zero
        first = rho[[0, 1, 2]] @ heights[[0, 1, 2]]
        second = P @ (rho[[1, 2]] @ heights[[1, 2]])
        assert second == pytest.approx(P @ first)
        assert np.linalg.norm(second) < np.linalg.norm(first)


def fan(at, lam=0.2):
    """Psi of Theorem D22 and its gradient at (T_1, T_2, s, k); the first upper unit has a kink."""
    rng = RNG(5)
    x, y = np.sort(rng.normal(size=5)), 3 * rng.normal(size=5)
    ends = np.array([[1.0, 1.0], [0.2, 2.0]])
    rows, turn, kink = np.array([x > x[1], x < x[3]]), ends[1] - ends[0], 1
    T, s, k = np.array(at[:2]), at[2], at[3]
    e = ends[0] + k * turn
    heights, slopes = x * e[0] + e[1], x * turn[0] + turn[1]
    eta, eta_k = np.array([heights[kink], 0.0]), np.array([slopes[kink], 0.0])
    c1, c2 = s / (1 + s * eta**2), np.array([0.0, 1.0])
    phi = (heights - eta[:, None]) * rows
    H = lam * np.eye(5) + (phi.T * (T * c1)) @ phi + (rows.T * (T * c2)) @ rows
    rho = np.linalg.solve(H, y)
    a, beta = phi @ rho, rows @ rho
    a_k = ((slopes - eta_k[:, None]) * rows) @ rho
    by_s = e @ e - (T * a**2 / (1 + s * eta**2) ** 2).sum()
    by_k = 2 * s * e @ turn - 2 * (T * (c1 * a * a_k - c1**2 * eta * eta_k * a**2)).sum()
    gradient = np.array([*(1 - c1 * a**2 - c2 * beta**2), by_s, by_k])
    return s * e @ e + T.sum() + y @ rho, gradient, y @ y / (4 * lam), e @ e


def test_theorem_d22_gives_the_derivatives_of_widths_1_and_many():
    at = np.array([0.7, 1.3, 0.9, 0.4])
    numeric = derivative(lambda t: np.array([fan(t)[0]]), at)[0]
    assert fan(at)[1] == pytest.approx(numeric, rel=1e-6)


def fan_at(s):
    """T >= 0 that minimises for the scale s, and G."""
    found = minimize(
        lambda T: (fan([*T, s, 0.4])[0], fan([*T, s, 0.4])[1][:2]),
        np.ones(2),
        jac=True,
        bounds=[(0, None)] * 2,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10},
    ).x
    _, gradient, _, square = fan([*found, s, 0.4])
    return found, s**2 * (square - gradient[2])


def test_the_level_of_theorem_d22_rises_and_lemma_d23_bounds_its_scale():
    scales = np.geomspace(0.05, 5, 12)
    assert (np.diff([fan_at(s)[1] for s in scales]) > -1e-6).all()
    s = 5.0
    for _ in range(200):  # the monotone map of Theorem D22
        T, G = fan_at(s)
        _, _, bound, square = fan([*T, s, 0.4])
        s = np.sqrt(G / square)
    others = np.exp(RNG(1).normal(size=(100, 2)))
    assert min(fan([*t, s, 0.4])[0] for t in others) > fan([*T, s, 0.4])[0]
    assert fan([*T, s, 0.4])[1][2] == pytest.approx(0, abs=1e-5)
    assert 0 < s * square <= T.sum() <= bound


@pytest.mark.parametrize("dead", [False, True])
def test_lemma_d38_tells_from_any_guess_how_far_the_minimum_is(dead):
    """The minimum is made first: a random H rho = y in which all |Gamma| are 1, or one is less."""
    draw, n, lam = RNG(3), 5, 0.2
    counts = np.array([1.0, 2, 1, 1, 3])
    A = draw.normal(size=(2, n, 2))
    rho = draw.normal(size=n)
    for m in range(2):  # scaled so that |Gamma_m| is 1, or 1/2 for a unit that is dead
        A[m] /= np.linalg.norm(A[m].T @ rho) * (2 if dead and m else 1)
    T = np.array([1.5, 0.0 if dead else 0.4])
    K = A @ A.transpose(0, 2, 1)

    def matrix(squares):
        return np.diag(lam / counts) + np.tensordot(squares, K, 1)

    y = matrix(T) @ rho
    for _ in range(50):
        guess, near, x = np.abs(draw.normal(size=2)), draw.normal(size=n), draw.normal(size=(2, 2))
        gammas = np.einsum("mij,i->mj", A, near)
        xi = x - guess[:, None] * gammas
        omega = y - lam / counts * near - np.einsum("mij,mj->i", A, x - xi)
        t, delta = T - guess, rho - near
        left = delta @ (matrix(guess) + matrix(T)) @ delta
        right = t @ ((gammas**2).sum(1) - 1) + 2 * delta @ omega
        assert left <= right + 1e-9
        assert dead or left == pytest.approx(right)
        W = draw.normal(size=n)
        assert t @ (W @ K @ rho) == pytest.approx(W @ omega - W @ matrix(guess) @ delta)
        f = np.einsum("mij,mj->i", A, x)
        value = 2 * np.linalg.norm(x, axis=1).sum() + counts @ (y - f) ** 2 / lam
        assert 2 * T.sum() + lam / counts @ rho**2 <= value


def loss_of(layers, output, x, y, ridge):
    """Loss of a network: layers of rows (W, b)."""
    h = x
    for rows in layers:
        h = np.maximum(rows[:, :-1] @ h + rows[:, -1:], 0)
    penalty = sum((rows**2).sum() for rows in layers) + (output**2).sum()
    return ((y - output @ h) ** 2).sum() + ridge * penalty


def chain_on_one_site(norm, response, ridge):
    """The larger root u = a of 2u^4 ... for one active site: f = u^3 |x|, r = ridge / (u |x|)."""
    roots = np.roots([norm**2, 0, 0, -response * norm, ridge])
    return max(root.real for root in roots if abs(root.imag) < 1e-9)


@pytest.mark.parametrize("ridge", [0.01, 0.3])
def test_lemma_d46_holds_where_mirrored_inputs_gain_exactly_lambda(ridge):
    """Widths (2, 1) at x = 3 and -3: the unit along (3, 1) is live, the one along (-3, 1) gains
    lambda; with compensations by the bias of the upper unit no network nearby is lower."""
    x, y, norm = np.array([[3.0, -3.0]]), np.array([3.0, -1.0]), 10**0.5
    u = chain_on_one_site(norm, y[0], ridge)
    v = u * np.array([3.0, 1.0]) / norm
    r = ridge / (u * norm)
    assert y[0] - u**3 * norm == pytest.approx(r)
    assert -r * u < 0 < norm * r * u - ridge + 1e-9
    base = loss_of([v[None], np.array([[u, 0.0]])], np.array([u]), x, y, ridge)
    rng = RNG(0)
    for _ in range(2000):
        s, scale = 10 ** rng.uniform(-6, -2, 2)
        direction = np.array([-3.0, 1.0]) / norm + scale**0.5 * rng.normal(size=2)
        near = [v + scale * rng.normal(size=2), direction * s**0.5]
        b = s * norm * rng.uniform(0, 2)
        upper = np.array([[u + scale * rng.normal(), -(s**0.5), b]])
        output = np.array([u + scale * rng.normal()])
        assert loss_of([np.array(near), upper], output, x, y, ridge) > base - 1e-13


def test_lemma_d46_finds_a_way_down_where_the_form_is_negative():
    """One point x = 2, ridge 1, y = 6/5: the constant network f = 1/5, whose dead unit gains 1."""
    x, y, root = np.array([[2.0]]), np.array([1.2]), 0.2**0.5
    base = loss_of([np.zeros((1, 2)), np.array([[0.0, root]])], np.array([root]), x, y, 1.0)
    s = 1e-3
    q, p = s / (2 * root), s * (1 / root - 2 * root * root * 5**0.5) / (2 * 0.2)
    dw, db = (p + q) / 2, (p - q) / 2
    v = s**0.5 * np.array([[2.0, 1.0]]) / 5**0.5
    upper = np.array([[s**0.5, root + db]])
    assert loss_of([v, upper], np.array([root + dw]), x, y, 1.0) < base


@pytest.mark.parametrize("sizes", [(0.6, 0.8), (0.96, 0.28)])
def test_lemma_d44_lets_units_share_where_a_multiplier_is_0(sizes):
    """The upper unit is + at x = 2 and -1/2, with a negative weight; (2, 1) . (-1/2, 1) = 0, so
    the live unit along the first vanishes at the second: its multiplier there is 0, and D < 0."""
    x, y, ridge = np.array([[2.0, -0.5]]), np.array([1.0, 2.0]), 0.3
    first = np.array([2.0, 1.0]) / 5**0.5

    def stratum(z):
        return loss_of([z[0] * first[None], np.array([z[1:3]])], z[3:], x, y, ridge)

    found = minimize(stratum, [1.0, -1.0, 1.0, 1.0], method="BFGS", options={"gtol": 1e-11}).x
    base, (size, W, b, w) = stratum(found), found
    residual = y - w * (b + W * np.array([size * 5**0.5, 0.0]))
    assert b + W * size * 5**0.5 > 0
    assert residual[1] * w * W < 0
    rng = RNG(1)
    for _ in range(2000):
        scale = 10 ** rng.uniform(-4, -1)
        units = [p * size * first + scale * rng.normal(size=2) for p in sizes]
        upper = np.array(
            [[*(p * W + scale * rng.normal() for p in sizes), b + scale * rng.normal()]]
        )
        output = np.array([w + scale * rng.normal()])
        assert loss_of([np.array(units), upper], output, x, y, ridge) > base - 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_lemma_d45_splits_are_as_good_as_several_dead_units_are_bad(seed):
    """A group of three sites with D <= 0 and random shifts: min over splits = max over mixtures."""
    rng = RNG(seed)
    D, shifts = -rng.uniform(0.2, 2, 3), rng.normal(size=(40, 3))
    total = D.sum() * rng.uniform(0.2, 0.8)

    def gain(xi):
        """The formula of Theorem D14(c)."""
        return max(total * z + (D * np.maximum(xi - z, 0)).sum() for z in xi)

    split = linprog(
        [0, 0, 0, 1],
        A_ub=np.hstack([shifts, -np.ones((40, 1))]),
        b_ub=np.zeros(40),
        A_eq=[[1, 1, 1, 0]],
        b_eq=[total],
        bounds=[*((d, 0) for d in D), (None, None)],
    )
    mixture = -split.ineqlin.marginals
    assert mixture.sum() == pytest.approx(1)
    assert (mixture > 1e-9).sum() <= 3  # the splits have two dimensions
    assert gain(mixture @ shifts) == pytest.approx(split.fun)
    assert all(gain(m @ shifts) <= split.fun + 1e-9 for m in rng.dirichlet(np.ones(40), 50))
