# What is said of all instances together, unless they are a sweep.


# One row per instance, for people (CSV, Markdown) and for papers (LaTeX).
rule summary:
    input:
        minima=expand(rules.certify.output.minima, instance=INSTANCES, allow_missing=True),
    output:
        csv=report(
            "results/{experiment}/summary.csv",
            caption="../captions/summary.rst",
            category="All instances",
            labels={"show": "summary (CSV)"},
        ),
        page=report(
            "results/{experiment}/summary.html",
            caption="../captions/summary.rst",
            category="All instances",
            labels={"show": "summary"},
        ),
        markdown="results/{experiment}/summary.md",
        latex="results/{experiment}/summary.tex",
    log:
        "logs/summary/{experiment}.log",
    benchmark:
        "benchmarks/summary/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: summary tables"
    script:
        "../scripts/summary.py"


# What changes from instance to instance.
rule summary_figures:
    input:
        minima=rules.summary.input.minima,
    output:
        *(
            report(
                f"results/{{experiment}}/figures/{name}.{FORMATS[0]}",
                caption=f"../captions/{name}.rst",
                category="All instances",
                labels={"show": label},
            )
            for name, label in instances.SUMMARY_FIGURES.items()
        ),
        expand(
            "results/{experiment}/figures/{figure}.{format}",
            figure=instances.SUMMARY_FIGURES,
            format=FORMATS[1:],
            allow_missing=True,
        ),
    log:
        "logs/summary_figures/{experiment}.log",
    benchmark:
        "benchmarks/summary_figures/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        instances=list(INSTANCES),
        formats=FORMATS,
    message:
        "{wildcards.experiment}: summary figures"
    script:
        "../scripts/summary_figures.py"


# Runs after everything else was written, and fails if a list of minima may be incomplete.
rule decided:
    input:
        minima=rules.summary.input.minima,
        tables=expand(rules.tables.output, instance=INSTANCES, allow_missing=True),
        evidence=expand(
            rules.verify.output if CERTIFIED else rules.stationary_table.output,
            instance=INSTANCES,
            allow_missing=True,
        ),
        facts=expand(rules.facts.output, instance=INSTANCES, allow_missing=True),
        figures=expand(rules.figures.output, instance=INSTANCES, allow_missing=True),
        summary=rules.summary.output,
        summary_figures=rules.summary_figures.output,
        paths=all_paths("path.json"),
        explorers=all_paths("explorer.html"),
        diagrams=[file for format in FORMATS for file in all_paths(f"path.{format}")],
    output:
        decided=report(
            "results/{experiment}/decided.txt",
            caption="../captions/decided.rst",
            category="All instances",
            labels={"show": "completeness"},
        ),
    log:
        "logs/decided/{experiment}.log",
    benchmark:
        "benchmarks/decided/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        instances=list(INSTANCES),
        paths=list(PATHS),
    message:
        "{wildcards.experiment}: is every support decided?"
    script:
        "../scripts/decided.py"
