# Not part of the experiment: `snakemake convex_all` solves the convex program of every instance,
# which needs the extra `convex`, and fails if a list of minima disagrees with its value.
rule convex_all:
    input:
        expand("results/{experiment}/convex.txt", experiment=config["experiment"]),
    localrule: True


# The value of the program is found without faces or supports; the document has to fit it.
rule convex:
    input:
        minima=MINIMA,
    output:
        convex="results/{experiment}/{instance}/convex.json",
    log:
        "logs/convex/{experiment}/{instance}.log",
    benchmark:
        "timings/convex/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **growing(mem_mb=2000, runtime=30),
    script:
        "../scripts/convex.py"


# A disagreement is written down like anything else.
rule convex_table:
    input:
        convex=of_all(rules.convex.output.convex),
    output:
        table=shown(
            "results/{experiment}/convex.csv",
            category="Convex programs",
            caption="convex",
            label="values and losses",
        ),
    log:
        "logs/convex_table/{experiment}.log",
    benchmark:
        "timings/convex_table/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: the values of all instances"
    script:
        "../scripts/convex_table.py"


# Runs after everything was written, and fails if a list of minima and a value disagree.
rule convex_agreed:
    input:
        table=rules.convex_table.output.table,
    output:
        agreed=shown(
            "results/{experiment}/convex.txt",
            category="Convex programs",
            caption="convex_agreed",
            label="conclusion",
        ),
    log:
        "logs/convex_agreed/{experiment}.log",
    benchmark:
        "timings/convex_agreed/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    script:
        "../scripts/convex_agreed.py"
