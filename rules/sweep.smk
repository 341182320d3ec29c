# Sweeps: many instances to a job, and every size of supports examined once for all widths.
# examine (a batch of data sets, one size after the other) -> check -> aggregate -> figures.
import pandas as pd
from snakemake.utils import Paramspace

# A batch is a folder: which data, how they are asked, at which ridge, and which seeds.
SPACE = Paramspace(pd.DataFrame(list(BATCHES), columns=["data", "method", "ridge", "seeds"]))
BATCH = f"results/{{experiment}}/batches/{SPACE.wildcard_pattern}"
FOLDERS = dict(zip(SPACE.instance_patterns, BATCHES.values(), strict=True))


wildcard_constraints:
    data="[^/]+",
    method="[^/]+",
    ridge="[^/]+",
    seeds="[^/]+",
    size="[0-9]+",


# All widths share the supports: those of a size need the records of the smaller ones, and give the
# minima of the width of that size. So a further width or ridge leaves everything else as it is.
rule examine:
    input:
        csv=lambda wildcards: own(batch(wildcards).spec["csv"]),
        earlier=smaller_sizes,
    output:
        records=f"{BATCH}/size{{size}}/records.zip",
        documents=f"{BATCH}/size{{size}}/documents.zip",
        instances=f"{BATCH}/size{{size}}/instances.parquet",
        components=f"{BATCH}/size{{size}}/components.parquet",
        times=f"{BATCH}/size{{size}}/times.parquet",
    log:
        f"logs/examine/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.log",
    benchmark:
        f"benchmarks/examine/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes(engine_of_batch, supports_of_size),
        runtime=minutes(engine_of_batch, supports_of_size),
    params:
        spec=lambda wildcards: batch(wildcards).spec,
        backend=lookup(within=config, dpath="solve/backend"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
        certificates=lookup(within=config, dpath="sweep/certificates"),
        force=lookup(within=config, dpath="solve/force"),
    message:
        "{wildcards.data}, ridge {wildcards.ridge}, {wildcards.method}, seeds {wildcards.seeds}: supports of size {wildcards.size}"
    script:
        "../scripts/examine.py"


# The checker shares no code with the solver; it goes through every document that is asked for.
rule check:
    input:
        documents=lambda wildcards: expand(
            rules.examine.output.documents, size=batch(wildcards).widths, **wildcards
        ),
    output:
        checked=f"{BATCH}/checked.txt",
    log:
        f"logs/check/{{experiment}}/{SPACE.wildcard_pattern}.log",
    benchmark:
        f"benchmarks/check/{{experiment}}/{SPACE.wildcard_pattern}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("check", supports_to_check),
        runtime=minutes("check", supports_to_check),
    message:
        "{wildcards.data}, ridge {wildcards.ridge}, seeds {wildcards.seeds}: check the certificates"
    script:
        "../scripts/check.py"


# A folder for each instance, as in other experiments; large sweeps do without.
rule unfold:
    input:
        documents=asked("documents.zip"),
    output:
        unfolded="results/{experiment}/unfolded.txt",
    log:
        "logs/unfold/{experiment}.log",
    benchmark:
        "benchmarks/unfold/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    message:
        "{wildcards.experiment}: a folder for each instance"
    script:
        "../scripts/unfold.py"


# The tidy tables, a row an instance, component or time, and what they add up to.
rule aggregate:
    input:
        instances=asked("instances.parquet"),
        components=asked("components.parquet"),
        times=examined("times.parquet"),
    output:
        instances_parquet="results/{experiment}/instances.parquet",
        instances_csv="results/{experiment}/instances.csv",
        components_parquet="results/{experiment}/components.parquet",
        components_csv="results/{experiment}/components.csv",
        times_parquet="results/{experiment}/times.parquet",
        times_csv="results/{experiment}/times.csv",
        summary_csv=report(
            "results/{experiment}/summary.csv",
            caption="../captions/sweep_summary.rst",
            category="Summary",
            labels={"show": "summary by n, L and ridge (CSV)"},
        ),
        summary_html=report(
            "results/{experiment}/summary.html",
            caption="../captions/sweep_table.rst",
            category="Summary",
            labels={"show": "summary"},
        ),
        summary_md="results/{experiment}/summary.md",
        summary_tex="results/{experiment}/summary.tex",
    log:
        "logs/aggregate/{experiment}.log",
    benchmark:
        "benchmarks/aggregate/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    message:
        "{wildcards.experiment}: tables"
    script:
        "../scripts/aggregate.py"


# What changes with n, the width and the ridge.
rule sweep_figures:
    input:
        instances=rules.aggregate.output.instances_parquet,
        components=rules.aggregate.output.components_parquet,
        times=rules.aggregate.output.times_parquet,
    output:
        *(
            report(
                f"results/{{experiment}}/figures/{name}.{FORMATS[0]}",
                caption=f"../captions/{name}.rst",
                category="Figures",
                labels={"show": label},
            )
            for name, label in instances.SWEEP_FIGURES.items()
        ),
        expand(
            "results/{experiment}/figures/{figure}.{format}",
            figure=instances.SWEEP_FIGURES,
            format=FORMATS[1:],
            allow_missing=True,
        ),
    log:
        "logs/sweep_figures/{experiment}.log",
    benchmark:
        "benchmarks/sweep_figures/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        formats=FORMATS,
    message:
        "{wildcards.experiment}: figures"
    script:
        "../scripts/sweep_figures.py"


# Runs after everything else was written, and fails if a list of minima may be incomplete.
rule sweep_decided:
    input:
        instances=rules.aggregate.output.instances_parquet,
        tables=rules.aggregate.output,
        figures=rules.sweep_figures.output,
        paths=all_paths("path.json"),
        explorers=all_paths("explorer.html"),
        diagrams=[file for format in FORMATS for file in all_paths(f"path.{format}")],
        folders=branch(config["sweep"]["folders"], then=rules.unfold.output.unfolded, otherwise=[]),
        checked=[
            f"results/{{experiment}}/batches/{folder}/checked.txt"
            for folder, found in FOLDERS.items()
            if config["sweep"]["certificates"] and found.spec["engine"] == "certified"
        ],
    output:
        decided=report(
            "results/{experiment}/decided.txt",
            caption="../captions/decided.rst",
            category="Summary",
            labels={"show": "completeness"},
        ),
    log:
        "logs/sweep_decided/{experiment}.log",
    benchmark:
        "benchmarks/sweep_decided/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        paths=list(PATHS),
    message:
        "{wildcards.experiment}: is every support decided?"
    script:
        "../scripts/sweep_decided.py"
