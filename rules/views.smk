# What people read of an instance: tables, facts and figures, all of them made of its minima.


# One row a component, as CSV and as a page.
rule tables:
    input:
        minima=MINIMA,
    output:
        minima=shown(
            "results/{experiment}/{instance}/minima.csv",
            category="Local minima",
            caption="minima",
            label="components of local minima (CSV)",
        ),
        page=shown(
            "results/{experiment}/{instance}/minima.html",
            category="Local minima",
            caption="minima_page",
            label="components of local minima",
        ),
    log:
        "logs/tables/{experiment}/{instance}.log",
    benchmark:
        "timings/tables/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    script:
        "../scripts/tables.py"


# What the paper observed on its instance, checked on this one.
rule facts:
    input:
        minima=MINIMA,
    output:
        facts=shown(
            "results/{experiment}/{instance}/facts.txt",
            category="Local minima",
            caption="facts",
            label="statements of the paper, checked",
        ),
    log:
        "logs/facts/{experiment}/{instance}.log",
    benchmark:
        "timings/facts/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    script:
        "../scripts/facts.py"


# The landscape of one instance in pictures; the report shows them in the first format.
rule figures:
    input:
        minima=MINIMA,
    output:
        drawn("results/{experiment}/{instance}/figures", "Local minima", instances.FIGURES),
    log:
        "logs/figures/{experiment}/{instance}.log",
    benchmark:
        "timings/figures/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
        layout=lookup(within=INSTANCES, dpath="{instance}/layout", default={}),
    script:
        "../scripts/figures.py"
