# Data: read or generated, and written as the problem that they pose.
rule dataset:
    input:
        lambda wildcards: own(INSTANCES[wildcards.instance]["csv"]),
    output:
        data="results/{experiment}/{instance}/data.csv",
        problem="results/{experiment}/{instance}/work/problem.json",
    log:
        "logs/dataset/{experiment}/{instance}.log",
    benchmark:
        "timings/dataset/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instance=lookup(within=INSTANCES, dpath="{instance}"),
    script:
        "../scripts/dataset.py"
