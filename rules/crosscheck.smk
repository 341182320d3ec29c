# Not part of the experiment: `snakemake crosscheck_all` solves every instance in each formulation
# through each backend, and fails if any two of them disagree.
rule crosscheck_all:
    input:
        expand("results/{experiment}/agreed.txt", experiment=config["experiment"]),
    localrule: True


# One formulation by one backend, in one job, so that its times are comparable with each other.
rule crosscheck_measure:
    input:
        problem=rules.dataset.output.problem,
    output:
        measured="results/{experiment}/{instance}/work/crosscheck/{formulation}-{backend}.json",
    log:
        "logs/crosscheck_measure/{experiment}/{instance}/{formulation}-{backend}.log",
    benchmark:
        "benchmarks/crosscheck_measure/{experiment}/{instance}/{formulation}-{backend}.tsv"
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 240 * attempt,
    params:
        seconds=lookup(within=config, dpath="crosscheck/seconds"),
        megabytes=lookup(within=config, dpath="crosscheck/megabytes"),
        force=lookup(within=config, dpath="solve/force"),
    message:
        "{wildcards.instance}: measure {wildcards.formulation} by {wildcards.backend}"
    script:
        "../scripts/crosscheck_measure.py"


# All measurements of an instance side by side. A disagreement is written down like anything else.
rule crosscheck:
    input:
        measured=[
            expand(
                rules.crosscheck_measure.output.measured,
                formulation=formulation,
                backend=backend,
                allow_missing=True,
            )
            for formulation, backend in plans.crosscheck_runs(config)
        ],
    output:
        expand(
            "results/{experiment}/{instance}/crosscheck/times.{format}",
            format=FORMATS[1:],
            allow_missing=True,
        ),
        times=report(
            f"results/{{experiment}}/{{instance}}/crosscheck/times.{FORMATS[0]}",
            caption="../captions/times.rst",
            category="Crosscheck",
            subcategory="{instance}",
            labels={"show": "time per pattern"},
        ),
        page=report(
            "results/{experiment}/{instance}/crosscheck/page.html",
            caption="../captions/crosscheck.rst",
            category="Crosscheck",
            subcategory="{instance}",
            labels={"show": "everything on one page"},
        ),
        markdown=report(
            "results/{experiment}/{instance}/crosscheck/agreement.md",
            caption="../captions/agreement.rst",
            category="Crosscheck",
            subcategory="{instance}",
            labels={"show": "agreement and ratios"},
        ),
        systems=report(
            "results/{experiment}/{instance}/crosscheck/systems.csv",
            caption="../captions/systems.rst",
            category="Crosscheck",
            subcategory="{instance}",
            labels={"show": "every system"},
        ),
        agreement="results/{experiment}/{instance}/work/crosscheck.json",
    log:
        "logs/crosscheck/{experiment}/{instance}.log",
    benchmark:
        "benchmarks/crosscheck/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        formats=FORMATS,
    message:
        "{wildcards.instance}: crosscheck"
    script:
        "../scripts/crosscheck.py"


# Runs after everything was written, and fails if any two measurements contradict each other.
rule agreed:
    input:
        agreements=expand(rules.crosscheck.output.agreement, instance=INSTANCES, allow_missing=True),
    output:
        agreed=report(
            "results/{experiment}/agreed.txt",
            caption="../captions/agreed.rst",
            category="Crosscheck",
            labels={"show": "conclusion"},
        ),
    log:
        "logs/agreed/{experiment}.log",
    benchmark:
        "benchmarks/agreed/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: do all formulations and backends agree?"
    script:
        "../scripts/agreed.py"
