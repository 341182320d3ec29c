"""Write docs/compare.md: this package beside those whose users may want it, row by row.

    python -m docs.make.compare

Every cell names a source or a page of ours. What was measured with the other packages is in
docs/data/neighbours.json, which benchmarks/neighbours.py writes; a sentence that the numbers
contradict is an error.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from docs.make.prose import bullets, paragraph, said
from reluenum.documents.files import write_text

ROOT = Path(__file__).parents[2]
MEASURED, STARTS = ROOT / "docs/data/neighbours.json", ROOT / "docs/data/completeness.json"
BOXES, SYSTEMS = ROOT / "docs/data/boxes.csv", ROOT / "docs/data/benchmarks.json"

LOOKED_UP = "1 December 2026"
"""When the sources were read, in stored copies of the pages."""

SYSTEMS_COMPARED = ("reluenum", "paper", "cvxpy", "celer", "skglm", "HC.jl", "TopSearch")
"""Columns of the tables: this package, Fukasaku, Kabata and Okuno's, and five others."""

SOURCES = {
    "P": ("Fukasaku, Kabata, Okuno, the paper", "https://arxiv.org/abs/2508.17783"),
    "V1": ("CVXPY, README", "https://github.com/cvxpy/cvxpy"),
    "V2": ("CVXPY, documentation", "https://www.cvxpy.org/"),
    "V3": ("CVXPY, changes", "https://www.cvxpy.org/updates/index.html"),
    "C1": ("celer, package", "https://pypi.org/project/celer/"),
    "C2": ("celer, documentation", "https://mathurinm.github.io/celer/"),
    "C3": ("celer, repository with `whats_new.rst`", "https://github.com/mathurinm/celer"),
    "S1": ("skglm, package", "https://pypi.org/project/skglm/"),
    "S2": ("skglm, documentation", "https://contrib.scikit-learn.org/skglm/"),
    "S3": (
        "skglm, repository with `doc/changes`",
        "https://github.com/scikit-learn-contrib/skglm",
    ),
    "H1": (
        "HomotopyContinuation.jl, README",
        "https://github.com/JuliaHomotopyContinuation/HomotopyContinuation.jl",
    ),
    "H2": (
        "HomotopyContinuation.jl, certification",
        "https://www.juliahomotopycontinuation.org/HomotopyContinuation.jl/stable/certification/",
    ),
    "H3": (
        "HomotopyContinuation.jl, `docs/src/witness_sets.md`",
        "https://github.com/JuliaHomotopyContinuation/HomotopyContinuation.jl/blob/main/docs/src/witness_sets.md",
    ),
    "H4": (
        "HomotopyContinuation.jl, a system with missing solutions",
        "https://github.com/JuliaHomotopyContinuation/HomotopyContinuation.jl/discussions/575",
    ),
    "H5": (
        "HomotopyContinuation.jl, releases",
        "https://github.com/JuliaHomotopyContinuation/HomotopyContinuation.jl/releases",
    ),
    "H6": (
        "HomotopyContinuation.jl, licence",
        "https://github.com/JuliaHomotopyContinuation/HomotopyContinuation.jl/blob/main/LICENSE.md",
    ),
    "T1": ("TopSearch, package", "https://pypi.org/project/topsearch/"),
    "T2": (
        "TopSearch, introduction",
        "https://ibm.github.io/topography-searcher/introduction.html",
    ),
    "T3": ("TopSearch, paper", "https://joss.theoj.org/papers/10.21105/joss.06711"),
    "T4": ("TopSearch, tutorials", "https://ibm.github.io/topography-searcher/tutorials.html"),
    "T5": ("TopSearch, repository", "https://github.com/IBM/topography-searcher"),
    "W": (
        "Snakemake workflow catalog, README",
        "https://github.com/snakemake/snakemake-workflow-catalog",
    ),
}
"""What each letter stands for, and its address."""

PAGES = {
    "readme": "../README.md",
    "theory": "theory.md",
    "certificate": "certificate.md",
    "benchmarks": "benchmarks.md",
    "basins": "basins.md",
    "deep": "deep.md",
    "convex": "convex.md",
    "practice": "practice.md",
    "faq": "faq.md",
    "tutorial": "tutorial.md",
    "api": "api.md",
    "examples": "examples/GALLERY_HEADER.rst",
    "weight decay": "weight_decay.md",
    "trained": "trained.md",
    "workflow": "../profiles/README.md",
    "config": "../config/README.md",
    "citation": "../CITATION.cff",
    "draft": "../paper/paper.md",
    "changelog": "../CHANGELOG.md",
    "licence": "../LICENSE",
    "measured": "#what-was-measured",
}
"""Pages of this repository that cells refer to."""

Cell = tuple[str, Sequence[str]]
Row = tuple[str, Sequence[Cell]]

COMPUTED: Sequence[Row] = (
    (
        "question",
        (
            (
                "which local minima has this network on these data, and how do they join?",
                ["readme"],
            ),
            ("which local minima has it?", ["P"]),
            ("what is the optimum of the convex problem that I write down?", ["V1"]),
            ("what is the optimum of a Lasso-like problem?", ["C1"]),
            ("which sparse generalised linear model fits?", ["S1"]),
            ("what are the solutions of a polynomial system?", ["H1"]),
            ("what stationary points has a surface, and which are joined?", ["T2"]),
        ),
    ),
    (
        "models",
        (
            (
                "two slopes per unit (ReLU, leaky, absolute value), squared loss, ridge; one "
                "hidden layer, small ones with several",
                ["faq", "deep"],
            ),
            ("ReLU, one hidden layer, squared loss, ridge", ["P"]),
            ("convex, mixed-integer convex, geometric, quasiconvex programs", ["V1"]),
            ("Lasso, elastic net, group and multitask Lasso, sparse logistic regression", ["C1"]),
            (
                "combinations of datafits and penalties, nonconvex ones (MCP, SCAD) too",
                ["S1", "S2"],
            ),
            ("any polynomial system", ["H1"]),
            ("any continuous surface: learning models, molecules, functions", ["T1", "T2"]),
        ),
    ),
    (
        "result",
        (
            ("all local minima", ["theory"]),
            ("all local minima", ["P"]),
            ("one optimum and dual values", ["V1"]),
            ("one optimum", ["C1"]),
            ("one fit", ["S1"]),
            ("isolated complex solutions, the real ones among them", ["H1"]),
            ("sampled minima and transition states", ["T1"]),
        ),
    ),
    (
        "connected sets of solutions",
        (
            ("listed, with dimension and parameters", ["theory"]),
            ("found", ["P"]),
            ("one point of them", ["V1"]),
            ("one point of them", ["C1"]),
            ("one point of them", ["S1"]),
            ("witness sets and irreducible components, over the complex numbers", ["H3"]),
            ("several points of one set, each a minimum of its own", ["measured"]),
        ),
    ),
    (
        "passes between minima",
        (
            ("exact: the tree of basins with its barriers", ["basins"]),
            ("not treated", ["P"]),
            ("not its question", ["V1"]),
            ("not its question", ["C1"]),
            ("not its question", ["S1"]),
            ("not its question", ["H1"]),
            ("searched for, drawn as disconnectivity graphs", ["T1", "T5"]),
        ),
    ),
    (
        "how far it goes",
        (
            ("{largest}", ["benchmarks"]),
            ("minimal networks, a few hidden units; n = 5, L = 2 in its example", ["P", "theory"]),
            ("what its solvers can do", ["V1"]),
            ("millions of features", ["C1"]),
            ("millions of features", ["S1"]),
            ("not measured: Julia was out of reach; PHCpack stands in", ["benchmarks"]),
            ("surfaces of many dimensions; ours measured below", ["T5", "measured"]),
        ),
    ),
)

PROVED: Sequence[Row] = (
    (
        "nothing is missing",
        (
            (
                "proved, with a certificate; of several hidden layers, for widths (L, 1), "
                "(L, 1, 1) and (1, L)",
                ["certificate", "deep"],
            ),
            ("by Groebner bases that have to be believed", ["P"]),
            ("one value: duality bounds it", ["V1", "convex"]),
            ("one value: duality bounds it", ["C2"]),
            ("no statement found in its documentation", ["S2"]),
            ("not proved, but for witness sets a trace test; some may be missing", ["H3", "H4"]),
            ("no: sampling", ["T2", "measured"]),
        ),
    ),
    (
        "numbers",
        (
            ("exact input, exact signs, enclosures; 30 digits", ["readme"]),
            ("exact computer algebra", ["P"]),
            ("doubles, to the tolerance of the solver", ["V1", "convex"]),
            ("doubles, to a duality gap", ["C2"]),
            ("doubles, to a tolerance", ["S2"]),
            ("doubles; up to 256 bits in certificates", ["H2"]),
            ("doubles, to a tolerance", ["T5"]),
        ),
    ),
    (
        "what is certified",
        (
            (
                "every point, every verdict, completeness, the tree of basins",
                ["certificate", "basins"],
            ),
            ("not treated", ["P"]),
            ("the solver's status and dual values", ["V1"]),
            ("the dual point behind the stopping rule", ["C2"]),
            ("no certificate found in its documentation", ["S2"]),
            ("that an approximate solution is one, real, and distinct (Krawczyk)", ["H2"]),
            ("signs of eigenvalues, in doubles", ["T5"]),
        ),
    ),
    (
        "who checks it",
        (
            ("`reluenum verify`, which shares no code with the solver", ["certificate"]),
            ("the reader", ["P"]),
            ("the user, from dual values", ["V1"]),
            ("the solver itself", ["C2"]),
            ("the user", ["S2"]),
            ("the same package; certificates can be saved", ["H2"]),
            ("the user", ["T5"]),
        ),
    ),
)

WORKED: Sequence[Row] = (
    (
        "input",
        (
            ("CSV files, arrays, trained networks", ["readme", "trained"]),
            ("data in the text", ["P"]),
            ("expressions in Python", ["V1"]),
            ("arrays, estimators of scikit-learn", ["C1"]),
            ("arrays, estimators of scikit-learn", ["S1"]),
            ("polynomials in Julia", ["H1"]),
            ("classes in Python", ["T4"]),
        ),
    ),
    (
        "interface",
        (
            ("command line, Python, Snakemake", ["readme", "api"]),
            ("none given", ["P"]),
            ("Python", ["V1"]),
            ("Python, scikit-learn's", ["C1"]),
            ("Python, scikit-learn's", ["S1"]),
            ("Julia", ["H1"]),
            ("Python", ["T1"]),
        ),
    ),
    (
        "workflow and cluster",
        (
            ("Snakemake rules, profile for Slurm", ["workflow", "config"]),
            ("none given", ["P"]),
            ("none found", ["V2"]),
            ("none found; cross-validation in parallel", ["C1"]),
            ("none found", ["S2"]),
            ("none found", ["H1"]),
            ("none found; several processes", ["T5"]),
        ),
    ),
    (
        "documentation",
        (
            ("{site}", ["readme"]),
            ("the paper", ["P"]),
            ("public site, one for each version", ["V2"]),
            ("public site", ["C2"]),
            ("public site", ["S2"]),
            ("public site with guides", ["H1"]),
            ("public site", ["T2"]),
        ),
    ),
    (
        "executed examples",
        (
            ("{examples}", ["tutorial", "examples"]),
            ("none given", ["P"]),
            ("library of examples in many fields", ["V1"]),
            ("gallery with timings", ["C1"]),
            ("gallery on real data", ["S2"]),
            ("guides and examples on the site", ["H1"]),
            ("three notebooks, scripts", ["T4"]),
        ),
    ),
    (
        "how to cite",
        (
            ("`CITATION.cff`; of an article there is a draft", ["citation", "draft"]),
            ("preprint", ["P"]),
            ("journal article", ["V2"]),
            ("articles in ICML and JMLR", ["C1"]),
            ("article in NeurIPS", ["S1"]),
            ("article in ICMS", ["H1"]),
            ("`CITATION.cff`, article in JOSS", ["T3", "T5"]),
        ),
    ),
    (
        "changes",
        (
            ("changelog", ["changelog"]),
            ("versions on arXiv", ["P"]),
            ("page of changes, semantic versions", ["V3"]),
            ("`whats_new.rst`", ["C3"]),
            ("a page for each version", ["S3"]),
            ("notes of releases", ["H5"]),
            ("`CHANGELOG.md`", ["T5"]),
        ),
    ),
    (
        "packages",
        (
            ("none published: a clone, `pip` or conda from it", ["readme"]),
            ("none given", ["P"]),
            ("PyPI, conda-forge", ["V1"]),
            ("PyPI", ["C1"]),
            ("PyPI, conda-forge", ["S1"]),
            ("Julia's package manager", ["H1"]),
            ("PyPI", ["T1"]),
        ),
    ),
    (
        "platforms",
        (
            ("Linux, Python 3.11 or later; macOS untested", ["readme", "faq"]),
            ("none given", ["P"]),
            ("Python 3.9 or later (version 1.7)", ["V1"]),
            ("Python", ["C1"]),
            ("Python", ["S1"]),
            ("Julia", ["H1"]),
            ("Python 3.10 to 3.12, NumPy 1", ["T1"]),
        ),
    ),
    (
        "licence",
        (
            ("BSD-3-Clause", ["licence"]),
            ("that of the preprint", ["P"]),
            ("Apache-2.0", ["V1"]),
            ("BSD-3-Clause", ["C1"]),
            ("BSD-3-Clause", ["S1"]),
            ("MIT", ["H6"]),
            ("MIT", ["T1"]),
        ),
    ),
)

TABLES = {"What is computed": COMPUTED, "What is proved": PROVED, "How one works with it": WORKED}


def table(rows: Sequence[Row], facts: Mapping[str, str]) -> str:
    """Return rows as a table, each cell with links to its sources.

    Raises
    ------
    ValueError
        If a row has not a cell for every system, or a cell no source.
    """
    shown = []
    for title, cells in rows:
        if len(cells) != len(SYSTEMS_COMPARED) or not all(sources for _, sources in cells):
            raise ValueError(f"row {title!r}: every system needs a cell, every cell a source")
        texts = [
            f"{text.format_map(facts)} {' '.join(map(reference, sources))}"
            for text, sources in cells
        ]
        shown.append(dict(zip(("", *SYSTEMS_COMPARED), (f"**{title}**", *texts), strict=True)))
    return tabulate(shown, "keys", "pipe", disable_numparse=True)


def reference(key: str) -> str:
    """Return a link to a source, by its key in `SOURCES` or `PAGES`."""
    return f"[[{key}]](#{anchor(key)})" if key in SOURCES else f"[[{key}]]({PAGES[key]})"


def anchor(key: str) -> str:
    """Return the place of a source in the list at the end of the page."""
    return f"source-{key.lower()}"


def facts(boxes: pd.DataFrame) -> dict[str, str]:
    """Return what cells say that depends on data or on the repository."""
    largest = boxes.loc[boxes["supports"].idxmax()]
    site = (ROOT / "docs/conf.py").exists()
    gallery = (ROOT / "docs/examples").is_dir()
    return {
        "largest": f"n = {largest['n']:,}, d = {largest['d']}, L = {largest['width']} "
        f"({largest['supports']:,} supports); n = {boxes['n'].max():,} with two units",
        "site": "pages in the repository, a site to build from them; none at a public address"
        if site
        else "pages in the repository; no site at a public address",
        "examples": "a gallery, and pages whose commands are run when they are written"
        if gallery
        else "pages whose commands are run when they are written",
    }


def criteria() -> list[tuple[str, bool, str]]:
    """Return the catalog's criteria: text, whether met here, and by what; files are looked at."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    return [
        ("a public GitHub repository", False, "not published yet"),
        (
            "a `README.md` with the words snakemake and workflow",
            "snakemake" in readme and "workflow" in readme,
            "README.md",
        ),
        (
            "`Snakefile` or `workflow/Snakefile`",
            (ROOT / "Snakefile").exists() or (ROOT / "workflow/Snakefile").exists(),
            "Snakefile",
        ),
        ("a folder of rules has a `.smk` file", any((ROOT / "rules").glob("*.smk")), "rules/"),
        (
            "standardised usage: `workflow/Snakefile`",
            (ROOT / "workflow/Snakefile").exists(),
            "ours is at the root, which lists it among all workflows only",
        ),
        (
            "standardised usage: `config/README.md`",
            (ROOT / "config/README.md").exists(),
            "config/README.md",
        ),
        (
            "standardised usage: `.snakemake-workflow-catalog.yml`",
            (ROOT / ".snakemake-workflow-catalog.yml").exists(),
            "that file",
        ),
        ("releases, of which the latest is shown", False, "none yet"),
    ]


def page(data: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    data : dict
        As `read` returns it.
    """
    known = facts(data["boxes"])
    parts = [
        "# Beside other packages",
        paragraph(
            "Who comes from convex optimisation, sparse models, polynomial systems or energy",
            "landscapes asks what is different here. Row by row: this package, the paper whose",
            "method it computes, and CVXPY, celer, skglm, HomotopyContinuation.jl (HC.jl) and",
            "TopSearch. These packages answer other questions, most of them for far larger",
            "problems; a cell is no mark. Each has its source in brackets, a letter for a page of",
            f"theirs ([list](#sources), looked up on {LOOKED_UP}), a word for a page of ours.",
        ),
    ]
    for title, rows in TABLES.items():
        parts += [f"## {title}", table(rows, known)]
    parts += [*_better(), *_measured(data), *_catalog(), *_sources()]
    return "\n\n".join(parts) + "\n"


def _better() -> list[str]:
    return [
        "## Where they are better",
        bullets(
            [
                "**Size.** celer and skglm solve problems with millions of features; our lists "
                "end where the number of supports, about (number of faces)^width, gets too large "
                "([limits](faq.md)).",
                "**Generality.** CVXPY takes any convex program, HC.jl any polynomial system, "
                "TopSearch any surface. Here the loss is squared, the ridge positive, the "
                "activation has two slopes.",
                "**Speed where one answer is enough.** The least loss over all widths is the "
                "value of one convex program ([convex.md](convex.md)); who wants nothing else "
                "needs no list.",
                "**Use.** All five are published packages with users and public sites; this one "
                "is in no registry yet, and nobody but its authors has used it, as far as they "
                "know.",
                "**Review.** The articles on CVXPY, celer, skglm, HC.jl and TopSearch went "
                "through review. Our proofs have not been refereed.",
                "**Certificates of single solutions.** For a square polynomial system `certify` of "
                "HC.jl does in general what we do for ours only.",
            ]
        ),
    ]


def _measured(data: Mapping[str, Any]) -> list[str]:
    found = data["neighbours"]
    return [
        "## What was measured",
        paragraph(
            f"On {found['measured']}, on one of two shared cores of an AMD EPYC that were busy",
            "(wall times, good to one digit), with",
            "`python -m benchmarks.neighbours`, which says how to make the other environment;",
            "[data/neighbours.json](data/neighbours.json) has the numbers. Instances are those of",
            "[practice.md](practice.md), at ridge 1/100.",
        ),
        *_topsearch(found),
        *_lassos(found),
        *_others(data),
    ]


def _topsearch(found: Mapping[str, Any]) -> list[str]:
    rows = found["topsearch"]
    sharp = [row for row in rows if not row["softness"]]
    soft = [row for row in rows if row["softness"]]
    steps, version = rows[0]["steps"], rows[0]["version"]
    return [
        "### TopSearch",
        paragraph(
            f"TopSearch {version} (with SciPy 1.14.1, whose messages it reads) makes {steps:,}",
            "steps of basin hopping in the parameters, drops what is no minimum by its own test,",
            "and searches for transition states between neighbours. It is made for smooth",
            "surfaces, and ReLU is none: so also with a softplus of width 1/100 in place of ReLU.",
            "A minimum counts for the listed component at which it is, or to which the way",
            "downhill from it leads. The list of the reference with two units was the first one",
            "that the program made, so that its time includes what is loaded once;",
            "[benchmarks.md](benchmarks.md) has it without.",
        ),
        tabulate(
            [
                {
                    "instance": row["instance"],
                    "activation": "softplus, width 1/100" if row["softness"] else "ReLU",
                    "minima kept": str(row["minima"]),
                    "components": f"{len(row['components'])} of {row['listed']}",
                    "pairs of components joined": str(len(row["joined"])),
                    "s": f"{sum(row['seconds']):.0f}",
                    "list and proof, s": f"{found['list_seconds'][row['instance']]:.2f}",
                }
                for row in rows
            ],
            "keys",
            "pipe",
            disable_numparse=True,
        ),
        bullets(
            [
                said(
                    "On ReLU it finds fewer components than with the softplus, on each instance: "
                    "minima on kinks have no Hessian, and its minimiser does not converge there.",
                    all(
                        len(one["components"]) < len(other["components"])
                        for one, other in zip(sharp, soft, strict=True)
                    ),
                ),
                said(
                    "With the softplus it comes to most components, and to none of the lists as a "
                    "whole; nothing tells it so.",
                    all(row["listed"] / 2 < len(row["components"]) < row["listed"] for row in soft),
                ),
                said(
                    "The component of least loss is among them each time.",
                    all(0 in row["components"] for row in soft),
                ),
                "It could go on: more steps, other settings, a sharper softplus. When to stop is "
                "what a proved list says. Its surfaces may have many more dimensions than ours.",
            ]
        ),
    ]


def _lassos(found: Mapping[str, Any]) -> list[str]:
    fits, relaxed = found["group_lasso"], found["relaxation"]
    celer, skglm = (fits["solvers"][name] for name in ("celer", "skglm"))
    return [
        "### celer and skglm",
        paragraph(
            "On one support, the faces and signs of all units, the loss is that of a group lasso,",
            "a group for each unit, if the inequalities of the faces are left out ([theory.md]",
            f"(theory.md), section 15). Given the supports of the {fits['supports']} isolated",
            f"minima of {fits['instances']} instances, celer {celer['version']} and skglm",
            f"{skglm['version']} solve it:",
        ).replace("[theory.md] (theory.md)", "[theory.md](theory.md)"),
        bullets(
            [
                said(
                    "Both reproduce every loss, up to a share of "
                    f"{_power(max(celer['largest_error'], skglm['largest_error']))}, in about a "
                    "millisecond each.",
                    max(celer["largest_error"], skglm["largest_error"]) < 1e-9
                    and max(celer["median_seconds"], skglm["median_seconds"]) < 0.01,
                ),
                "Which supports to ask for, whether the solution lies in the faces, whether it is "
                "a minimum of the network and whether another support has one, are the questions "
                "that the list answers; neither package claims to.",
                said(
                    f"All {relaxed['patterns']} patterns of the reference with both signs in one "
                    "group lasso, without the inequalities, have the value "
                    f"{relaxed['value']:.4f}: a lower bound, far below the value "
                    f"{relaxed['convex_value']:.4f} of the convex program, which keeps them.",
                    relaxed["value"] < relaxed["convex_value"] <= relaxed["least_listed_loss"],
                ),
            ]
        ),
    ]


def _power(share: float) -> str:
    """Return the power of ten that a share does not exceed."""
    return next(f"1e-{k}" for k in range(20, 0, -1) if share <= 10.0**-k)


def _others(data: Mapping[str, Any]) -> list[str]:
    adam = [row for row in data["starts"]["rows"] if row["optimiser"] == "adam"]
    phc = [
        run
        for run in data["benchmarks"]["systems"]["runs"]
        if run["peer"] == "PHCpack" and run["form"] == "reduced"
    ]
    (run,) = phc
    most = max(row["starts"] for row in adam)
    early = sum(row["stages"][1]["found"] < row["components"] for row in adam)
    late = sum(row["complete_after"] is None for row in adam)
    return [
        "### The others",
        bullets(
            [
                "**CVXPY** solves the convex program of 30 random instances: its value agrees with "
                "the flag *global at every width* of all 90 lists ([convex.md](convex.md)). The "
                "value is all that the program says; other minima are no part of it.",
                f"**Random starts**, what most people do: of {len(adam)} lists {early} are not "
                f"complete after {adam[0]['stages'][1]['starts']:,} starts of Adam, and {late} "
                f"after {most:,} ([practice.md](practice.md)).",
                "**HomotopyContinuation.jl** was not run: it needs Julia, which was out of reach. "
                "PHCpack, numerical homotopy as well, was given our polynomial systems: it "
                f"answers {run['finished']} of {run['systems']} in the reduced form and misses "
                f"{'none' if not run['stationary']['missed'] else run['stationary']['missed']} "
                "of the stationary points; curves of solutions it lists as points "
                "([benchmarks.md](benchmarks.md)). What HC.jl would do was not seen.",
                "**The paper's** own formulation, computed as it is printed, is in "
                "[benchmarks.md](benchmarks.md) and [paper_route.md](paper_route.md).",
            ]
        ),
    ]


def _catalog() -> list[str]:
    return [
        "## The Snakemake workflow catalog",
        paragraph(
            "The catalog collects workflows by these criteria",
            f"{reference('W')}; the files were looked at when this page was written.",
        ),
        tabulate(
            [
                {"criterion": text, "met": "yes" if met else "no", "by": by}
                for text, met, by in criteria()
            ],
            "keys",
            "pipe",
        ),
    ]


def _sources() -> list[str]:
    rows = [
        {"": f'<a id="{anchor(key)}"></a>{key}', "source": text, "address": f"<{address}>"}
        for key, (text, address) in SOURCES.items()
    ]
    return [
        "## Sources",
        f"All looked up on {LOOKED_UP}; versions that were run are named above.",
        tabulate(rows, "keys", "pipe"),
        "`python -m docs.make.compare` writes this page.",
    ]


def read() -> dict[str, Any]:
    """Return what the page is made of."""
    return {
        "neighbours": json.loads(MEASURED.read_text(encoding="utf-8")),
        "starts": json.loads(STARTS.read_text(encoding="utf-8")),
        "benchmarks": json.loads(SYSTEMS.read_text(encoding="utf-8")),
        "boxes": pd.read_csv(BOXES),
    }


def main() -> None:
    """Write the page."""
    write_text(ROOT / "docs/compare.md", page(read()))


if __name__ == "__main__":
    main()
