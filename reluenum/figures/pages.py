"""Tables as HTML pages that need nothing else, for reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from reluenum.documents.labels import Document, examined_label, undecided_note
from reluenum.views.basins import LEGEND as BARRIERS_LEGEND
from reluenum.views.basins import readable_barriers, tree_in_words
from reluenum.views.components import readable_components
from reluenum.views.facts import facts
from reluenum.views.instances import readable_instances, undecided_notes
from reluenum.views.optimisers import LEGEND as OPTIMISERS_LEGEND
from reluenum.views.optimisers import readable_optimisers, readable_shares, shares_totals, warnings
from reluenum.views.stability import radii_in_words
from reluenum.views.sweep_tables import GROUP_AND_RIDGE
from reluenum.views.sweeps import (
    LEGEND,
    readable_dimensions,
    readable_summary,
    shared_line,
    sweep_totals,
    warning,
)


@dataclass(frozen=True)
class Section:
    """A table with its title.

    Parameters
    ----------
    title : str
    table : (sequence of str, sequence of sequence of str)
        Header and rows.
    texts : int
        So many first columns hold words.
    note : str
    """

    title: str
    table: tuple[Sequence[str], Sequence[Sequence[str]]]
    texts: int = 1
    note: str = ""

    @classmethod
    def of(cls, title: str, rows: Sequence[Mapping[str, str]], **more: Any) -> "Section":
        """Return a section from rows with the same keys."""
        header = list(rows[0]) if rows else []
        return cls(title, (header, [list(row.values()) for row in rows]), **more)


def rendered(template: str, **values: Any) -> str:
    """Return a page; whatever the values hold is text, never markup."""
    environment = Environment(
        loader=PackageLoader("reluenum.figures"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(template).render(**values)


def _known(counts: Mapping[str, Any]) -> str:
    """Return what else is known of what was examined."""
    if "boxes" in counts:
        return f"left of {counts['supports']} supports by {counts['boxes']} boxes, "
    return "" if counts["stationary"] is None else f"{counts['stationary']} stationary, "


def instance_page(title: str, document: Document) -> str:
    """Return the components of an instance and the statements of the paper on it.

    Parameters
    ----------
    title : str
    document : dict
        Of the format `reluenum-minima`.
    """
    counts = document["enumeration"]
    line = (
        f"{examined_label(counts)} examined, {_known(counts)}{counts['locally_minimal']} locally "
        f"minimal: {len(document['components'])} components."
    )
    statements = [
        {
            "statement": fact.statement,
            "verdict": {True: "holds", False: "does not hold", None: "open"}[fact.holds],
            "evidence": fact.evidence,
        }
        for fact in facts(document)
    ]
    return _tables(
        title,
        [line],
        [note for note in [undecided_note(document)] if note],
        [
            Section.of("Components of local minima", readable_components(document), texts=0),
            Section.of("Statements of the paper, checked", statements, texts=3),
        ],
    )


def barriers_page(title: str, tree: Document) -> str:
    """Return the disconnectivity graph of an instance as a picture and a table.

    Parameters
    ----------
    title : str
    tree : dict
        Of the format `reluenum-basins`.
    """
    basins = sum(record["basin"] for record in tree["components"])
    units = "units keep their names" if tree["labelled"] else "up to permutation of the units"
    line = f"{basins} of {len(tree['components'])} components are basins; {units}."
    section = Section.of("Basins", readable_barriers(tree), note=BARRIERS_LEGEND)
    return _tables(title, [line], [], [section], tree_section(tree))


def tree_section(tree: Document) -> str:
    """Return a disconnectivity graph with its text alternative, as a part of a page."""
    from reluenum.figures import plot_tree, svg_text

    return rendered("picture.html.j2", words=tree_in_words(tree), picture=svg_text(plot_tree(tree)))


def radii_section(document: Document) -> str:
    """Return the radii of minima with their text alternative, as a part of a page."""
    from reluenum.figures import plot_radii, svg_text

    words, picture = radii_in_words(document), svg_text(plot_radii(document))
    return rendered("picture.html.j2", words=words, picture=picture)


ROWS, FITS = 12, 3
"""Components in the table, and in the figure, of a notebook."""


def landscape_section(title: str, document: Document) -> str:
    """Return a table of components and the fits of the best, as a part of a page.

    Parameters
    ----------
    title : str
    document : dict
        Of the format `reluenum-minima`; with `names`, the figure is labelled by them.
    """
    from reluenum.figures import plot_fits, svg_text

    components = document["components"]
    best = {**document, "components": components[:ROWS]}
    figure = plot_fits({**document, "components": components[:FITS]})
    return rendered(
        "landscape.html.j2",
        title=title,
        warning=undecided_note(document),
        section=Section.of("", readable_components(best), texts=0),
        total=len(components),
        rows=ROWS,
        fits=FITS,
        figure=svg_text(figure),
    )


def summary_page(title: str, documents: Mapping[str, Document]) -> str:
    """Return one row per instance of an experiment.

    Parameters
    ----------
    title : str
    documents : mapping of str to dict
        By name of the instance.
    """
    return _tables(
        title,
        [f"{len(documents)} instances"],
        undecided_notes(documents),
        [Section.of("Instances", readable_instances(documents))],
    )


def sweep_page(title: str, instances: pd.DataFrame, components: pd.DataFrame) -> str:
    """Return the summaries of a sweep.

    Parameters
    ----------
    title : str
    instances, components : DataFrame
        With the columns `sweep_tables.INSTANCES` and `sweep_tables.COMPONENTS`.
    """
    found = [sweep_totals(instances), shared_line(instances)]
    return _tables(
        title,
        [line for line in found if line],
        [warning(instances)] if warning(instances) else [],
        [
            Section.of("By size", readable_summary(instances), note=LEGEND),
            Section.of("Components by dimension", readable_dimensions(components, instances)),
            Section.of("By size and ridge", readable_summary(instances, GROUP_AND_RIDGE)),
        ],
    )


def practice_page(title: str, shares: pd.DataFrame) -> str:
    """Return where the runs of optimisers end.

    Parameters
    ----------
    title : str
    shares : DataFrame
        With the columns of `views.optimisers.shares_frame`.
    """
    optimisers = readable_optimisers(shares)
    instances = readable_shares(shares)
    return _tables(
        title,
        [shares_totals(shares)],
        warnings(shares),
        [
            Section.of("Optimisers", optimisers, note=OPTIMISERS_LEGEND),
            Section.of("Instances", instances, texts=2),
        ],
    )


def _tables(
    title: str,
    lines: Sequence[str],
    warnings: Sequence[str],
    sections: Sequence[Section],
    figure: str = "",
) -> str:
    return rendered(
        "tables.html.j2",
        title=title,
        lines=lines,
        warnings=warnings,
        sections=sections,
        figure=figure,
    )
