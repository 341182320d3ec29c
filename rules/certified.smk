# By the certified engine: supports -> smaller -> survey (a job for every block) -> prove -> verify.
include: "cover.smk"
include: "verify.smk"


# The largest supports are shared among jobs by number, without listing them.
checkpoint supports:
    input:
        problem=rules.dataset.output.problem,
    output:
        supports="results/{experiment}/{instance}/work/supports.json",
    log:
        "logs/supports/{experiment}/{instance}.log",
    benchmark:
        "timings/supports/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        **settings("solve", "supports_per_job", "force"),
    script:
        "../scripts/supports.py"


# Larger supports need to know of the smaller ones which faces are superfluous beside them.
rule smaller:
    input:
        problem=rules.dataset.output.problem,
    output:
        blocks="results/{experiment}/{instance}/work/survey/smaller.npz",
        known="results/{experiment}/{instance}/work/known.npz",
    log:
        "logs/smaller/{experiment}/{instance}.log",
    benchmark:
        "timings/smaller/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("certified", smaller_supports),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/smaller.py"


# The bulk of the work: one block of supports, without knowing of the others.
rule survey:
    input:
        problem=rules.dataset.output.problem,
        known=rules.smaller.output.known,
    output:
        surveyed="results/{experiment}/{instance}/work/survey/{block}.npz",
    log:
        "logs/survey/{experiment}/{instance}/{block}.log",
    benchmark:
        "timings/survey/{experiment}/{instance}/{block}.tsv"
    conda:
        "../environment.yml"
    resources:
        **estimated("certified", supports_of_block),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    script:
        "../scripts/survey.py"


# All records become the certificate, and what is locally minimal the list of minima.
rule prove:
    input:
        problem=rules.dataset.output.problem,
        supports=rules.supports.output.supports,
        smaller=rules.smaller.output.blocks,
        surveyed=surveyed_blocks,
    output:
        minima=MINIMA,
        certificate="results/{experiment}/{instance}/certificate.parquet",
    log:
        "logs/prove/{experiment}/{instance}.log",
    benchmark:
        "timings/prove/{experiment}/{instance}.tsv"
    wildcard_constraints:
        instance=only(BY_SUPPORTS),
    conda:
        "../environment.yml"
    resources:
        **estimated("prove", all_supports),
    params:
        **settings("solve", "backend", "seconds", "megabytes"),
    message:
        "{wildcards.instance}: minima and certificate from all blocks"
    script:
        "../scripts/prove.py"
