"""Figures of a sweep show what its tables say, and never hide an undecided instance."""

import random
import re
import statistics
import time
from functools import cache
from itertools import pairwise, product

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from reluenum import figures
from reluenum.figures.style import DOUBLE_COLUMN, MOST_PANELS
from reluenum.figures.sweeps.panels import look
from reluenum.views import sweep_tables as aggregate
from reluenum.views.cells import share_interval

pytestmark = pytest.mark.seconds(50)

DRAWINGS = figures.SWEEP_FIGURES

ABSURD = {"components": 9999, "isolated": 9999, "isolated_on_boundary": 1, "full_size": 999}


def instance(name, **fields):
    """Return a row of the table of instances, without pretence to come from data."""
    ridge = fields.get("ridge_decimal", 0.1)
    row = {
        "instance": name,
        "data": "random",
        "n": 3,
        "d": 1,
        "seed": 0,
        "engine": "certified",
        "width": 1,
        "ridge": str(ridge),
        "ridge_decimal": ridge,
        "loss": "sum",
        "output_bias": "none",
        "components": 1,
        "isolated": 0,
        "isolated_on_boundary": 0,
        "zero_network": 0,
        "full_size": 0,
        "spurious": 0,
        "relative_gap": 0.0,
        "supports_examined": 10,
        "undecided": 0,
        "complete": True,
        "seconds": 1.0,
    }
    return row | fields


def tables(rows):
    """Return the tables that rows of instances with their seconds belong to."""
    rows = [{key: None for key in aggregate.INSTANCES} | row for row in rows]
    times = pd.DataFrame(rows, columns=["instance", *_TIMES, "seconds"])
    times = times.rename(columns={"supports_examined": "supports"})
    types = {key: aggregate.INSTANCES[key] for key in ("instance", "engine", "n", "d", "width")}
    return {
        "instances": aggregate.frame(rows, aggregate.INSTANCES),
        "components": aggregate.frame([], aggregate.COMPONENTS),
        "times": times.astype(
            types | {"supports": "Int64", "complete": "boolean", "seconds": "float64"}
        ),
    }


_TIMES = ["engine", "n", "d", "width", "supports_examined", "complete"]


def sweep(most=30, **lists):
    """Return rows for the product of lists, with made-up counts that fit each other."""
    chance = random.Random(7)
    lists = {"n": [3, 4], "width": [1, 2], "ridge_decimal": [0.001, 0.1, 1.0]} | lists
    lists = {"seed": range(5)} | lists
    rows = []
    for k, values in enumerate(product(*lists.values())):
        given = dict(zip(lists, values, strict=True))
        isolated = chance.randint(0, most)
        zero = int(isolated > 0 and chance.random() < 0.3)
        components = 1 + isolated + chance.randint(0, most)
        gap = chance.choice([0.0, 10 ** chance.uniform(-6, 1)])
        supports = 4 * given["n"] ** given["width"]
        rows.append(
            instance(
                f"i{k}",
                components=components,
                isolated=isolated,
                isolated_on_boundary=zero + chance.randint(0, isolated - zero),
                zero_network=zero,
                full_size=isolated - zero,
                spurious=components - 1 if gap else 0,
                relative_gap=gap,
                supports_examined=supports,
                seconds=supports * chance.uniform(0.01, 0.1),
                **given,
            )
        )
    return rows


ROWS = sweep()


def chosen(rows=ROWS, **fields):
    return [row for row in rows if all(row[key] == value for key, value in fields.items())]


def by_gid(figure, pattern):
    """Return the artists whose gid matches, by gid."""
    found = [artist for artist in figure.findobj() if re.fullmatch(pattern, artist.get_gid() or "")]
    return {artist.get_gid(): artist for artist in found}


def heights(artist):
    return np.asarray(artist.get_ydata(), dtype=float).tolist()


def titles(figure):
    return [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]


def note(figure):
    return "" if figure._suptitle is None else figure._suptitle.get_text()


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


# --------------------------------------------------------------------------- minima_by_ridge


def test_lines_against_the_ridge_are_means_with_fewest_and_most():
    figure = drawn_once(figures.plot_minima_by_ridge, "usual")
    assert titles(figure) == ["n = 3", "n = 4"]
    for (place, n), width in product([(1, 3), (2, 4)], [1, 2]):
        groups = [
            [row["components"] for row in chosen(n=n, width=width, ridge_decimal=ridge)]
            for ridge in (0.001, 0.1, 1.0)
        ]
        lines = by_gid(figure, f"panel-{place}-L{width}(-fewest|-most)?")
        mean = lines[f"panel-{place}-L{width}"]
        assert mean.get_xdata().tolist() == [0.001, 0.1, 1.0]
        assert heights(mean) == pytest.approx([statistics.mean(group) for group in groups])
        assert heights(lines[f"panel-{place}-L{width}-fewest"]) == [min(g) for g in groups]
        assert heights(lines[f"panel-{place}-L{width}-most"]) == [max(g) for g in groups]
        band = figure.axes[place - 1].collections[width - 1].get_paths()[0].vertices
        drawn = {tuple(corner) for corner in np.round(band, 9).tolist()}
        for ridge, group in zip((0.001, 0.1, 1.0), groups, strict=True):
            low, _, high = quartiles(group)
            assert {(ridge, low), (ridge, high)} <= drawn


def test_few_components_are_counted_on_a_linear_axis_from_0():
    figure = figures.plot_minima_by_ridge(tables(sweep(most=5)))
    assert figure.axes[0].get_yscale() == "linear"
    assert figure.axes[0].get_ylim()[0] == 0
    assert drawn_once(figures.plot_minima_by_ridge, "usual").axes[0].get_yscale() == "log"


def test_a_single_ridge_has_bars_and_is_written_out():
    rows = sweep(ridge_decimal=[0.025])
    figure = figures.plot_minima_by_ridge(tables(rows))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.025"]
    bars = [path.vertices[:, 1].tolist() for c in axes.collections for path in c.get_paths()]
    for width in (1, 2):
        values = [row["components"] for row in chosen(rows, n=3, width=width)]
        low, _, high = quartiles(values)
        assert [low, high] in bars
        assert [min(values), max(values)] in bars


# ---------------------------------------------------------------------------- minima_by_size


def test_cells_are_means_at_the_smallest_middle_and_largest_ridge():
    ridges = [0.001, 0.01, 0.1, 1.0, 10.0]
    rows = [
        row
        for row in sweep(ridge_decimal=ridges)
        if not (row["n"] == 4 and row["width"] == 2 and row["ridge_decimal"] == 10.0)
    ]
    figure = figures.plot_minima_by_size(tables(rows))
    assert titles(figure) == ["ridge 0.001", "ridge 0.1", "ridge 10"]
    cells = {gid: text.get_text() for gid, text in by_gid(figure, r"panel-\d-cell-.*").items()}
    assert len(cells) == 12
    assert cells.pop("panel-3-cell-1-1") == "–"
    for gid, text in cells.items():
        place, row, column = map(int, re.findall(r"\d+", gid))
        group = chosen(rows, ridge_decimal=[0.001, 0.1, 10.0][place - 1], n=[3, 4][column])
        mean = statistics.mean(r["components"] for r in chosen(group, width=[1, 2][row]))
        assert float(text) == pytest.approx(mean, abs=0.5 if mean >= 9.95 else 0.0501)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["1", "2"]


def test_numbers_contrast_with_their_cells():
    counts = [1, 2, 4, 7, 12, 20, 35, 60, 100]
    rows = [
        instance(f"i{n}", n=n, components=count, ridge_decimal=1.0)
        for n, count in enumerate(counts, start=3)
    ]
    (axes,) = figures.plot_minima_by_size(tables(rows)).axes

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert len(axes.patches) == len(counts)
    for patch, text in zip(axes.patches, axes.texts, strict=True):
        dark, light = sorted(
            [luminance(to_rgb(patch.get_facecolor())), luminance(to_rgb(text.get_color()))]
        )
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    shades = [luminance(to_rgb(patch.get_facecolor())) for patch in axes.patches]
    assert shades == sorted(shades, reverse=True)


# ---------------------------------------------------------------------------- boundary_share


def boundary(rows):
    isolated = sum(row["isolated"] - row["zero_network"] for row in rows)
    return sum(row["isolated_on_boundary"] - row["zero_network"] for row in rows), isolated


@pytest.mark.parametrize(
    ("name", "field", "places"), [("ridge", "ridge_decimal", [0.001, 0.1, 1.0]), ("n", "n", [3, 4])]
)
def test_shares_on_boundaries_leave_the_zero_network_out(name, field, places):
    figure = drawn_once(figures.plot_boundary_share, "usual")
    lines = by_gid(figure, rf"panel-1-boundary-{name}-L\d")
    assert len(lines) == 2
    for width in (1, 2):
        counts = [boundary(chosen(width=width, **{field: place})) for place in places]
        expected = [part / whole for part, whole in counts]
        assert heights(lines[f"panel-1-boundary-{name}-L{width}"]) == pytest.approx(expected)


def test_the_legend_counts_the_isolated_minima():
    figure = drawn_once(figures.plot_boundary_share, "usual")
    (part, whole), *widths = [boundary(ROWS), *(boundary(chosen(width=w)) for w in (1, 2))]
    title = figure.legends[0].get_title().get_text().replace("\n", " ")
    assert title == (
        f"{part} of {whole} isolated minima with a living unit on a boundary "
        f"({100 * part / whole:.1f} %)"
    )
    assert legend(figure) == [
        f"L = {width}: {100 * p / w:.1f} % of {w}" for width, (p, w) in enumerate(widths, start=1)
    ]


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (3, 7), (98, 100), (5, 5000)])
def test_ends_of_an_interval_solve_the_equation_of_the_score_test(count, total):
    share, low, high = share_interval(count, total)
    assert share == count / total
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        assert abs(share - end) == pytest.approx(
            1.959963984540054 * (end * (1 - end) / total) ** 0.5, abs=1e-9
        )


def test_bars_of_a_share_are_its_interval():
    rows = [instance("a", isolated=9, isolated_on_boundary=7, zero_network=1)]
    (axes,) = figures.plot_boundary_share(tables(rows)).axes
    (bar,) = axes.collections[0].get_segments()
    assert bar[:, 1].tolist() == pytest.approx(share_interval(6, 8)[1:])


def test_without_isolated_minima_the_figure_says_so():
    rows = [instance("a"), instance("b", isolated=1, isolated_on_boundary=1, zero_network=1)]
    figure = figures.plot_boundary_share(tables(rows))
    (text,) = figure.axes[0].texts
    assert text.get_text() == "no isolated minimum but zero networks"


# -------------------------------------------------------------------------------------- gaps


def test_gaps_are_medians_and_quartiles_and_benign_instances_are_counted():
    figure = drawn_once(figures.plot_gaps, "usual")
    for width in (1, 2):
        groups = [chosen(width=width, ridge_decimal=ridge) for ridge in (0.001, 0.1, 1.0)]
        gaps = [quartiles([row["relative_gap"] for row in group]) for group in groups]
        (line,) = by_gid(figure, f"panel-1-gap-ridge-L{width}").values()
        assert heights(line) == pytest.approx([median for _, median, _ in gaps])
        bars = line.axes.collections[width - 1].get_segments()
        assert [bar[:, 1].tolist() for bar in bars] == [
            pytest.approx([low, high]) for low, _, high in gaps
        ]
        (line,) = by_gid(figure, f"panel-1-benign-ridge-L{width}").values()
        benign = [statistics.mean(row["spurious"] == 0 for row in group) for group in groups]
        assert heights(line) == pytest.approx(benign)


def test_the_axis_of_gaps_holds_0_and_every_quartile():
    axes = drawn_once(figures.plot_gaps, "usual").axes[0]
    low, high = axes.get_ylim()
    bars = [bar for lines in axes.collections for bar in lines.get_segments()]
    assert low < 0
    assert max(bar[:, 1].max() for bar in bars) < high
    assert axes.get_yticks()[0] == 0


def test_gaps_that_are_not_known_are_left_out():
    rows = [instance("a", relative_gap=None), instance("b", relative_gap=0.5)]
    (line,) = by_gid(figures.plot_gaps(tables(rows)), "panel-1-gap-.*").values()
    assert heights(line) == [0.5]
    assert not by_gid(figures.plot_gaps(tables(rows[:1])), "panel-1-gap-.*")


# ------------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize("most", [6, 80])
def test_histograms_share_out_the_instances_of_each_width(most):
    rows = sweep(most=most)
    figure = figures.plot_sizes(tables(rows))
    for place, n in enumerate((3, 4), start=1):
        unit = None
        for width in (1, 2):
            counts = [row["full_size"] for row in chosen(rows, n=n, width=width)]
            (steps,) = by_gid(figure, f"panel-{place}-m{width}").values()
            ends, edges, base = steps.get_data()
            bars = ends - base
            expected = [
                sum(low < count < high for count in counts) / len(counts)
                for low, high in pairwise(edges)
            ]
            unit = bars.sum() if unit is None else unit
            assert sum(expected) == pytest.approx(1)
            assert bars / unit == pytest.approx(expected)
            (mean,) = by_gid(figure, f"panel-{place}-m{width}-mean").values()
            assert heights(mean) == pytest.approx([statistics.mean(counts)])


def test_ticks_are_whole_numbers_also_if_there_is_nothing_to_count():
    figure = figures.plot_sizes(tables(CASES["no isolated minima"]))
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    assert [tick for tick in figure.axes[0].get_yticks() if low < tick < high] == [0, 1]


# -------------------------------------------------------------------------------------- cost


def test_the_exponent_is_that_of_a_power_law_without_the_undecided():
    rows = [
        instance(f"{engine}{k}", engine=engine, supports_examined=k, seconds=0.5 * k**power)
        for engine, power in (("certified", 1.25), ("groebner", 2))
        for k in (3, 10, 200, 4000)
    ]
    crossed = instance("u", supports_examined=7, seconds=1e6, complete=False, undecided=1)
    figure = figures.plot_cost(tables([*rows, crossed]))
    assert titles(figure) == [
        r"certified: seconds $\propto$ supports$^{1.25}$",
        r"groebner: seconds $\propto$ supports$^{2.00}$",
    ]
    (fit,) = by_gid(figure, "certified-fit").values()
    assert heights(fit) == pytest.approx([0.5 * 3**1.25, 0.5 * 4000**1.25])
    (crosses,) = by_gid(figure, ".*-undecided").values()
    assert (crosses.get_xdata().tolist(), heights(crosses)) == ([7], [1e6])
    (marks,) = by_gid(figure, "groebner-L1").values()
    assert heights(marks) == [0.5 * k**2 for k in (3, 10, 200, 4000)]


def test_equal_supports_have_no_exponent_and_missing_times_are_told():
    rows = [instance("a"), instance("b", seconds=3.0), instance("c", seconds=0.0)]
    figure = figures.plot_cost(tables(rows))
    assert titles(figure) == ["certified"]
    assert legend(figure) == ["L = 1"]
    assert note(figure) == "1 instances without supports or time not drawn"


# ------------------------------------------------------------------------- all figures alike

CASES = {
    "usual": ROWS,
    "nothing": [],
    "one instance": [instance("a", isolated=1)],
    "one ridge": sweep(ridge_decimal=[0.1]),
    "one width": sweep(width=[2]),
    "one n": sweep(n=[5]),
    "single seed": sweep(seed=[3]),
    "no isolated minima": [instance(f"i{k}", ridge_decimal=10.0**k) for k in range(-3, 1)],
    "no seeds": [row | {"seed": None} for row in sweep(seed=[0])],
    "twelve widths": sweep(width=range(1, 13), seed=[0, 1], n=[3]),
    "gapless": [row | {"relative_gap": 0.0} for row in ROWS],
    "only undecided": [row | {"complete": False, "undecided": 2} for row in ROWS],
    "two settings": sweep(data=["random", "teacher"]),
    "many settings": sweep(
        data=["random", "a_rather_long_label"],
        d=[1, 2],
        engine=["certified", "groebner"],
        loss=["sum", "mean"],
        output_bias=["none", "free", "ridge"],
        seed=[0],
    ),
    "many labels": sweep(data=[f"csv_{k}" for k in range(30)], n=[4], seed=[0]),
}


AGAIN = ("usual", "many labels")
"""Cases that several tests look at."""


@cache
def drawn_once(draw, case):
    """Return a figure of such a case, drawn once."""
    return draw(tables(CASES[case]))


@pytest.fixture(params=DRAWINGS, scope="module")
def draw(request):
    return DRAWINGS[request.param]


@pytest.mark.parametrize("case", CASES)
def test_every_figure_of_every_kind_of_sweep_fits_on_a_page(draw, case):
    figure = drawn_once(draw, case) if case in AGAIN else draw(tables(CASES[case]))
    figure.draw_without_rendering()
    assert figure.get_figwidth() <= DOUBLE_COLUMN
    assert figure.get_figheight() <= 10
    assert len(figure.axes) <= MOST_PANELS
    page = figure.bbox.expanded(1.001, 1.001)
    shown = [axes for axes in figure.axes if axes.axison]
    headings = [axes._left_title for axes in shown if axes.get_title(loc="left")]
    headings += [figure._suptitle] if figure._suptitle else []
    boxes = [text.get_window_extent() for text in headings]
    boxes += [box.get_window_extent() for box in figure.legends]
    assert all(page.contains(*corner) for box in boxes for corner in (box.min, box.max))
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    labels = [label for axes in shown for label in (axes.xaxis.label, axes.yaxis.label)]
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_undecided_instances_show_in_a_warning_of_every_figure(draw):
    rows = [*ROWS, *(instance(f"u{k}", complete=False, undecided=3, **ABSURD) for k in range(4))]
    assert note(draw(tables(rows))) == f"4 of {len(rows)} instances undecided: left out"
    assert note(drawn_once(draw, "usual")) == ""


def test_undecided_instances_change_nothing_but_the_warning(draw):
    rows = [
        *ROWS,
        *(
            row | ABSURD | {"instance": f"u{k}", "complete": False, "seconds": 1e9}
            for k, row in enumerate(ROWS[::3])
        ),
    ]

    def drawn(figure):
        artists = by_gid(figure, r"(panel|certified).*(?<!undecided)")
        return {
            gid: np.asarray(artist.get_data()[0]).tolist()
            if isinstance(artist, mpl.patches.StepPatch)
            else artist.get_text()
            if isinstance(artist, mpl.text.Text)
            else heights(artist)
            for gid, artist in artists.items()
        }

    expected = drawn(drawn_once(draw, "usual"))
    assert expected
    assert drawn(draw(tables(rows))) == expected


def test_of_only_undecided_instances_nothing_but_the_cost_is_drawn():
    for name, draw in DRAWINGS.items():
        figure = draw(tables(CASES["only undecided"]))
        assert note(figure) == f"{len(ROWS)} of {len(ROWS)} instances undecided: left out"
        if name != "cost":
            (text,) = figure.axes[0].texts
            assert text.get_text() == "no instance without undecided supports"
        else:
            assert legend(figure) == ["undecided"]


def test_a_title_names_what_differs_between_settings_and_nothing_else():
    rows = sweep(data=["random", "teacher"], d=[1, 2], n=[3])
    assert titles(figures.plot_minima_by_ridge(tables(rows))) == [
        "random, d = 1, n = 3",
        "random, d = 2, n = 3",
        "teacher, d = 1, n = 3",
        "teacher, d = 2, n = 3",
    ]
    rows = sweep(loss=["sum", "mean"], output_bias=["none", "free"])
    assert titles(figures.plot_boundary_share(tables(rows)))[::2] == [
        "loss: sum, output bias: none",
        "loss: sum, output bias: free",
        "loss: mean, output bias: none",
        "loss: mean, output bias: free",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("minima_by_ridge", "the first 24 of 30 panels; left out: from csv_24, n = 4 on"),
        ("minima_by_size", "the first 24 of 30 settings; left out: from csv_24 on"),
        ("boundary_share", "the first 24 of 30 settings; left out: from csv_24 on"),
        ("gaps", "the first 12 of 30 settings; left out: from csv_12 on"),
        ("sizes", "the first 24 of 30 panels; left out: from csv_24, n = 4 on"),
    ],
)
def test_what_does_not_fit_is_told(name, told):
    assert note(drawn_once(DRAWINGS[name], "many labels")) == told


def test_twelve_widths_look_different_without_colour():
    widths = list(range(1, 13))
    looks = [look(widths, width) for width in widths]
    assert len({(s["marker"], s["markerfacecolor"] == "white") for s in looks}) == 12
    assert len({str(s["linestyle"]) for s in looks}) == 6


@pytest.mark.parametrize("name", DRAWINGS)
def test_equal_figures_are_equal_bytes(name, tmp_path):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        figures.save_figure(DRAWINGS[name](tables(ROWS)), tmp_path / folder / name)
    for suffix in ("svg", "png"):
        first, second = (
            (tmp_path / folder / f"{name}.{suffix}").read_bytes() for folder in ("first", "second")
        )
        assert first == second
    svg = (tmp_path / "first" / f"{name}.svg").read_text()
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))


def test_a_hundred_thousand_instances_are_drawn_within_seconds(tmp_path):
    rows = sweep(
        n=range(3, 11),
        width=[1, 2, 3, 4],
        ridge_decimal=[10 ** (k / 4) for k in range(-12, 1)],
        seed=range(10),
    )
    small = tables(rows)
    large = {
        name: pd.concat([table] * 25, ignore_index=True) if len(table) else table
        for name, table in small.items()
    }
    assert len(large["instances"]) > 100_000
    for name, draw in DRAWINGS.items():
        start = time.process_time()
        figures.save_figure(draw(large), tmp_path / name, ("svg",))
        assert time.process_time() - start < 5, name
        assert (tmp_path / f"{name}.svg").stat().st_size < 1_000_000
