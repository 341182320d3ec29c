# Every local minimum of small ridge-regularised ReLU networks, one instance after the other:
# dataset -> patterns -> solve -> merge -> certify -> tables and figures -> summary -> decided, or,
# by the certified engine, dataset -> supports -> smaller -> survey -> prove -> tables and figures.
# config/README.md explains the configuration, results/README.md every file that is written.
import os
from pathlib import Path

from snakemake.utils import min_version

from reluenum import configuration, effort, experiment

min_version("9.27")


configfile: "config/config.yaml"


report: "captions/workflow.rst"


# Jobs share the cores among themselves, so no library may start threads of its own.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# environment.post-deploy.sh installs the package from here.
os.environ.setdefault("RELUENUM_SOURCE", str(workflow.basedir))

configuration.complete_config(config, Path(workflow.basedir, "config/schemas/config.schema.yaml"))


include: "rules/common.smk"


wildcard_constraints:
    experiment="[^/]+",
    instance="[^/]+",
    formulation="[a-z]+",
    backend="[a-z]+",
    batch="[0-9]+(-[0-9]+)?",
    block="[0-9]+-[0-9]+",


# On a cluster these take less time than the queue.
localrules:
    all,
    dataset,
    patterns,
    supports,
    facts,
    summary,
    summary_figures,
    decided,
    crosscheck,
    agreed,
    crosscheck_all,


# Both end with the minima of an instance; the configuration says which of them is asked.
if CERTIFIED:

    ruleorder: prove > certify

else:

    ruleorder: certify > prove


# Everything, and an error if a support of an instance stayed undecided.
rule all:
    default_target: True
    input:
        expand("results/{experiment}/decided.txt", experiment=config["experiment"]),


# An instance becomes exact data here, once, so that every later step reads the same numbers.
rule dataset:
    input:
        branch(
            lookup(within=INSTANCES, dpath="{instance}/csv"),
            then=lookup(within=INSTANCES, dpath="{instance}/csv"),
            otherwise=[],
        ),
    output:
        data="results/{experiment}/{instance}/data.csv",
        problem="results/{experiment}/{instance}/work/problem.json",
    log:
        "logs/dataset/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/dataset/{experiment}/{instance}.tsv"
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
            for name, label in experiment.FIGURES.items()
        ),
        expand(
            "results/{experiment}/{instance}/figures/{figure}.{format}",
            figure=experiment.FIGURES,
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
    message:
        "{wildcards.instance}: figures"
    script:
        "scripts/figures.py"


# One row per instance, for people (CSV, Markdown) and for papers (LaTeX).
rule summary:
    input:
        minima=expand(rules.certify.output.minima, instance=INSTANCES, allow_missing=True),
    output:
        csv=report(
            "results/{experiment}/summary.csv",
            caption="captions/summary.rst",
            category="All instances",
            labels={"show": "summary (CSV)"},
        ),
        page=report(
            "results/{experiment}/summary.html",
            caption="captions/summary.rst",
            category="All instances",
            labels={"show": "summary"},
        ),
        markdown="results/{experiment}/summary.md",
        latex="results/{experiment}/summary.tex",
    log:
        "logs/summary/{experiment}.log",
    benchmark:
        "benchmarks/summary/{experiment}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: summary tables"
    script:
        "scripts/summary.py"


# What changes from instance to instance.
rule summary_figures:
    input:
        minima=rules.summary.input.minima,
    output:
        *(
            report(
                f"results/{{experiment}}/figures/{name}.{FORMATS[0]}",
                caption=f"captions/{name}.rst",
                category="All instances",
                labels={"show": label},
            )
            for name, label in experiment.SUMMARY_FIGURES.items()
        ),
        expand(
            "results/{experiment}/figures/{figure}.{format}",
            figure=experiment.SUMMARY_FIGURES,
            format=FORMATS[1:],
            allow_missing=True,
        ),
    log:
        "logs/summary_figures/{experiment}.log",
    benchmark:
        "benchmarks/summary_figures/{experiment}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        instances=list(INSTANCES),
        formats=FORMATS,
    message:
        "{wildcards.experiment}: summary figures"
    script:
        "scripts/summary_figures.py"


# Runs after everything else was written, and fails if a list of minima may be incomplete.
rule decided:
    input:
        minima=rules.summary.input.minima,
        tables=expand(rules.tables.output, instance=INSTANCES, allow_missing=True),
        evidence=expand(
            rules.verify.output if CERTIFIED else rules.stationary_table.output,
            instance=INSTANCES,
            allow_missing=True,
        ),
        facts=expand(rules.facts.output, instance=INSTANCES, allow_missing=True),
        figures=expand(rules.figures.output, instance=INSTANCES, allow_missing=True),
        summary=rules.summary.output,
        summary_figures=rules.summary_figures.output,
        paths=all_paths("path.json"),
        explorers=all_paths("explorer.html"),
        diagrams=[file for format in FORMATS for file in all_paths(f"path.{format}")],
    output:
        decided=report(
            "results/{experiment}/decided.txt",
            caption="captions/decided.rst",
            category="All instances",
            labels={"show": "completeness"},
        ),
    log:
        "logs/decided/{experiment}.log",
    benchmark:
        "benchmarks/decided/{experiment}.tsv"
    conda:
        "environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        instances=list(INSTANCES),
        paths=list(PATHS),
    message:
        "{wildcards.experiment}: is every support decided?"
    script:
        "scripts/decided.py"


include: "rules/paths.smk"


if BATCHES:

    include: "rules/sweep.smk"


include: "rules/crosscheck.smk"
include: "rules/practice.smk"
