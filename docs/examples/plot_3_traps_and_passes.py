"""
Which minima are traps, and where are the passes?
=================================================

A local minimum can be a shallow dent or a deep trap. The depth is the least rise that every way out
has to take, and it can be computed: the landscape of a small network has a finite graph with the
same basins and passes.

The data are Galileo's: how far a ball flies after rolling down a ramp, by the height of the start
(working papers of 1608; figures as in S. Drake, *Galileo at Work*, 1978). Heights are in thousands
of punti, distances in hundreds.
"""

from fractions import Fraction
from itertools import pairwise, permutations

import matplotlib.pyplot as plt
import numpy as np

from reluenum import Problem, enumerate_minima

plt.style.use("tableau-colorblind10")

heights = [0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1]
distances = [2.53, 3.37, 3.95, 4.51, 4.95, 5.34, 5.73]

# %%
# Minima and basins
# -----------------

problem = Problem.from_arrays(heights, distances, width=2, ridge="1/100")
landscape = enumerate_minima(problem, engine="certified")
print(landscape)
basins = landscape.basins()
basins

# %%
# In the tree, a vertical line is a basin: it begins at the loss of its minimum and ends where it
# joins a better one. The same as a table, numbered from 1:

table = basins.frame()[["index", "loss", "basin", "depth", "joins", "event"]]
print(table.to_string(index=False))
deep, shallow = (float(basins.components[k]["depth"]) for k in (1, 2))
assert round(deep, 4) == 0.4019
assert round(shallow, 5) == 0.00016

# %%
# Of the four minima three are basins. The second one is a trap of depth 0.4019, more than its loss:
# to leave it, a unit has to *die* and to grow again elsewhere. The third one is a dent of depth
# 0.00016, which a unit leaves by crossing a data point (a *kink*). The fourth one is an arc of
# networks with one fit; at its ends a unit is zero, and the way is open.
#
# Two ways out of the trap
# ------------------------
# Everybody's first idea is the straight line between the weights of two minima. Here is the loss
# along it, for the better one of the two orders of the units, and along the path of the document,
# on which each corner is a rational network.

X, y = np.array(heights), np.array(distances)


def loss(a, v):
    """Return the loss of the network with weights a, (2,), and units v = (b, c), (2, 2)."""
    hidden = np.maximum(np.outer(X, v[:, 0]) + v[:, 1], 0)
    return ((hidden @ a - y) ** 2).sum() + 0.01 * ((a**2).sum() + (v**2).sum())


def weights(minimum):
    network = minimum.network
    return network.weights, np.column_stack([network.slopes, network.offsets])


def along(start, stop, steps=200):
    """Return the losses on the straight line between two networks."""
    return np.array(
        [
            loss(*((1 - t) * one + t * other for one, other in zip(start, stop, strict=True)))
            for t in np.linspace(0, 1, steps)
        ]
    )


trap, best = weights(landscape[1]), weights(landscape[0])
lines = [along(trap, (best[0][order], best[1][order])) for order in map(list, permutations([0, 1]))]
straight = min(lines, key=max)

# %%
# A point of the path has for each unit the vector :math:`z = |a|\,v`, which determines it, as
# :math:`|a| = |v|` is cheapest. Between neighbours the path is straight in these coordinates, and
# the loss is convex there: so nowhere is it higher than at the corners.


def network(z, signs):
    size = np.linalg.norm(z, axis=1)
    roots = np.sqrt(size)
    return signs * roots, z / np.where(roots > 0, roots, 1)[:, None]


(path,) = basins.merges[1]["paths"]
units = [point["units"] for point in path["points"]]
corners = [np.array([[float(Fraction(e)) for e in u["z"]] for u in point]) for point in units]
losses = []
for (one, left), (other, right) in pairwise(zip(corners, units, strict=True)):
    signs = np.array([p["sign"] or q["sign"] for p, q in zip(left, right, strict=True)])
    for t in np.linspace(0, 1, 60):
        losses.append(loss(*network((1 - t) * one + t * other, signs)))
barrier = float(basins.components[1]["barrier"])
print(f"highest loss on the straight line: {straight.max():.4f}")
print(f"highest loss on the path:          {max(losses):.4f}")
print(f"barrier, proved to be the least:   {barrier:.4f}")
assert abs(max(losses) - barrier) < 1e-6 < straight.max() - barrier

# %%

figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
axis.plot(np.linspace(0, 1, len(straight)), straight, "--", color="C1", label="straight line")
axis.plot(np.linspace(0, 1, len(losses)), losses, "-", color="C0", label="certified path")
axis.axhline(barrier, color="C3", linewidth=0.8)
axis.text(0.02, barrier, "barrier", color="C3", va="bottom")
axis.plot([0, 1], [straight[0], straight[-1]], "o", color="C3")
axis.set(xlabel="way from the trap to the best minimum", ylabel="loss", yscale="log")
axis.minorticks_off()
axis.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
axis.legend()
plt.show()

# %%
# The loss on both ways. The path touches the barrier and no more; that no way is lower follows from
# the complete list.
#
# Read on: :doc:`/basins`; the theorem is Theorem G in section 19 of :doc:`/theory`.
