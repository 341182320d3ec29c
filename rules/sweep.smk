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
    size="[0-9]+(_[0-9]+)*",


# All widths share the supports: those of a size need the records of the smaller ones, and give the
# minima of the width of that size. So a further width or ridge leaves everything else as it is.
# Several hidden layers share nothing: each list of widths is a size of its own, such as 2_1.
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
        f"timings/examine/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(engine_of_batch, supports_of_size),
    params:
        **settings("solve", "backend", "seconds", "megabytes", "force"),
        **settings("sweep", "certificates"),
        spec=lambda wildcards: batch(wildcards).spec,
    script:
        "../scripts/examine.py"


# The checker shares no code with the solver; it goes through every document that is asked for.
rule check:
    input:
        documents=lambda wildcards: expand(
            rules.examine.output.documents,
            size=map(names.width_text, batch(wildcards).widths),
            **wildcards,
        ),
    output:
        checked=f"{BATCH}/checked.txt",
    log:
        f"logs/check/{{experiment}}/{SPACE.wildcard_pattern}.log",
    benchmark:
        f"timings/check/{{experiment}}/{SPACE.wildcard_pattern}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(checking_batch, supports_to_check),
    script:
        "../scripts/check.py"


# The graph over the stationary supports of each data set: barriers, depths, ways out.
rule sweep_basins:
    input:
        documents=f"{BATCH}/size{{size}}/documents.zip",
    output:
        basins=f"{BATCH}/size{{size}}/basins.parquet",
    log:
        f"logs/sweep_basins/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.log",
    benchmark:
        f"timings/sweep_basins/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(engine_of_batch, supports_of_size),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/sweep_basins.py"


# How far the targets of each data set may move before its minima change.
rule sweep_radii:
    input:
        documents=f"{BATCH}/size{{size}}/documents.zip",
    output:
        radii=f"{BATCH}/size{{size}}/radii.parquet",
    log:
        f"logs/sweep_radii/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.log",
    benchmark:
        f"timings/sweep_radii/{{experiment}}/{SPACE.wildcard_pattern}/size{{size}}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(engine_of_batch, supports_of_size),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/sweep_radii.py"


# A folder for each instance, as in other experiments; large sweeps do without.
rule unfold:
    input:
        documents=asked("documents.zip"),
    output:
        unfolded="results/{experiment}/unfolded.txt",
    log:
        "logs/unfold/{experiment}.log",
    benchmark:
        "timings/unfold/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    resources:
        **growing(mem_mb=1000, runtime=60),
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
        basins=asked("basins.parquet") if config["basins"] else [],
        radii=asked("radii.parquet") if config["stability"] else [],
    output:
        instances_parquet="results/{experiment}/instances.parquet",
        instances_csv="results/{experiment}/instances.csv",
        components_parquet="results/{experiment}/components.parquet",
        components_csv="results/{experiment}/components.csv",
        times_parquet="results/{experiment}/times.parquet",
        times_csv="results/{experiment}/times.csv",
        summary_csv=shown(
            "results/{experiment}/summary.csv",
            category="Summary",
            caption="sweep_summary",
            label="summary by n, L and ridge (CSV)",
        ),
        summary_html=shown(
            "results/{experiment}/summary.html",
            category="Summary",
            caption="sweep_table",
            label="summary",
        ),
        summary_md="results/{experiment}/summary.md",
        summary_tex="results/{experiment}/summary.tex",
    log:
        "logs/aggregate/{experiment}.log",
    benchmark:
        "timings/aggregate/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    resources:
        **growing(mem_mb=4000, runtime=60),
    message:
        "{wildcards.experiment}: tables of all batches"
    script:
        "../scripts/aggregate.py"


# What changes with n, the width and the ridge.
rule sweep_figures:
    input:
        instances=rules.aggregate.output.instances_parquet,
        components=rules.aggregate.output.components_parquet,
        times=rules.aggregate.output.times_parquet,
    output:
        drawn("results/{experiment}/figures", "Figures", instances.SWEEP_FIGURES),
    log:
        "logs/sweep_figures/{experiment}.log",
    benchmark:
        "timings/sweep_figures/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    resources:
        **growing(mem_mb=4000, runtime=30),
    params:
        formats=FORMATS,
    script:
        "../scripts/sweep_figures.py"


# How deep traps are beside the spread of the losses, and how often a unit dies on the way out.
rule depths:
    input:
        instances=rules.aggregate.output.instances_parquet,
        components=rules.aggregate.output.components_parquet,
    output:
        drawn("results/{experiment}/figures", "Figures", instances.DEPTH_FIGURES),
    log:
        "logs/depths/{experiment}.log",
    benchmark:
        "timings/depths/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/depths.py"


# How far targets may move, beside the spread of the residuals.
rule sweep_stability:
    input:
        instances=rules.aggregate.output.instances_parquet,
        components=rules.aggregate.output.components_parquet,
    output:
        drawn("results/{experiment}/figures", "Figures", instances.STABILITY_FIGURES),
    log:
        "logs/sweep_stability/{experiment}.log",
    benchmark:
        "timings/sweep_stability/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/sweep_stability.py"


# Runs after everything else was written, and fails if a list of minima may be incomplete.
rule sweep_decided:
    input:
        instances=rules.aggregate.output.instances_parquet,
        tables=rules.aggregate.output,
        figures=rules.sweep_figures.output,
        depths=rules.depths.output if config["basins"] else [],
        stability=rules.sweep_stability.output if config["stability"] else [],
        paths=along_paths("path.json"),
        figures_of_paths=along_paths(*PATH_FIGURES),
        pages=path_pages("explorer.html"),
        folders=branch(config["sweep"]["folders"], then=rules.unfold.output.unfolded, otherwise=[]),
        checked=[
            f"results/{{experiment}}/batches/{folder}/checked.txt"
            for folder, found in FOLDERS.items()
            if config["sweep"]["certificates"] and found.spec["engine"] == "certified"
        ],
    output:
        decided=shown(
            "results/{experiment}/decided.txt",
            category="Summary",
            caption="decided",
            label="completeness",
        ),
    log:
        "logs/sweep_decided/{experiment}.log",
    benchmark:
        "timings/sweep_decided/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        paths=list(PATHS),
    message:
        "{wildcards.experiment}: is every list of minima complete?"
    script:
        "../scripts/sweep_decided.py"
