# What optimisation says of the lists of minima. Not part of the experiment.


# `snakemake convex_all` solves the convex program of every instance, which needs the extra `convex`,
# and fails if a list of minima disagrees with its value.
rule convex_all:
    input:
        expand("results/{experiment}/convex.txt", experiment=config["experiment"]),
    localrule: True


# The value of the program is found without faces or supports; the document has to fit it.
rule convex:
    input:
        minima=rules.certify.output.minima,
    output:
        convex="results/{experiment}/{instance}/convex.json",
    log:
        "logs/convex/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/convex/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    message:
        "{wildcards.instance}: convex program"
    script:
        "../scripts/convex.py"


# A disagreement is written down like anything else.
rule convex_table:
    input:
        convex=expand(rules.convex.output.convex, instance=INSTANCES, allow_missing=True),
    output:
        table=report(
            "results/{experiment}/convex.csv",
            caption="../captions/convex.rst",
            category="Convex programs",
            labels={"show": "values and losses"},
        ),
    log:
        "logs/convex_table/{experiment}.log",
    benchmark:
        "benchmarks/convex_table/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: convex programs"
    script:
        "../scripts/convex_table.py"


# Runs after everything was written, and fails if a list of minima and a value disagree.
rule convex_agreed:
    input:
        table=rules.convex_table.output.table,
    output:
        agreed=report(
            "results/{experiment}/convex.txt",
            caption="../captions/convex_agreed.rst",
            category="Convex programs",
            labels={"show": "conclusion"},
        ),
    log:
        "logs/convex_agreed/{experiment}.log",
    benchmark:
        "benchmarks/convex_agreed/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    message:
        "{wildcards.experiment}: do the lists agree with the convex programs?"
    script:
        "../scripts/convex_agreed.py"


# `snakemake descent_all` runs optimisers on every instance, from random starts, and fails if one of
# them ends at a minimum that a list lacks, or at a point that cannot be explained.
rule descent_all:
    input:
        expand("results/{experiment}/descents.txt", experiment=config["experiment"]),
    localrule: True


# Every end point is explained by the list: a minimum of it, a proved saddle, or above one of them.
rule descent:
    input:
        minima=rules.certify.output.minima,
    output:
        descents="results/{experiment}/{instance}/descents.json",
    log:
        "logs/descent/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/descent/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        starts=lookup(within=config, dpath="descent/starts"),
        optimisers=lookup(within=config, dpath="descent/optimisers"),
        seed=lookup(within=config, dpath="descent/seed"),
        steps=lookup(within=config, dpath="descent/steps"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
    message:
        "{wildcards.instance}: descents"
    script:
        "../scripts/descent.py"


# A row for each run and for each basin; where runs end, and at which losses.
rule descent_views:
    input:
        descents=rules.descent.output.descents,
    output:
        *(
            report(
                f"results/{{experiment}}/{{instance}}/figures/{name}.{FORMATS[0]}",
                caption=f"../captions/{name}.rst",
                category="Descents",
                subcategory="{instance}",
                labels={"show": label},
            )
            for name, label in instances.DESCENT_FIGURES.items()
        ),
        expand(
            "results/{experiment}/{instance}/figures/{figure}.{format}",
            figure=instances.DESCENT_FIGURES,
            format=FORMATS[1:],
            allow_missing=True,
        ),
        runs=report(
            "results/{experiment}/{instance}/descents.csv",
            caption="../captions/descents.rst",
            category="Descents",
            subcategory="{instance}",
            labels={"show": "every run"},
        ),
        basins=report(
            "results/{experiment}/{instance}/basins.csv",
            caption="../captions/basins_table.rst",
            category="Descents",
            subcategory="{instance}",
            labels={"show": "where runs end (CSV)"},
        ),
    log:
        "logs/descent_views/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/descent_views/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        formats=FORMATS,
    message:
        "{wildcards.instance}: tables and figures of descents"
    script:
        "../scripts/descent_views.py"


# How often which optimiser ends where, on every instance and over all of them.
rule descent_table:
    input:
        descents=expand(rules.descent.output.descents, instance=INSTANCES, allow_missing=True),
    output:
        *(
            report(
                f"results/{{experiment}}/figures/{name}.{FORMATS[0]}",
                caption=f"../captions/{name}.rst",
                category="Descents",
                labels={"show": label},
            )
            for name, label in instances.PRACTICE_FIGURES.items()
        ),
        expand(
            "results/{experiment}/figures/{figure}.{format}",
            figure=instances.PRACTICE_FIGURES,
            format=FORMATS[1:],
            allow_missing=True,
        ),
        table=report(
            "results/{experiment}/descents.csv",
            caption="../captions/descent_table.rst",
            category="Descents",
            labels={"show": "all instances (CSV)"},
        ),
        page=report(
            "results/{experiment}/descents.html",
            caption="../captions/descent_table.rst",
            category="Descents",
            labels={"show": "all instances"},
        ),
        markdown="results/{experiment}/descents.md",
        latex="results/{experiment}/descents.tex",
    log:
        "logs/descent_table/{experiment}.log",
    benchmark:
        "benchmarks/descent_table/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        instances=list(INSTANCES),
        formats=FORMATS,
    message:
        "{wildcards.experiment}: descents on all instances"
    script:
        "../scripts/descent_table.py"


# Runs after everything was written, and fails if an end point is not explained.
rule descent_explained:
    input:
        descents=rules.descent_table.input.descents,
        views=expand(rules.descent_views.output, instance=INSTANCES, allow_missing=True),
        tables=rules.descent_table.output,
    output:
        explained=report(
            "results/{experiment}/descents.txt",
            caption="../captions/descent_explained.rst",
            category="Descents",
            labels={"show": "conclusion"},
        ),
    log:
        "logs/descent_explained/{experiment}.log",
    benchmark:
        "benchmarks/descent_explained/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: is every end point explained?"
    script:
        "../scripts/descent_explained.py"
