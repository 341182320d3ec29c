# By Groebner bases: patterns -> solve (a job for every activation pattern) -> merge -> certify.


# Which activation patterns are realisable depends on the data; so does the number of jobs.
checkpoint patterns:
    input:
        problem=rules.dataset.output.problem,
    output:
        patterns="results/{experiment}/{instance}/work/patterns.json",
    log:
        "logs/patterns/{experiment}/{instance}.log",
    benchmark:
        "timings/patterns/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        **settings("solve", "patterns_per_job", "all_patterns", "force"),
    script:
        "../scripts/patterns.py"


# The bulk of the work. A pattern is solved without knowing of the others: by default, one job each.
rule solve:
    input:
        problem=rules.dataset.output.problem,
        patterns=rules.patterns.output.patterns,
    output:
        solved="results/{experiment}/{instance}/work/solve/{batch}.json",
    log:
        "logs/solve/{experiment}/{instance}/{batch}.log",
    benchmark:
        "timings/solve/{experiment}/{instance}/{batch}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(solving, patterns_of_batch),
    params:
        **settings("solve", "formulation", "backend", "seconds", "megabytes"),
    script:
        "../scripts/solve.py"


# Points that several patterns share become one; a missing or foreign pattern is an error.
rule merge:
    input:
        problem=rules.dataset.output.problem,
        patterns=rules.patterns.output.patterns,
        solved=solved_batches,
    output:
        merged="results/{experiment}/{instance}/work/merged.json",
    log:
        "logs/merge/{experiment}/{instance}.log",
    benchmark:
        "timings/merge/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(solving, all_supports),
    params:
        **settings("solve", "formulation"),
    message:
        "{wildcards.instance}: all patterns together"
    script:
        "../scripts/merge.py"


# Every merged point gets a proof that it is a minimum or a checked descent, so none is lost.
rule certify:
    input:
        merged=rules.merge.output.merged,
        patterns=rules.patterns.output.patterns,
    output:
        minima=MINIMA,
        stationary="results/{experiment}/{instance}/stationary.json",
    log:
        "logs/certify/{experiment}/{instance}.log",
    benchmark:
        "timings/certify/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated(solving, all_supports),
    script:
        "../scripts/certify.py"


# One row a stationary point; of the certified engine, the certificate has them.
rule stationary_table:
    input:
        stationary=rules.certify.output.stationary,
    output:
        stationary=shown(
            "results/{experiment}/{instance}/stationary.csv",
            category="Local minima",
            caption="stationary",
            label="all stationary points",
        ),
    log:
        "logs/stationary_table/{experiment}/{instance}.log",
    benchmark:
        "timings/stationary_table/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    script:
        "../scripts/stationary_table.py"
