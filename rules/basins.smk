# Which minima of an instance are traps, how deep, and over which passes they join; with `basins: true`
# a part of the experiment, otherwise targets by the names of their files.


# A finite graph over the stationary supports of either engine decides it, without optimisation.
rule basins:
    input:
        minima=MINIMA,
    output:
        basins="results/{experiment}/{instance}/basins.json",
    log:
        "logs/basins/{experiment}/{instance}.log",
    benchmark:
        "timings/basins/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("prove", all_supports),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/basins.py"


# One row a component, as CSV and as a page with the tree.
rule barriers:
    input:
        basins=rules.basins.output.basins,
    output:
        drawn("results/{experiment}/{instance}/figures", "Basins", instances.TREE_FIGURES),
        table=shown(
            "results/{experiment}/{instance}/barriers.csv",
            category="Basins",
            caption="barriers",
            label="barriers and depths (CSV)",
        ),
        page=shown(
            "results/{experiment}/{instance}/barriers.html",
            category="Basins",
            caption="barriers",
            label="barriers and depths",
        ),
    log:
        "logs/barriers/{experiment}/{instance}.log",
    benchmark:
        "timings/barriers/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/barriers.py"
