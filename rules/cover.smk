# In one job, the certificate inside: strata of several hidden layers, or boxes of directions.
rule cover:
    input:
        problem=rules.dataset.output.problem,
    output:
        minima=MINIMA,
    log:
        "logs/cover/{experiment}/{instance}.log",
    benchmark:
        "timings/cover/{experiment}/{instance}.tsv"
    wildcard_constraints:
        instance=only(COVERED),
    conda:
        "../environment.yml"
    threads: 2
    resources:
        **estimated(covering, covered),
    params:
        **settings("solve", "engine", "backend", "seconds", "megabytes", "force"),
    message:
        "{wildcards.instance}: minima and certificate"
    script:
        "../scripts/cover.py"
