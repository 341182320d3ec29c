# Ridge paths: how the local minima of a data set move, appear and vanish as the ridge varies.
wildcard_constraints:
    path="[^/]+",


# Enumerates at every ridge of a grid, and between two lists that differ until ten digits agree.
rule path:
    input:
        lambda wildcards: own(PATHS[wildcards.path]["csv"]),
    output:
        path="results/{experiment}/paths/{path}/path.json",
    log:
        "logs/path/{experiment}/{path}.log",
    benchmark:
        "benchmarks/path/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=megabytes("path", supports_at_a_ridge),
        runtime=minutes("path", supports_of_path),
    params:
        instance=lookup(within=PATHS, dpath="{path}"),
        seconds=lookup(within=config, dpath="solve/seconds"),
        megabytes=lookup(within=config, dpath="solve/megabytes"),
    message:
        "{wildcards.path}: ridge path"
    script:
        "../scripts/path.py"


# The bifurcation diagram.
rule path_figure:
    input:
        path=rules.path.output.path,
    output:
        report(
            f"results/{{experiment}}/paths/{{path}}/path.{FORMATS[0]}",
            caption="../captions/path.rst",
            category="Ridge paths",
            subcategory="{path}",
            labels={"show": "bifurcation diagram"},
        ),
        expand(
            "results/{experiment}/paths/{path}/path.{format}",
            format=FORMATS[1:],
            allow_missing=True,
        ),
    log:
        "logs/path_figure/{experiment}/{path}.log",
    benchmark:
        "benchmarks/path_figure/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        formats=FORMATS,
    message:
        "{wildcards.path}: bifurcation diagram"
    script:
        "../scripts/path_figure.py"


# One page with everything, for people: it needs no other file and no network.
rule explorer:
    input:
        path=rules.path.output.path,
    output:
        page=report(
            "results/{experiment}/paths/{path}/explorer.html",
            caption="../captions/explorer.rst",
            category="Ridge paths",
            subcategory="{path}",
            labels={"show": "explorer"},
        ),
    log:
        "logs/explorer/{experiment}/{path}.log",
    benchmark:
        "benchmarks/explorer/{experiment}/{path}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    message:
        "{wildcards.path}: explorer"
    script:
        "../scripts/explorer.py"
