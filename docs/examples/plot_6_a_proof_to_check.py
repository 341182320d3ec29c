"""
Why should I believe it?
========================

"No minimum is missing" is a strong claim by a long program. So it comes with a certificate, and a
checker that shares no code with the solver. A colleague gets one file and runs one command.

The data are the five points of Fukasaku, Kabata and Okuno (arXiv:2508.17783), with two units and
their ridge, 1/100.
"""

import json
import re
import subprocess
import sys
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import sympy

plt.style.use("tableau-colorblind10")

data = """x,y
-17/100,5/100
44/100,102/100
-100/100,61/100
-40/100,-36/100
-71/100,-132/100
"""

folder = TemporaryDirectory()
here = Path(folder.name)
here.joinpath("data.csv").write_text(data)


def reluenum(*arguments):
    """Run a command as in a terminal; show it, what it prints and its exit code."""
    command = [sys.executable, "-m", "reluenum", *arguments]
    ended = subprocess.run(command, cwd=here, capture_output=True, text=True)
    print("$ reluenum", *arguments)
    print(ended.stdout + ended.stderr + f"exit code {ended.returncode}\n")
    return ended


# %%
# The file and its check
# ----------------------
# ``--exact`` adds the minimal polynomial of each loss.

options = "--width 2 --ridge 1/100 --engine certified --exact --quiet --output minima.json"
made = reluenum("minima", "data.csv", *options.split())
checked = reluenum("verify", "minima.json", "data.csv")
assert made.returncode == checked.returncode == 0

# %%
# The line *proved* says on what the list rests. A record is a set of faces, the ways in which units
# can be on or off on the data, and what became of it: no stationary network there, one that can be
# improved, one that can be written with fewer units, or a minimum.

records = {
    kind: int(number)
    for number, kind in re.findall(r"(\d+) (\w+)", re.search(r"\((.*?)\)", checked.stdout)[1])
}
labels = {
    "leaves": "no stationary network",
    "descends": "stationary, not a minimum",
    "reducible": "fewer units do the same",
    "minimum": "a minimum",
}
print(records, "add up to", sum(records.values()))
assert sum(records.values()) == 153

figure, axis = plt.subplots(figsize=(6.5, 2.2), layout="constrained")
bars = axis.barh([labels[kind] for kind in records], records.values(), color="C0")
axis.bar_label(bars, padding=3)
axis.set(xlabel="sets of faces", xlim=(0, 100))
axis.invert_yaxis()
plt.show()

# %%
# What became of the 153 sets of at most two faces. Each has its record, so nothing can be left out.
#
# A check of one's own
# --------------------
# The losses are algebraic numbers. SymPy counts the roots of the best one's minimal polynomial in
# the interval of the document, by Sturm's theorem.

document = json.loads((here / "minima.json").read_text())
best = document["components"][0]
t = sympy.Symbol("t")
polynomial = sympy.Poly([int(c) for c in reversed(best["loss_minimal_polynomial"])], t)
low, high = (sympy.Rational(end) for end in best["loss_interval"])
print(polynomial.as_expr())
print("irreducible:", polynomial.is_irreducible)
print("loss", best["loss"], "- roots in its interval:", polynomial.count_roots(low, high))
assert polynomial.is_irreducible
assert polynomial.count_roots(low, high) == 1
assert high - low < sympy.Rational(1, 10**29)

# %%
# Eight lies
# ----------
# Somebody edits the file: a minimum is left out, a flag is turned, a digit is changed, a number of
# the data.


def lie(name, change):
    """Write a changed document, and return what the checker says of it."""
    false = deepcopy(document)
    change(false, false["components"])
    assert false != document
    (here / f"{name}.json").write_text(json.dumps(false))
    return reluenum("verify", f"{name}.json")


def larger(text):
    """Return a number with its last digit increased."""
    return text[:-1] + str((int(text[-1]) + 1) % 10)


lies = {
    "left-out": lambda document, minima: minima.pop(),
    "invented": lambda document, minima: minima.append(minima[-1]),
    "flag": lambda document, minima: minima[1].update(global_at_width=True),
    "digit": lambda document, minima: minima[0].update(loss=larger(minima[0]["loss"])),
    "dimension": lambda document, minima: minima[3].update(dimension=0),
    "data": lambda document, minima: document["problem"]["y"].__setitem__(0, "6/100"),
    "ridge": lambda document, minima: document["problem"].update(ridge="1/99"),
    "counts": lambda document, minima: document["enumeration"].update(stationary=44),
}
codes = {name: lie(name, change).returncode for name, change in lies.items()}
assert len(codes) == 8
assert set(codes.values()) == {1}

# %%
# All of them are refused, and the message says where. Other data than a colleague has are noticed,
# too, as the second argument of ``verify`` is the data file:

other = here / "other.csv"
other.write_text(data.replace("61/100", "62/100"))
assert reluenum("verify", "minima.json", "other.csv").returncode != 0
folder.cleanup()

# %%
# The loss of the best network, enclosed to 30 digits:

print("a decimal with", len(best["loss"].partition(".")[2]), "digits")
print(Fraction(best["loss_interval"][0]), "<= loss <=", Fraction(best["loss_interval"][1]))

# %%
# What remains to be believed is the theory (not refereed), the checker, which is short enough to be
# read, and Python. Read on: :doc:`/certificate` has the format and how to write another checker,
# :doc:`/theory` the statements.
