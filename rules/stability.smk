# How far the targets of an instance may move before its minima change; with `stability: true` a part of the
# experiment, otherwise targets by the names of their files.


# Each verdict holds within a distance: nearer targets cannot change it. With basins, theirs are told, too.
rule stability:
    input:
        minima=rules.basins.output.basins if config["basins"] else MINIMA,
    output:
        stability="results/{experiment}/{instance}/stability.json",
    log:
        "logs/stability/{experiment}/{instance}.log",
    benchmark:
        "timings/stability/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("prove", all_supports),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/stability.py"


# One row a component, and a picture of all radii.
rule radii:
    input:
        stability=rules.stability.output.stability,
    output:
        drawn("results/{experiment}/{instance}/figures", "Stability", instances.RADII_FIGURES),
        table=shown(
            "results/{experiment}/{instance}/radii.csv",
            category="Stability",
            caption="radii_table",
            label="radii (CSV)",
        ),
    log:
        "logs/radii/{experiment}/{instance}.log",
    benchmark:
        "timings/radii/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/radii.py"
