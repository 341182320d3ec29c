# What optimisation says of the lists of minima. Not part of the experiment.
localrules:
    convex_all,
    convex_table,
    convex_agreed,


# `snakemake convex_all` solves the convex program of every instance, which needs the extra `convex`,
# and fails if a list of minima disagrees with its value.
rule convex_all:
    input:
        expand("results/{experiment}/convex.txt", experiment=config["experiment"]),


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
