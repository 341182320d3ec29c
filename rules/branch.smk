# By the branch engine, on a line: boxes of directions, most of them excluded at once; then verify.
include: "verify.smk"


# One job: its processes share the tree of boxes. The certificate is inside the document.
rule branch:
    input:
        problem=rules.dataset.output.problem,
    output:
        minima=MINIMA,
    log:
        "logs/branch/{experiment}/{instance}.log",
    benchmark:
        "timings/branch/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    threads: 2
    resources:
        **estimated("branch", all_supports),
    params:
        **settings("solve", "backend", "seconds", "megabytes", "force"),
    script:
        "../scripts/branch.py"
