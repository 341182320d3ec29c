"""
Is my optimum global, and at which width?
=========================================

"Wide networks have no bad minima" is a statement about some width. Which one is it for given data?
A list for all widths at once answers it.

The data are the five points of Fukasaku, Kabata and Okuno (arXiv:2508.17783), the ridge is theirs,
1/100.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from reluenum import Problem, enumerate_minima, read_landscape

plt.style.use("tableau-colorblind10")

x = ["-17/100", "44/100", "-1", "-40/100", "-71/100"]
y = ["5/100", "102/100", "61/100", "-36/100", "-132/100"]

# %%
# Two units
# ---------
# Every component of local minima says whether it is the best at its width, and whether any network
# of any width does better. The best network of two units is not the end of the story.

problem = Problem.from_arrays(x, y, width=2, ridge="1/100")
landscape = enumerate_minima(problem, engine="certified")
print(landscape.frame()[["loss", "kind", "global_at_width", "global_at_every_width"]].to_string())

# %%
# All widths
# ----------
# A minimum of some width is, up to the ways to share the work, a minimum of every larger one, or
# ends there; and beyond finitely many units there is nothing new. So there is a list for all
# widths, with a certificate. It is made by the command; the first line writes the data.

folder = TemporaryDirectory()
here = Path(folder.name)
here.joinpath("data.csv").write_text("\n".join(["x,y", *map(",".join, zip(x, y, strict=True))]))


def reluenum(*arguments):
    """Run a command as in a terminal, and show it."""
    print("$ reluenum", *arguments)
    command = [sys.executable, "-m", "reluenum", *arguments]
    print(subprocess.run(command, cwd=here, check=True, capture_output=True, text=True).stdout)


options = ["--width", "all", "--ridge", "1/100", "--engine", "certified", "--quiet"]
reluenum("minima", "data.csv", *options, "--output", "all.json")
reluenum("verify", "all.json")

# %%
# Each entry says which units are on, on which points, and how many different units that takes.

every = read_landscape(here / "all.json")
table = every.frame()[["loss", "width_min", "support", "global_at_every_width"]]
print(table.to_string())
assert len(every) == 20
assert every[0].global_at_every_width

# %%
# The width at which the traps end
# --------------------------------
# From the list follow the basins at each width: minima that cannot be left without a rise.

widths = every.basins().document["every_width"]
for row in widths["widths"]:
    print("width", row["width"], "basins", row["basins"], "of these traps", row["isolated"])
print("last width with a trap:", widths["last_trap"])
print("one basin from width:", widths["connected_from"]["up_to_permutation"])
print("units that the best network needs:", widths["global"]["smallest"])
assert widths["last_trap"] == 5
assert widths["global"]["smallest"] == 4

# %%
# So for these data and this ridge four units reach a loss that no width improves, and with four and
# five units there are still traps. From six units on there is one basin: from every network a way
# leads to the least loss that is nowhere higher than where it began.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
losses = table["loss"].astype(float)
optimal = table["global_at_every_width"]
left.axhline(losses.min(), color="C2", linewidth=1)
left.plot(table["width_min"][~optimal], losses[~optimal], "o", color="C0", label="other minima")
left.plot(table["width_min"][optimal], losses[optimal], "*", color="C5", markersize=13)
left.annotate("global at every width", (4, losses.min()), (3.35, 0.02), color="C5")
left.set(xlabel="number of different units", ylabel="loss", ylim=(-0.1, 3.3))
left.set_xticks(range(1, 6))
left.legend()
numbers = [row["width"] for row in widths["widths"]]
traps = [row["isolated"] for row in widths["widths"]]
best = [row["global"] for row in widths["widths"]]
right.bar(numbers, traps, color="C0", label="traps")
right.bar(numbers, best, bottom=traps, color="C5", hatch="//", label="global at every width")
right.set(xlabel="width", ylabel="basins", xticks=numbers)
right.legend(loc="upper left")
plt.show()
folder.cleanup()

# %%
# Left: every locally minimal set of units, by its size. Right: basins at each width; up to three
# units the best basin, too, is improved by a wider network.
#
# Read on: :doc:`/theory`, sections 7, 8 and 19, has the theorems, :doc:`/basins` the keys of the
# document, :doc:`/convex` the convex program that knows the least loss over all widths.
