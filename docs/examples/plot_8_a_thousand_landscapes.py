"""
And a thousand landscapes?
==========================

One landscape is an anecdote. A statement such as "with a larger penalty fewer data sets have bad
minima" is about many, and for these there is a workflow: one configuration, as many jobs as there
are cores or nodes, tables at the end. Here are 500 landscapes on this machine, and then what
changes on a cluster.

The workflow is not in the wheel but in the repository: get a clone and install it with
``pip install -e .``, or let the variable ``RELUENUM_SOURCE`` name the clone.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import reluenum

plt.style.use("tableau-colorblind10")

source = Path(os.environ.get("RELUENUM_SOURCE", Path(reluenum.__file__).parents[1]))
if not (source / "Snakefile").exists():
    sys.exit("no workflow here: set RELUENUM_SOURCE to the folder of a clone")

# %%
# The configuration
# -----------------
# Random data sets of three points, by 125 seeds, with one and two units, at two ridges. ``sweep``
# puts data sets that differ in their seed only into one job; ranges and lists are multiplied out.
# Ridges are text, so that nothing rounds them.

configuration = """\
experiment: thousand
datasets:
  - family: random
    n: 3
    seed: {from: 0, to: 124}
    width: [1, 2]
    ridge: ["1/100", "1/3"]
solve:
  engine: certified
sweep:
  data_sets_per_job: 125
  certificates: false
"""

# %%
# The run
# -------
# ``snakemake --cores 2 --configfile thousand.yaml`` makes tables, figures, summaries and checks.
# Named files are made alone, which is faster; here, the two tables.

folder = TemporaryDirectory()
here = Path(folder.name)
(here / "thousand.yaml").write_text(configuration)
tables = ["results/thousand/instances.csv", "results/thousand/components.csv"]
options = ["--cores", "2", "--configfile", "thousand.yaml", "--quiet", "all", "--snakefile"]
subprocess.run(
    [sys.executable, "-m", "snakemake", *tables, *options, source / "Snakefile"],
    cwd=here,
    check=True,
    env={**os.environ, "PYTHONPATH": str(source)},
)
instances, components = (pd.read_csv(here / table) for table in tables)
folder.cleanup()
print(len(instances), "landscapes with", len(components), "components of local minima")
print("all of them complete:", bool(instances["complete"].all()))
assert len(instances) == 500
assert instances["complete"].all()

# %%
# The tables
# ----------
# ``instances.csv`` has a row for each landscape, ``components.csv`` one for each component of local
# minima. How many landscapes have a *spurious* minimum, one that is not the best at its width?

instances["spurious minima"] = instances["spurious"] > 0
shares = instances.pivot_table(values="spurious minima", index="width", columns="ridge")
print((100 * shares).round(1).astype(str) + " %")

isolated = components[(components["dimension"] == 0) & components["support"].notna()]
share = 100 * isolated["on_boundary"].mean()
print(f"{share:.0f} % of {len(isolated)} isolated minima lie where a unit is 0 at a data point")

# %%

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
for axis, (width, rows) in zip(axes, instances.groupby("width"), strict=True):
    looks = zip(rows.groupby("ridge"), ("C0", "C1"), ("", "//"), (-0.2, 0.2), strict=True)
    for (ridge, some), colour, hatch, shift in looks:
        number, landscapes = np.unique(some["components"], return_counts=True)
        bars = {"color": colour, "hatch": hatch, "label": f"ridge {ridge}"}
        axis.bar(number + shift, landscapes, width=0.4, **bars)
    axis.set(xlabel="components of local minima", title=f"width {width}")
    axis.set_xticks(range(1, rows["components"].max() + 1))
axes[0].set_ylabel("landscapes of 125")
axes[0].legend()
plt.show()

# %%
# How many components of local minima a landscape has, by width and ridge.
#
# On a cluster
# ------------
# Nothing changes but the profile:
#
# .. code-block:: console
#
#    $ snakemake --profile profiles/slurm --configfile thousand.yaml
#
# in a clone that all nodes see, with partition, account and limits at the top of
# ``profiles/slurm/config.yaml``. Snakemake stays on the login node, sends the jobs, and asks for
# time and memory by the number of supports. A further seed, ridge or width computes only what is
# missing. ``config/sweep_cluster.yaml`` plans two hundred times as many.
#
# Read on: :doc:`/cluster`, :doc:`/sweeps`; in the repository ``config/README.md`` has every key,
# ``profiles/README.md`` how jobs are sent, ``results/README.md`` every column.
