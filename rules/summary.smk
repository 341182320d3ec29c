# What is said of all instances together, unless they are a sweep.


# One row per instance, for people (CSV, Markdown) and for papers (LaTeX).
rule summary:
    input:
        minima=of_all(MINIMA),
    output:
        csv=shown(
            "results/{experiment}/summary.csv",
            category="All instances",
            caption="summary",
            label="summary (CSV)",
        ),
        page=shown(
            "results/{experiment}/summary.html",
            category="All instances",
            caption="summary",
            label="summary",
        ),
        markdown="results/{experiment}/summary.md",
        latex="results/{experiment}/summary.tex",
    log:
        "logs/summary/{experiment}.log",
    benchmark:
        "timings/summary/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
    message:
        "{wildcards.experiment}: tables of all instances"
    script:
        "../scripts/summary.py"


# What changes from instance to instance.
rule summary_figures:
    input:
        minima=of_all(MINIMA),
    output:
        drawn("results/{experiment}/figures", "All instances", instances.SUMMARY_FIGURES),
    log:
        "logs/summary_figures/{experiment}.log",
    benchmark:
        "timings/summary_figures/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
        formats=FORMATS,
    message:
        "{wildcards.experiment}: figures of all instances"
    script:
        "../scripts/summary_figures.py"


# Runs after everything else was written, and fails if a list of minima may be incomplete.
rule decided:
    input:
        minima=of_all(MINIMA),
        tables=of_all(rules.tables.output),
        evidence=of_all(
            rules.stationary_table.output if ENGINE == "groebner" else rules.verify.output
        ),
        facts=of_all(rules.facts.output),
        figures=of_all(rules.figures.output),
        barriers=of_all(rules.barriers.output) if config["basins"] else [],
        radii=of_all(rules.radii.output) if config["stability"] else [],
        summary=rules.summary.output,
        summary_figures=rules.summary_figures.output,
        paths=along_paths("path.json"),
        figures_of_paths=along_paths(*PATH_FIGURES),
        pages=path_pages("explorer.html"),
    output:
        decided=shown(
            "results/{experiment}/decided.txt",
            category="All instances",
            caption="decided",
            label="completeness",
        ),
    log:
        "logs/decided/{experiment}.log",
    benchmark:
        "timings/decided/{experiment}.tsv"
    localrule: True
    conda:
        "../environment.yml"
    params:
        instances=list(INSTANCES),
        paths=list(PATHS),
    message:
        "{wildcards.experiment}: is every list of minima complete?"
    script:
        "../scripts/decided.py"
