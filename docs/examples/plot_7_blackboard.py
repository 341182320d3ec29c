r"""
What do I write on the blackboard?
==================================

A landscape that fits on a blackboard: three points, one unit, and no number that is not a fraction.
The points are (0, 1), (1, 0), (2, 1). The network is
:math:`f(x) = m + a\,\mathrm{relu}(bx + c)`, and the loss

.. math::

   \Phi = \sum_i (y_i - f(x_i))^2 + \tfrac18\,(a^2 + b^2),

as in scikit-learn without a penalty on the biases :math:`m` and :math:`c`. First by hand, then by
program.
"""

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

from reluenum import Problem, enumerate_minima

plt.style.use("tableau-colorblind10")

x, y, ridge = [0, 1, 2], [1, 0, 1], Fraction(1, 8)

# %%
# By hand: the constant
# ---------------------
# Without a unit, :math:`m` is the mean.

mean = Fraction(sum(y), len(y))
flat = [value - mean for value in y]
print("m =", mean, " residuals:", *flat, " loss:", sum(r**2 for r in flat))

# %%
# By hand: one unit
# -----------------
# Let :math:`r_i` be the residuals, :math:`\sum_i r_i = 0` as :math:`m` is free, and
#
# .. math::
#
#    P(k) = \sum_i r_i\,(x_i - k)_+,\qquad N(k) = \sum_i r_i\,(k - x_i)_+ .
#
# With :math:`a, b > 0` and the kink :math:`k = -c/b` kept where it is, a unit adds
# :math:`ab\,(x - k)_+`, and the derivatives of the loss by :math:`a` and :math:`b` are
# :math:`2(\tfrac18 a - b P(k))` and :math:`2(\tfrac18 b - a P(k))`. Both are 0 exactly when
# :math:`a = b` and :math:`P(k) = \tfrac18`. Then the unit is :math:`q\,(x - k)_+` with
# :math:`q = a^2`, at the price :math:`2\cdot\tfrac18 q`. With the kink at the middle point,
# :math:`P(1) = r_3`. So
#
# .. math::
#
#    r_3 = \tfrac18,\quad r_1 = 1 - m,\quad r_2 = -m,\quad r_1 + r_2 + r_3 = 0.

r3 = ridge
m = (1 + r3) / 2
q = y[2] - m - r3
residuals = [1 - m, -m, r3]
loss = sum(r**2 for r in residuals) + 2 * ridge * q
print("m =", m, " q =", q, " residuals:", *residuals, " loss:", loss)
assert sum(residuals) == 0
assert (m, q, loss) == (Fraction(9, 16), Fraction(5, 16), Fraction(77, 128))

# %%
# The mirror image, on to the left of the kink, costs the same.
#
# By program
# ----------

options = {"ridge": "1/8", "output_bias": "free", "hidden_bias": "free"}
problem = Problem.from_arrays(x, y, width=1, **options)
landscape = enumerate_minima(problem)
print(landscape)
exact = [Fraction(minimum["loss_exact"]) for minimum in landscape.document["components"]]
assert exact == [loss, loss, Fraction(2, 3), Fraction(2, 3)]

# %%
# There are four: the two by hand, and the constant *twice*, with a dead unit, :math:`a = b = 0`,
# that is off at all points (:math:`c < 0`) or on (:math:`c > 0`). Is the constant really a local
# minimum, although a unit improves it? With small :math:`a` and :math:`b` the unit is still off at
# all points, and only the penalty sees it; or it is a straight line, of which these data have none.
# Training does end there.
#
# When another unit pays
# ----------------------
# The kinks of stationary units are where :math:`P` or :math:`N` has the absolute value 1/8, at an
# input or in a gap where it is flat. A network is global at *every* width if no value is larger:
# then no unit that one could add would pay.

grid = np.linspace(0, 2, 201)


def right_and_left(residual, k):
    """Return P and N."""
    pairs = [(float(r), p) for r, p in zip(residual, x, strict=True)]
    return (
        sum(r * np.maximum(p - k, 0) for r, p in pairs),
        sum(r * np.maximum(k - p, 0) for r, p in pairs),
    )


wider = enumerate_minima(problem.with_width(2))
print(wider)
losses = [Fraction(minimum["loss_exact"]) for minimum in wider.document["components"]]
assert losses[0] == Fraction(13, 32)
both = [Fraction(1, 8), Fraction(-1, 4), Fraction(1, 8)]
print("residuals with two units:", *both)

# %%
# With a second unit the best loss is 13/32, with the residuals 1/8, -1/4, 1/8, and no third unit
# pays.

figure, axes = plt.subplots(2, 3, figsize=(9, 4.6), sharex=True, sharey="row", layout="constrained")
shown = {
    "constant": (landscape[2], flat),
    "one unit": (landscape[1], residuals),
    "two units": (wider[0], both),
}
for (name, (minimum, residual)), (above, below) in zip(shown.items(), axes.T, strict=True):
    assert np.allclose(np.array(y) - minimum.predict(x), np.array(residual, dtype=float))
    above.plot(x, y, "o", color="C3")
    above.plot(grid, minimum.predict(grid), color="C0")
    above.set_title(name)
    right, left = right_and_left(residual, grid)
    below.axhspan(-1 / 8, 1 / 8, color="C2", alpha=0.3)
    below.plot(grid, right, "-", color="C0", label="P: on to the right")
    below.plot(grid, left, "--", color="C5", label="N: on to the left")
    below.set_xlabel("input, and kink k")
axes[0, 0].set_ylabel("data and fit")
axes[1, 0].set_ylabel("gain of a unit")
axes[1, 0].legend(fontsize=8)
plt.show()

# %%
# Above the fits, below :math:`P` and :math:`N`; the band is what the ridge allows. Outside of it a
# unit would pay (left, middle); a unit sits where its curve touches the edge (middle, right); if
# both stay inside, the network is global at every width (right). Of a symmetric fit the two curves
# are one.
#
# Read on: section 24 of :doc:`/theory` proves this for any number of points; sections 10 and 24.5
# have more examples for a blackboard. :doc:`/weight_decay` says which library penalises what.
