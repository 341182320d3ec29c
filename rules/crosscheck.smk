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
        "timings/crosscheck_measure/{experiment}/{instance}/{formulation}-{backend}.tsv"
    conda:
        "../environment.yml"
    resources:
        **growing(mem_mb=2000, runtime=240),
    params:
        **settings("crosscheck", "seconds", "megabytes"),
        **settings("solve", "force"),
    script:
        "../scripts/crosscheck_measure.py"


# All measurements of an instance side by side. A disagreement is written down like anything else.
rule crosscheck:
    input:
        measured=measured_ways,
    output:
        drawn(
            "results/{experiment}/{instance}/crosscheck",
            "Crosscheck",
            {"times": "time per pattern"},
        ),
        page=shown(
            "results/{experiment}/{instance}/crosscheck/page.html",
            category="Crosscheck",
            caption="crosscheck",
            label="everything on one page",
        ),
        markdown=shown(
            "results/{experiment}/{instance}/crosscheck/agreement.md",
            category="Crosscheck",
            caption="agreement",
            label="agreement and ratios",
        ),
        systems=shown(
            "results/{experiment}/{instance}/crosscheck/systems.csv",
            category="Crosscheck",
            caption="systems",
            label="every system",
        ),
        agreement="results/{experiment}/{instance}/work/crosscheck.json",
    log:
        "logs/crosscheck/{experiment}/{instance}.log",
    benchmark:
        "timings/crosscheck/{experiment}/{instance}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        formats=FORMATS,
    script:
        "../scripts/crosscheck.py"


# Runs after everything was written, and fails if any two measurements contradict each other.
rule agreed:
    input:
        agreements=of_all(rules.crosscheck.output.agreement),
    output:
        agreed=shown(
            "results/{experiment}/agreed.txt",
            category="Crosscheck",
            caption="agreed",
            label="conclusion",
        ),
    log:
        "logs/agreed/{experiment}.log",
    benchmark:
        "timings/agreed/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: do all formulations and backends agree?"
    script:
        "../scripts/agreed.py"
