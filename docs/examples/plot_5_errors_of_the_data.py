"""
How much error do my data allow?
================================

Measurements have errors. Does a minimum survive them, or does it owe its life to the third digit?
Every minimum has a radius: targets that are nearer than that have it, too.

The data are Galileo's: how far a ball flies after rolling down a ramp, by the height of the start
(working papers of 1608; figures as in S. Drake, *Galileo at Work*, 1978). Heights are in thousands
of punti, distances in hundreds. He wrote whole punti, so that a rounding error is at most half of
one: 0.005 here.
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np

from reluenum import Problem, enumerate_minima

plt.style.use("tableau-colorblind10")

heights = [0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1]
distances = [2.53, 3.37, 3.95, 4.51, 4.95, 5.34, 5.73]

problem = Problem.from_arrays(heights, distances, width=2, ridge="1/100")
landscape = enumerate_minima(problem, engine="certified")
print(landscape)

# %%
# Half a punto, and five
# ----------------------
# The question has an answer for each minimum: it *persists*, whatever errors up to the bound there
# are; it *ends at some of them*; or the two bounds of its radius do not tell.

columns = ["index", "radius", "at_most", "event", "under_errors"]
for error in (0.005, 0.05):
    print(f"errors up to {error * 100:g} punti:")
    print(landscape.stability(errors=error).frame()[columns].to_string(index=False))

stability = landscape.stability(errors=0.05)
verdicts = [record["under_errors"] for record in stability.components]
assert verdicts == ["persists", "persists", "ends at some of them", "persists"]

# %%
# Five punti are nothing to the first two minima and to the fourth, the straight line; the third one
# is a matter of luck.
#
# The proof of the pudding
# ------------------------
# For each minimum the document has targets at which it is gone. Take those of the third one, and
# make the list again.


def supports(found):
    """Return for each minimum the signs of its units, on the data and in front of the output."""
    return [
        frozenset((unit["face"], unit["sign"]) for unit in minimum["strata"][0]["support"])
        for minimum in found.document["components"]
    ]


third = stability.components[2]
moved = Problem.from_arrays(heights, third["nearest"]["y"], width=2, ridge="1/100")
elsewhere = enumerate_minima(moved, engine="certified")
shift = [float(v) - u for u, v in zip(distances, map(float, moved.targets), strict=True)]
print("moved by", np.round(np.array(shift) * 100, 2), "punti")
print(len(landscape), "minima before,", len(elsewhere), "after")
names = supports(landscape)
assert names[2] not in supports(elsewhere)

# %%
# Luck, counted
# -------------
# Thirty times, errors that are uniform up to five punti, and the whole list for each.

rng = np.random.default_rng(1608)
counts = Counter()
for errors in rng.uniform(-0.05, 0.05, size=(30, 7)).round(4):
    noisy = [round(y + e, 4) for y, e in zip(distances, errors.tolist(), strict=True)]
    again = Problem.from_arrays(heights, noisy, width=2, ridge="1/100")
    counts.update(supports(enumerate_minima(again, engine="certified")))
kept = [counts[name] for name in names]
print("times that each minimum was there:", kept)
print("other minima that came and went:", len(counts) - len(names))
assert kept[:2] == [30, 30]
assert kept[3] == 30

# %%
# Those that have to persist did, all 30 times.

figure, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
places = np.arange(1, len(names) + 1)
low, high = (
    np.array([float(value) for value in values])
    for values in (
        [record["radius"] for record in stability.components],
        [record["nearest"]["distance"] for record in stability.components],
    )
)
axis.hlines(places, low, high, color="C0", linewidth=2)
axis.plot(low, places, ">", color="C0", label="persists below (proved)")
axis.plot(high, places, "x", color="C5", label="ends at targets this far (proved)")
for punti, style in ((0.5, ":"), (5, "--")):
    distance = punti / 100 * np.sqrt(7)
    axis.axvline(distance, color="C3", linestyle=style, label=f"all off by {punti:g} punti")
axis.set(xlabel="distance of the targets", ylabel="minimum", xscale="log", yticks=places)
axis.invert_yaxis()
axis.legend(fontsize=8)
plt.show()

# %%
# Each minimum ends somewhere between its two marks. Distances are Euclidean, over all seven
# targets.
#
# Read on: :doc:`/stability`; Lemmas 70 to 73 in section 21 of :doc:`/theory` prove it.
