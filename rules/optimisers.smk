# Not part of the experiment: `snakemake descent_all` runs optimisers on every instance, from random
# starts, and fails if one ends at a minimum that a list lacks, or at a point without explanation.
rule descent_all:
    input:
        expand("results/{experiment}/descents.txt", experiment=config["experiment"]),
    localrule: True


# Every end point is explained by the list: a minimum of it, a proved saddle, or above one of them.
rule descent:
    input:
        minima=MINIMA,
    output:
        descents="results/{experiment}/{instance}/descents.json",
    log:
        "logs/descent/{experiment}/{instance}.log",
    benchmark:
        "timings/descent/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **growing(mem_mb=2000, runtime=60),
    params:
        **settings("descent", "starts", "optimisers", "seed", "steps"),
        **settings("solve", "seconds", "megabytes"),
    script:
        "../scripts/descent.py"


# A row for each run and for each basin; where runs end, and at which losses.
rule descent_views:
    input:
        descents=rules.descent.output.descents,
    output:
        drawn("results/{experiment}/{instance}/figures", "Descents", instances.DESCENT_FIGURES),
        runs=shown(
            "results/{experiment}/{instance}/descents.csv",
            category="Descents",
            caption="descents",
            label="every run",
        ),
        basins=shown(
            "results/{experiment}/{instance}/basins.csv",
            category="Descents",
            caption="basins_table",
            label="where runs end (CSV)",
        ),
    log:
        "logs/descent_views/{experiment}/{instance}.log",
    benchmark:
        "timings/descent_views/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/descent_views.py"


# How often which optimiser ends where, on every instance and over all of them.
rule descent_table:
    input:
        descents=of_all(rules.descent.output.descents),
    output:
        drawn("results/{experiment}/figures", "Descents", instances.PRACTICE_FIGURES),
        table=shown(
            "results/{experiment}/descents.csv",
            category="Descents",
            caption="descent_table",
            label="all instances (CSV)",
        ),
        page=shown(
            "results/{experiment}/descents.html",
            category="Descents",
            caption="descent_table",
            label="all instances",
        ),
        markdown="results/{experiment}/descents.md",
        latex="results/{experiment}/descents.tex",
    log:
        "logs/descent_table/{experiment}.log",
    benchmark:
        "timings/descent_table/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
        formats=FORMATS,
    message:
        "{wildcards.experiment}: where the runs on all instances end"
    script:
        "../scripts/descent_table.py"


# Runs after everything was written, and fails if an end point is not explained.
rule descent_explained:
    input:
        descents=of_all(rules.descent.output.descents),
        views=of_all(rules.descent_views.output),
        tables=rules.descent_table.output,
    output:
        explained=shown(
            "results/{experiment}/descents.txt",
            category="Descents",
            caption="descent_explained",
            label="conclusion",
        ),
    log:
        "logs/descent_explained/{experiment}.log",
    benchmark:
        "timings/descent_explained/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: is every end point explained?"
    script:
        "../scripts/descent_explained.py"
