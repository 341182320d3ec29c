# A proof that its own program accepts is half a proof: the checker shares no code with the solver.
rule verify:
    input:
        minima=MINIMA,
        certificate=certificate_beside,
        parts=parts_of_proof,
    output:
        verified=shown(
            "results/{experiment}/{instance}/verified.txt",
            category="Local minima",
            caption="verified",
            label="the certificate, checked",
        ),
    log:
        "logs/verify/{experiment}/{instance}.log",
    benchmark:
        "timings/verify/{experiment}/{instance}.tsv"
    conda:
        "../environment.yml"
    threads: lambda wildcards: 2 if wildcards.instance in COVERED else 1
    resources:
        **estimated(checking, checked),
    script:
        "../scripts/verify.py"
