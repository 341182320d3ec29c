"""
How many minima has my regression?
==================================

Training from random starts gives several answers. How many are there, and is the best one among
them? Here is the whole list for two hidden units and a real data set, and then what training
finds of it.

The data are the deaths from preventable disease in the British army in the East, a month (April
1854 to March 1856, from F. Nightingale, *A Contribution to the Sanitary History of the British Army
during the Late War with Russia*, 1859).
"""

from collections import Counter
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

from reluenum import Problem, enumerate_minima

plt.style.use("tableau-colorblind10")

deaths = [1, 12, 11, 359, 828, 788, 503, 844, 1725, 2761, 2120, 1205]
deaths += [477, 508, 802, 382, 483, 189, 128, 178, 91, 42, 24, 15]
months = range(-9, 15)  # since January 1855

# %%
# The problem
# -----------
# Years and thousands of deaths keep the numbers near 1. They are fractions, so nothing is rounded.
# The network is :math:`f(x) = m + \sum_l a_l\,\mathrm{relu}(b_l x + c_l)` with two units; the loss
# is the sum of squared residuals and a tenth of the sum of squares of all weights but :math:`m`.

years = [Fraction(month, 12) for month in months]
thousands = [Fraction(death, 1000) for death in deaths]
problem = Problem.from_arrays(years, thousands, width=2, ridge="1/10", output_bias="free")
landscape = enumerate_minima(problem, engine="certified")
landscape

# %%
# All of them
# -----------
# The list is complete: that is a theorem about these numbers, not a statement about many starts.
# A local minimum is a point or, where two units share their work, a whole arc of networks with one
# and the same fit; such an arc counts once.

print("complete:", landscape.is_complete)
print("minima:", len(landscape))
print("isolated:", sum(minimum.dimension == 0 for minimum in landscape))
print("with a kink exactly at a month:", sum(minimum.on_boundary for minimum in landscape))
assert len(landscape) == 14

# %%
# They are 14 different explanations of the same 24 months. In each panel, the title is the loss.

grid = np.linspace(float(years[0]), float(years[-1]), 200)
figure, axes = plt.subplots(2, 7, figsize=(10, 3.6), sharex=True, sharey=True, layout="constrained")
for place, (minimum, panel) in enumerate(zip(landscape, axes.flat, strict=True)):
    panel.plot(years, thousands, ".", color="C2", markersize=4)
    panel.plot(grid, minimum.predict(grid), "-" if minimum.dimension == 0 else "--", color="C0")
    panel.set_title(f"{place + 1}: {float(minimum.loss):.3f}", fontsize=9)
figure.supxlabel("years since January 1855")
figure.supylabel("deaths, thousands a month")
plt.show()

# %%
# Every local minimum, best first. Points are the data; a dashed line is a fit that an arc of
# networks shares.
#
# What training finds
# -------------------
# Fifty random starts, each followed by SciPy's L-BFGS, and each end looked up in the list with
# ``landscape.locate``.

X, y, ridge = np.array(years, dtype=float), np.array(thousands, dtype=float), 0.1


def loss_and_gradient(parameters):
    a, b, c, m = parameters[:2], parameters[2:4], parameters[4:6], parameters[6]
    heights = np.outer(X, b) + c
    hidden = np.maximum(heights, 0)
    residual = hidden @ a + m - y
    back = residual[:, None] * (heights > 0) * a
    slopes = hidden.T @ residual + ridge * a, X @ back + ridge * b, back.sum(0) + ridge * c
    penalty = ridge * (parameters[:6] @ parameters[:6])
    return residual @ residual + penalty, 2 * np.concatenate([*slopes, [residual.sum()]])


starts = np.random.default_rng(1855).normal(size=(50, 7))
ends = [minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B") for start in starts]
found = [landscape.locate(e.x[:2], e.x[2:4, None], e.x[4:6], e.x[6]) for e in ends]
print(Counter(location.kind for location in found))

best = float(landscape[0].loss)
print(f"best minimum {best:.4f}, best end {min(end.fun for end in ends):.4f}")
assert all(end.fun > best - 1e-9 for end in ends)

# %%
# No end is below the best minimum of the list, as it has to be. Ends that are no minimum are of two
# kinds: saddles, where a unit has died, and points on the way down, where L-BFGS stalled because
# the loss has a kink.

at = Counter(end.component for end in found if end.kind == "minimum")
below = Counter(end.component for end in found if end.kind == "not stationary")
places = np.arange(len(landscape))
ended, stalled = (np.array([count[k] for k in places]) for count in (at, below))
print("minima without an end:", int(sum(ended + stalled == 0)), "of", len(landscape))

figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
axis.bar(places + 1, ended, color="C0", label="ended there")
axis.bar(places + 1, stalled, bottom=ended, color="C1", hatch="//", label="stalled above it")
axis.set(xlabel="minimum, best first", ylabel="runs of 50", xticks=places + 1)
axis.legend()
plt.show()

# %%
# How often each minimum was reached. A minimum without a bar exists all the same: its network is in
# the list, and no number of runs would have told that the list is complete.
#
# Read on: :doc:`/reading` explains every word of the result, :doc:`/practice` compares optimisers,
# :doc:`/trained` looks up networks of scikit-learn, Keras and PyTorch.
