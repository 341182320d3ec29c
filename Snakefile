# Every local minimum of small ridge-regularised ReLU networks, one instance after the other:
# dataset -> patterns -> solve -> merge -> certify -> tables and figures -> summary -> decided, or,
# by the certified engine, dataset -> supports -> smaller -> survey -> prove -> tables and figures.
# config/README.md explains the configuration, results/README.md every file that is written.
# On a cluster, what is a `localrule` takes less time than the queue.
import os
import re
from pathlib import Path

from snakemake.utils import min_version

from reluenum.groebner import versions
from reluenum.experiments import configuration, effort, instances, plans

min_version("9.27")


# What the folder that Snakemake runs in has, else the reference experiment. All paths but those in a
# configuration are relative to this file, which may be a module of another workflow.
CONFIG = "config/config.yaml"


configfile: CONFIG if Path(CONFIG).exists() else workflow.source_path(CONFIG)


report: "captions/workflow.rst"


# environment.post-deploy.sh installs the package from here.
os.environ.setdefault("RELUENUM_SOURCE", str(workflow.current_basedir))

# Every job of a run records the same software.
versions.share_versions()

configuration.complete_config(config, workflow.source_path("config/schemas/config.schema.yaml"))


include: "rules/common.smk"


# With its experiment alone, this workflow can be a module twice in another one.
wildcard_constraints:
    experiment=re.escape(config["experiment"]),
    instance="[^/]+",
    formulation="[a-z]+",
    backend="[a-z]+",
    batch="[0-9]+(-[0-9]+)?",
    block="[0-9]+-[0-9]+",


# Both end with the minima of an instance; the configuration says which of them is asked.
if CERTIFIED:

    ruleorder: prove > certify

else:

    ruleorder: certify > prove


# Everything, and an error if a support of an instance stayed undecided.
rule all:
    input:
        expand("results/{experiment}/decided.txt", experiment=config["experiment"]),
    localrule: True


# An instance becomes exact data here, once, so that every later step reads the same numbers.
rule dataset:
    input:
        lambda wildcards: own(INSTANCES[wildcards.instance]["csv"]),
    output:
        data="results/{experiment}/{instance}/data.csv",
        problem="results/{experiment}/{instance}/work/problem.json",
    log:
        "logs/dataset/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/dataset/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        instance=lookup(within=INSTANCES, dpath="{instance}"),
    message:
        "{wildcards.instance}: data"
    script:
        "scripts/dataset.py"


# Which activation patterns are realisable depends on the data; so does the number of jobs.
checkpoint patterns:
    input:
        problem=rules.dataset.output.problem,
    output:
        patterns="results/{experiment}/{instance}/work/patterns.json",
    log:
        "logs/patterns/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/patterns/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        patterns_per_job=lookup(within=config, dpath="solve/patterns_per_job"),
        all_patterns=lookup(within=config, dpath="solve/all_patterns"),
        force=lookup(within=config, dpath="solve/force"),
    message:
        "{wildcards.instance}: activation patterns"
    script:
        "scripts/patterns.py"


# The bulk of the work. A pattern is solved without knowing of the others: by default, one job each.
rule solve:
    input:
        problem=rules.dataset.output.problem,
        patterns=rules.patterns.output.patterns,
    output:
        solved="results/{experiment}/{instance}/work/solve/{batch}.json",
    log:
        "logs/solve/{experiment}/{instance}/{batch}.log",
    benchmark:
        "benchmarks/solve/{experiment}/{instance}/{batch}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("groebner", patterns_of_batch),
        runtime=minutes("groebner", patterns_of_batch),
    params:
        formulation=lookup(within=config, dpath="solve/formulation"),
        backend=lookup(within=config, dpath="solve/backend"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
    message:
        "{wildcards.instance}: solve pattern {wildcards.batch}"
    script:
        "scripts/solve.py"


# Points that several patterns share become one; a missing or foreign pattern is an error.
rule merge:
    input:
        problem=rules.dataset.output.problem,
        patterns=rules.patterns.output.patterns,
        solved=solved_batches,
    output:
        merged="results/{experiment}/{instance}/work/merged.json",
    log:
        "logs/merge/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/merge/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("groebner", all_supports),
        runtime=minutes("groebner", all_supports),
    params:
        formulation=lookup(within=config, dpath="solve/formulation"),
    message:
        "{wildcards.instance}: merge"
    script:
        "scripts/merge.py"


# Every merged point gets a proof that it is a minimum or a checked descent, so none is lost.
rule certify:
    input:
        merged=rules.merge.output.merged,
        patterns=rules.patterns.output.patterns,
    output:
        minima="results/{experiment}/{instance}/minima.json",
        stationary="results/{experiment}/{instance}/stationary.json",
    log:
        "logs/certify/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/certify/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("groebner", all_supports),
        runtime=minutes("groebner", all_supports),
    message:
        "{wildcards.instance}: certify"
    script:
        "scripts/certify.py"


# The certified engine shares the largest supports among jobs, by number, without listing them.
checkpoint supports:
    input:
        problem=rules.dataset.output.problem,
    output:
        supports="results/{experiment}/{instance}/work/supports.json",
    log:
        "logs/supports/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/supports/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        supports_per_job=lookup(within=config, dpath="solve/supports_per_job"),
        force=lookup(within=config, dpath="solve/force"),
    message:
        "{wildcards.instance}: supports"
    script:
        "scripts/supports.py"


# Larger supports need to know of the smaller ones which faces are superfluous beside them.
rule smaller:
    input:
        problem=rules.dataset.output.problem,
    output:
        blocks="results/{experiment}/{instance}/work/survey/smaller.npz",
        known="results/{experiment}/{instance}/work/known.npz",
    log:
        "logs/smaller/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/smaller/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("certified", smaller_supports),
        runtime=minutes("certified", smaller_supports),
    params:
        backend=lookup(within=config, dpath="solve/backend"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
    message:
        "{wildcards.instance}: smaller supports"
    script:
        "scripts/smaller.py"


# The bulk of the work of the certified engine: one block of supports, without knowing of the others.
rule survey:
    input:
        problem=rules.dataset.output.problem,
        known=rules.smaller.output.known,
    output:
        surveyed="results/{experiment}/{instance}/work/survey/{block}.npz",
    log:
        "logs/survey/{experiment}/{instance}/{block}.log",
    benchmark:
        "benchmarks/survey/{experiment}/{instance}/{block}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("certified", supports_of_block),
        runtime=minutes("certified", supports_of_block),
    params:
        backend=lookup(within=config, dpath="solve/backend"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
    message:
        "{wildcards.instance}: survey supports {wildcards.block}"
    script:
        "scripts/survey.py"


# All records become the certificate, and what is locally minimal the list of minima.
rule prove:
    input:
        problem=rules.dataset.output.problem,
        supports=rules.supports.output.supports,
        smaller=rules.smaller.output.blocks,
        surveyed=surveyed_blocks,
    output:
        minima="results/{experiment}/{instance}/minima.json",
        certificate="results/{experiment}/{instance}/certificate.parquet",
    log:
        "logs/prove/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/prove/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("prove", all_supports),
        runtime=minutes("prove", all_supports),
    params:
        backend=lookup(within=config, dpath="solve/backend"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
    message:
        "{wildcards.instance}: prove"
    script:
        "scripts/prove.py"


# A proof that its own program accepts is half a proof: the checker shares no code with the solver.
rule verify:
    input:
        minima=rules.prove.output.minima,
        certificate=rules.prove.output.certificate,
    output:
        verified=report(
            "results/{experiment}/{instance}/verified.txt",
            caption="captions/verified.rst",
            category="Local minima",
            subcategory="{instance}",
            labels={"show": "the certificate, checked"},
        ),
    log:
        "logs/verify/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/verify/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("check", all_supports),
        runtime=minutes("check", all_supports),
    message:
        "{wildcards.instance}: verify"
    script:
        "scripts/verify.py"


# What people read: one row a component.
rule tables:
    input:
        minima=rules.certify.output.minima,
    output:
        minima=report(
            "results/{experiment}/{instance}/minima.csv",
            caption="captions/minima.rst",
            category="Local minima",
            subcategory="{instance}",
            labels={"show": "components of local minima (CSV)"},
        ),
        page=report(
            "results/{experiment}/{instance}/minima.html",
            caption="captions/minima_page.rst",
            category="Local minima",
            subcategory="{instance}",
            labels={"show": "components of local minima"},
        ),
    log:
        "logs/tables/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/tables/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "{wildcards.instance}: tables"
    script:
        "scripts/tables.py"


# One row a stationary point, by the Groebner engine; the certificate has those of the other one.
rule stationary_table:
    input:
        stationary=rules.certify.output.stationary,
    output:
        stationary=report(
            "results/{experiment}/{instance}/stationary.csv",
            caption="captions/stationary.rst",
            category="Local minima",
            subcategory="{instance}",
            labels={"show": "all stationary points"},
        ),
    log:
        "logs/stationary_table/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/stationary_table/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "{wildcards.instance}: stationary points"
    script:
        "scripts/stationary_table.py"


# What the paper observed on its instance, checked on this one.
rule facts:
    input:
        minima=rules.certify.output.minima,
    output:
        facts=report(
            "results/{experiment}/{instance}/facts.txt",
            caption="captions/facts.rst",
            category="Local minima",
            subcategory="{instance}",
            labels={"show": "statements of the paper, checked"},
        ),
    log:
        "logs/facts/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/facts/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    message:
        "{wildcards.instance}: facts"
    script:
        "scripts/facts.py"


# The landscape of one instance in pictures; the report shows them in the first format.
rule figures:
    input:
        minima=rules.certify.output.minima,
    output:
        *(
            report(
                f"results/{{experiment}}/{{instance}}/figures/{name}.{FORMATS[0]}",
                caption=f"captions/{name}.rst",
                category="Local minima",
                subcategory="{instance}",
                labels={"show": label},
            )
            for name, label in instances.FIGURES.items()
        ),
        expand(
            "results/{experiment}/{instance}/figures/{figure}.{format}",
            figure=instances.FIGURES,
            format=FORMATS[1:],
            allow_missing=True,
        ),
    log:
        "logs/figures/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/figures/{experiment}/{instance}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        formats=FORMATS,
        layout=lookup(within=INSTANCES, dpath="{instance}/layout", default={}),
    message:
        "{wildcards.instance}: figures"
    script:
        "scripts/figures.py"


include: "rules/paths.smk"


if BATCHES:

    include: "rules/sweep.smk"

else:

    include: "rules/summary.smk"


include: "rules/crosscheck.smk"
include: "rules/practice.smk"
