"""
What does the penalty do to my minima?
======================================

The ridge is chosen by hand, by cross-validation, by habit. As it grows, minima move, bend at
another data point, vanish. Here is all that happens to two units between 1/1000 and 100.

The data are Galileo's: how far a ball flies after rolling down a ramp, by the height of the start
(working papers of 1608; figures as in S. Drake, *Galileo at Work*, 1978). Heights are in thousands
of punti, distances in hundreds.
"""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

plt.style.use("tableau-colorblind10")

data = """x,y
0.1,2.53
0.2,3.37
0.3,3.95
0.45,4.51
0.6,4.95
0.8,5.34
1,5.73
"""

# %%
# One command
# -----------
# At each of the ridges of a grid the list of minima is complete. Where two neighbouring lists
# differ, bisection encloses what happened in between. (Two events between neighbours that undo each
# other are not seen: ``--points`` makes the grid finer.)

with TemporaryDirectory() as folder:
    here = Path(folder)
    here.joinpath("galileo.csv").write_text(data)
    command = "path galileo.csv --width 2 --ridge 1/1000:100 --points 13 --output path.json"
    print("$ reluenum", command)
    line = [sys.executable, "-m", "reluenum", *command.split(), "--quiet"]
    subprocess.run(line, cwd=folder, check=True)
    path = json.loads(here.joinpath("path.json").read_text())

print(len(path["problem"]["y"]), "points,", len(path["ridges"]), "ridges with a complete list")
print(len(path["events"]), "events")
brackets = [(Fraction(event["low"]), Fraction(event["high"])) for event in path["events"]]
width = max((high - low) / low for low, high in brackets)
print(f"each of them known to a share of {float(width):.0e} of the ridge")

# %%
# What happens
# ------------
# Units are named by the signs of their pre-activations on the seven points.


def faces(support):
    return " and ".join(group["face"] for group in support or []) or "-"


events = [
    (float(Fraction(event["low"])), change["kind"], faces(change["before"]), faces(change["after"]))
    for event in path["events"]
    for change in event["changes"]
]
for ridge, kind, before, after in events:
    print(f"{ridge:11.7f}  {kind:26} {before:20} {after}")

kinds = [kind for _, kind, *_ in events]
assert kinds[-1] == "a unit dies"
assert round(events[-1][0], 2) == 34.87

# %%
# Each of these minima has a unit that is on at all seven points, a straight line, and all but one
# have a second unit that bends it between two points. As the ridge grows the bent ones disappear,
# first those that bend near an end of the data. Two of them change before: the kink is caught by a
# data point and stays there, so that the fit bends *exactly* at that height for a whole interval of
# ridges. In the end the straight line is left alone, and beyond 34.87 the zero network.

figure, axis = plt.subplots(figsize=(7.5, 4), layout="constrained")
looks = {
    0: ("C2", ":", "zero network"),
    1: ("C1", "--", "one kind of unit"),
    2: ("C0", "-", "two kinds"),
}
labelled = set()
for branch in path["branches"]:
    ridges = [float(Fraction(sample["ridge"])) for sample in branch["samples"]]
    losses = [float(sample["loss"]) for sample in branch["samples"]]
    colour, style, label = looks[len(branch["support"])]
    axis.plot(ridges, losses, style, color=colour, label=None if label in labelled else label)
    labelled.add(label)
    best = [sample["global_at_every_width"] for sample in branch["samples"]]
    axis.plot(ridges, np.where(best, losses, np.nan), color=colour, linewidth=5, alpha=0.3)
    if ridges[-1] < 100:
        axis.plot(ridges[-1], losses[-1], "o", color=colour, markerfacecolor="white")
axis.set(xlabel="ridge", ylabel="loss", xscale="log", yscale="log")
axis.legend()
plt.show()

# %%
# Loss of every local minimum against the ridge. A circle is where a branch ends; a broad line is
# where no network of any width does better.

always = [
    faces(branch["support"])
    for branch in path["branches"]
    if any(sample["global_at_every_width"] for sample in branch["samples"])
]
print("global at every width somewhere:", always)

# %%
# Read on: :doc:`/tutorial` draws this diagram with ``--figure`` and makes a page with a slider of
# it, ``reluenum explore``; section 16 of :doc:`/theory` says what an event is; ``--exact`` gives
# the algebraic number behind each of them.
