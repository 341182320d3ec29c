# Every local minimum of small ridge-regularised ReLU networks, one instance after the other:
#
#     dataset -> patterns -> solve -> merge -> certify            (one system after the other), or
#     dataset -> supports -> smaller -> survey -> prove -> verify  (the certified engine), or
#     dataset -> cover -> verify                                   (the branch engine, in one job), or
#     dataset -> branch -> draft -> follow -> settle -> verify     (in shards),
#
# and then tables, facts, figures -> summary -> decided. A sweep has many instances to a job:
# examine -> check -> aggregate -> sweep_figures -> sweep_decided.
#
# config/README.md explains the configuration, results/README.md every file that is written, and
# profiles/README.md how jobs run: on a cluster, what is a `localrule` takes less time than the queue.
import os
import re
from pathlib import Path

from snakemake.utils import min_version

from reluenum.experiments import configuration, effort, instances, names, plans
from reluenum.groebner import versions

min_version("9.27")


# What the folder that Snakemake runs in has, else the reference experiment. All paths but those in a
# configuration are relative to this file, which may be a module of another workflow.
CONFIG = "config/config.yaml"


configfile: CONFIG if Path(CONFIG).exists() else workflow.source_path(CONFIG)


report: "captions/workflow.rst"


# environment.post-deploy.sh installs the package from here.
os.environ.setdefault("RELUENUM_SOURCE", str(workflow.current_basedir))

# With `--software-deployment-method apptainer`, jobs run in this image (packaging/apptainer.def).
if image := os.environ.get("RELUENUM_IMAGE"):

    container: image


# Every job of a run records the same software.
versions.share_versions()

configuration.complete_config(config, workflow.source_path("config/schemas/config.schema.yaml"))


# With its experiment alone, this workflow can be a module twice in another one.
wildcard_constraints:
    experiment=re.escape(config["experiment"]),
    instance="[^/]+",
    path="[^/]+",
    formulation="[a-z]+",
    backend="[a-z]+",
    batch="[0-9]+(-[0-9]+)?",
    block="[0-9]+-[0-9]+",
    shard="[0-9]+-of-[0-9]+",


include: "rules/common.smk"


# Everything, and an error if a support of an instance stayed undecided.
rule all:
    input:
        expand("results/{experiment}/decided.txt", experiment=config["experiment"]),
    localrule: True


# An instance becomes exact data, once, so that every later step reads the same numbers.
include: "rules/data.smk"
# The configuration says by which engine its local minima are found and proved to be all of them.
include: f"rules/{ENGINE}.smk"
# What people read of an instance.
include: "rules/views.smk"
# Which minima are traps, how deep, and over which passes they join.
include: "rules/basins.smk"
# How far targets may move before minima change.
include: "rules/stability.smk"
# How the minima of a data set move, appear and vanish as the ridge varies.
include: "rules/paths.smk"
# What is said of all instances together, and whether every support is decided.
include: "rules/sweep.smk" if BATCHES else "rules/summary.smk"
# Not part of the experiment, but targets of their own: `crosscheck_all`, all ways compared;
# `convex_all`, the convex program over all widths; `descent_all`, what optimisers find.
include: "rules/crosscheck.smk"
include: "rules/convex.smk"
include: "rules/optimisers.smk"
