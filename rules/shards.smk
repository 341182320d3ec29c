# Boxes of directions, shared: branch (a job for every shard) -> draft -> follow (again) -> settle.


# The bulk of the work: boxes that are dealt to shards, and all below them.
rule branch:
    input:
        problem=rules.dataset.output.problem,
    output:
        tree="results/{experiment}/{instance}/work/shards/{shard}.tree",
    log:
        "logs/branch/{experiment}/{instance}/{shard}.log",
    benchmark:
        "timings/branch/{experiment}/{instance}/{shard}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("branch", shard, covered),
    params:
        **settings("solve", "force"),
    script:
        "../scripts/branch.py"


# What is on the leaves of all shards becomes a list, which nobody has checked yet.
rule draft:
    input:
        problem=rules.dataset.output.problem,
        trees=in_shards(rules.branch.output.tree),
    output:
        draft="results/{experiment}/{instance}/work/draft.json",
    log:
        "logs/draft/{experiment}/{instance}.log",
    benchmark:
        "timings/draft/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    threads: 2
    resources:
        **estimated("branch", covered),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/draft.py"


# Boxes and records are checked by a program that shares no code with the solver.
rule follow:
    input:
        draft=rules.draft.output.draft,
    output:
        part="results/{experiment}/{instance}/work/parts/{shard}.json",
    log:
        "logs/follow/{experiment}/{instance}/{shard}.log",
    benchmark:
        "timings/follow/{experiment}/{instance}/{shard}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("branch", shard, covered),
    script:
        "../scripts/follow.py"


# A list is called complete if every part of its proof was accepted; refused boxes are searched again.
rule settle:
    input:
        problem=rules.dataset.output.problem,
        trees=in_shards(rules.branch.output.tree),
        draft=rules.draft.output.draft,
        parts=in_shards(rules.follow.output.part),
    output:
        minima=MINIMA,
    log:
        "logs/settle/{experiment}/{instance}.log",
    benchmark:
        "timings/settle/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("branch", covered),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/settle.py"
