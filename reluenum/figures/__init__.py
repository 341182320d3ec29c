"""Figures of documents: hidden units, fits, loss levels, ridge paths, times; figures of a sweep.

Every function takes a parsed document, or the tables of a sweep, and returns a
`matplotlib.figure.Figure`; nothing is kept in pyplot. Colour is never alone: markers,
fill and line styles say the same, and colours differ in lightness. In order: `perception`, `words`,
`style` and `reading` are shared by all;
`units_higher`, `fits` and `surface`, `features` and `units`, `levels`, `branches` and `basins`,
`way` and `profile`, `path` and `traps`, `stability`, `times` show documents, `sweeps` tables,
`descents`, `practice` and `collapses` optimisers; `catalogue` names what is drawn of each kind;
`pages` are pages for a browser, as is what `explored`, `exact_view` and `explorer` make; they need
no Matplotlib.
"""

from importlib import import_module

_HOMES = {
    "DEPTH_FIGURES": "catalogue",
    "DESCENT_FIGURES": "catalogue",
    "FIGURES": "catalogue",
    "PRACTICE_FIGURES": "catalogue",
    "RADII_FIGURES": "catalogue",
    "STABILITY_FIGURES": "catalogue",
    "SUMMARY_FIGURES": "catalogue",
    "SWEEP_FIGURES": "catalogue",
    "TREE_FIGURES": "catalogue",
    "plot_basins": "descents",
    "plot_beside": "levels",
    "plot_boundary_share": "sweeps.shares",
    "plot_collapses": "collapses",
    "plot_cost": "sweeps.cost",
    "plot_depths": "sweeps.depths",
    "plot_end_losses": "descents",
    "plot_fits": "fits",
    "plot_gaps": "sweeps.shares",
    "plot_levels": "levels",
    "plot_losses": "levels",
    "plot_minima_by_ridge": "sweeps.counts",
    "plot_minima_by_size": "sweeps.counts",
    "plot_path": "path",
    "plot_practice": "practice",
    "plot_profile": "profile",
    "plot_radii": "stability",
    "plot_sizes": "sweeps.sizes",
    "plot_stability": "sweeps.stability",
    "plot_surface": "surface",
    "plot_times": "times",
    "plot_traps": "traps",
    "plot_tree": "basins",
    "plot_units": "units",
    "plot_ways_out": "sweeps.depths",
    "save_figure": "style",
    "save_figures": "style",
    "svg_text": "style",
}
"""Names and their modules, which are imported when asked for: Matplotlib is slow to load."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Import a figure, or a table of figures."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
