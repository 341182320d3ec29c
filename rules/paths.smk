# Ridge paths: a path, its diagram and its page.


# Enumerates at every ridge of a grid, and between two lists that differ until ten digits agree.
rule path:
    input:
        lambda wildcards: own(PATHS[wildcards.path]["csv"]),
    output:
        path="results/{experiment}/paths/{path}/path.json",
    log:
        "logs/path/{experiment}/{path}.log",
    benchmark:
        "timings/path/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("path", supports_of_path, at_once=supports_at_a_ridge),
    params:
        **settings("solve", "seconds", "megabytes"),
        instance=lookup(within=PATHS, dpath="{path}"),
    script:
        "../scripts/path.py"


# The bifurcation diagram.
rule path_figure:
    input:
        path=rules.path.output.path,
    output:
        drawn("results/{experiment}/paths/{path}", "Ridge paths", {"path": "bifurcation diagram"}),
    log:
        "logs/path_figure/{experiment}/{path}.log",
    benchmark:
        "timings/path_figure/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/path_figure.py"


# What is a trap at one ridge is none at another: the graph at every ridge.
rule path_basins:
    input:
        path=rules.path.output.path,
    output:
        basins="results/{experiment}/paths/{path}/basins.zip",
    log:
        "logs/path_basins/{experiment}/{path}.log",
    benchmark:
        "timings/path_basins/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("path", supports_of_path, at_once=supports_at_a_ridge),
    params:
        **settings("solve", "seconds", "megabytes"),
    script:
        "../scripts/path_basins.py"


# A trap appears and vanishes where its depth is 0.
rule traps:
    input:
        path=rules.path.output.path,
        basins=rules.path_basins.output.basins,
    output:
        drawn("results/{experiment}/paths/{path}", "Ridge paths", {"traps": "depths of traps"}),
    log:
        "logs/traps/{experiment}/{path}.log",
    benchmark:
        "timings/traps/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/traps.py"


# One page with everything, for people: it needs no other file and no network.
rule explorer:
    input:
        path=rules.path.output.path,
        basins=[rules.path_basins.output.basins] if config["basins"] else [],
    output:
        page=shown(
            "results/{experiment}/paths/{path}/explorer.html",
            category="Ridge paths",
            caption="explorer",
            label="explorer",
        ),
    log:
        "logs/explorer/{experiment}/{path}.log",
    benchmark:
        "timings/explorer/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    script:
        "../scripts/explorer.py"
