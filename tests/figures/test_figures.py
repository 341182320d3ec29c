"""Figures show what documents say: every neuron, every fit, every level, every warning."""

import copy
import re
import struct
from fractions import Fraction
from functools import cache
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

from reluenum import figures
from reluenum.api import enumerate_minima
from reluenum.figures.fits import curve
from reluenum.figures.levels import LossScale, _swarm
from reluenum.figures.reading import data, fitted_values
from reluenum.figures.style import MOST_PANELS, PNG_DPI, spread
from reluenum.problem import Problem
from tests.support.drawings import artists, shown, texts

pytestmark = pytest.mark.seconds(25)

LINE = ([["-1"], ["0"], ["2"], ["3"]], ["1", "-1", "1/2", "-2"])

PLANE = ([["0", "0"], ["1", "0"], ["0", "1"], ["1", "1"]], ["1", "-1", "0", "2"])

SPACE = ([["0", "0", "0"], ["1", "0", "0"], ["0", "1", "1"]], ["1", "-1", "2"])

PROBLEMS = {
    "line": Problem.from_text(*LINE, 2, "1/10"),
    "line of width 1": Problem.from_text(*LINE, 1, "1/10"),
    "line of width 3": Problem.from_text([["0"], ["1"], ["3"]], ["1", "-1", "2"], 3, "1/10"),
    "line, mean": Problem.from_text(*LINE, 2, "1/40", loss="mean"),
    "line, free bias": Problem.from_text(*LINE, 2, "1/10", output_bias="free"),
    "line, penalised bias": Problem.from_text(*LINE, 2, "1/10", output_bias="ridge"),
    "line, mean, penalised bias": Problem.from_text(
        *LINE, 2, "1/30", loss="mean", output_bias="ridge"
    ),
    "large ridge": Problem.from_text(*LINE, 2, "100"),
    "one point": Problem.from_text([["1"]], ["2"], 2, "1/10"),
    "equal inputs": Problem.from_text([["1"], ["1"], ["0"]], ["2", "1", "0"], 2, "1/10"),
    "plane": Problem.from_text(*PLANE, 1, "1/10"),
    "large ridge in the plane": Problem.from_text(*PLANE, 1, "100"),
    "space": Problem.from_text(*SPACE, 1, "1/10"),
    "large ridge in space": Problem.from_text(*SPACE, 1, "100"),
}


@pytest.fixture(scope="module")
def documents():
    return {name: enumerate_minima(problem).document for name, problem in PROBLEMS.items()}


@pytest.fixture(scope="module")
def figure_of(documents):
    """Return a function that draws a document by its name, and each figure once."""
    return cache(lambda draw, name: draw(documents[name]))


@pytest.fixture
def line(documents):
    return copy.deepcopy(documents["line"])


def hand_made(*components, x=(("0",), ("1",)), y=("0", "2"), **problem):
    """Return a document with the given components and no pretence to be a true one."""
    return {
        "problem": {
            "x": [list(row) for row in x],
            "y": list(y),
            "width": 2,
            "ridge": "1/4",
            "loss": "sum",
            "output_bias": "none",
        }
        | problem,
        "enumeration": {"undecided": 0},
        "complete": True,
        "components": list(components),
    }


def component(loss, *groups, zero_neurons=0, dimension=0, **fields):
    """Return a component; a group is (face, sign, multiplicity, sum of a^2, direction)."""
    keys = ("face", "sign", "multiplicity", "sum_a_squared", "direction")
    support = [dict(zip(keys, group, strict=True)) for group in groups]
    return {
        "dimension": dimension,
        "loss": loss,
        "on_boundary": False,
        "global_at_width": False,
        "global_at_every_width": False,
        "orbit_size": 1,
        "strata": [{"support": support, "zero_neurons": zero_neurons}],
        "representative": {"a": ["1"], "B": [["1"]], "c": ["0"]},
    } | fields


def note(figure):
    return "" if figure._suptitle is None else figure._suptitle.get_text()


def ruled_loss(document, found):
    """Evaluate the loss of a representative straight from its definition."""
    problem, network = document["problem"], found["representative"]
    inputs, targets = data(document)
    squares = (targets - fitted_values(found, inputs)) ** 2
    fit = squares.mean() if problem["loss"] == "mean" else squares.sum()
    entries = [*network["a"], *network["c"], *(b for row in network["B"] for b in row)]
    if problem["output_bias"] == "ridge":
        entries.append(network["m"])
    return fit + float(Fraction(problem["ridge"])) * sum(float(entry) ** 2 for entry in entries)


# ------------------------------------------------------------------------------------ fits


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_plotted_network_has_the_loss_of_the_document(documents, name):
    document = documents[name]
    assert document["components"]
    for found in document["components"]:
        assert ruled_loss(document, found) == pytest.approx(float(found["loss"]), rel=1e-12)


def test_a_network_made_by_hand_takes_its_values():
    found = component("0", representative={"a": ["2", "-1"], "B": [["1"], ["-3"]], "c": ["1", "0"]})
    inputs = np.array([[-2.0], [-1.0], [0.0], [1.0]])
    assert fitted_values(found, inputs).tolist() == [-6, -3, 2, 4]
    found["representative"]["m"] = "10"
    assert fitted_values(found, inputs).tolist() == [4, 7, 12, 14]


def test_the_curve_bends_at_every_kink_and_nowhere_else():
    found = component("0", representative={"a": ["1", "1"], "B": [["2"], ["0"]], "c": ["-1", "3"]})
    positions, values, kinks = curve(found, -1.0, 2.0)
    assert kinks.tolist() == [0.5]
    assert positions.tolist() == [-1, 0.5, 2]
    assert values.tolist() == [3, 3, 6]


@pytest.mark.parametrize("name", [name for name in PROBLEMS if len(PROBLEMS[name].inputs[0]) == 1])
def test_a_drawn_curve_passes_through_the_fitted_values(documents, figure_of, name):
    document = documents[name]
    inputs, _ = data(document)
    lines = artists(figure_of(figures.plot_fits, name), r"component-\d+-curve")
    assert len(lines) == len(document["components"])
    for rank, found in enumerate(document["components"], start=1):
        positions, values = shown(lines[f"component-{rank}-curve"])
        assert np.interp(inputs[:, 0], positions, values) == pytest.approx(
            fitted_values(found, inputs), abs=1e-12
        )


def test_in_space_fitted_values_stand_over_observed_ones(documents, figure_of):
    document = documents["space"]
    inputs, targets = data(document)
    points = artists(figure_of(figures.plot_fits, "space"), r"component-\d+-fits")
    for rank, found in enumerate(document["components"], start=1):
        expected = [targets, fitted_values(found, inputs)]
        assert shown(points[f"component-{rank}-fits"]).tolist() == np.array(expected).tolist()


def test_a_panel_says_loss_kind_place_and_whether_it_is_global():
    figure = figures.plot_fits(
        hand_made(
            component("0.123456789", global_at_width=True, on_boundary=True),
            component("0.5", dimension=1, global_at_width=None),
            component("0.75", dimension=3),
        )
    )
    assert [axes.get_title() for axes in figure.axes] == [
        "1:  0.12346, global\nisolated, boundary",
        "2:  0.5, global?\narc, interior",
        "3:  0.75\ndimension 3, interior",
    ]


def test_of_many_components_the_best_are_shown_and_the_figure_says_so():
    document = hand_made(*(component(str(k)) for k in range(1, 31)))
    figure = figures.plot_fits(document)
    assert len(artists(figure, r"component-\d+-curve")) == MOST_PANELS == 24
    assert note(figure) == "the best 24 of 30 components"
    assert note(figures.plot_fits(hand_made(component("1")))) == ""


# ----------------------------------------------------------------------------------- units


@pytest.mark.parametrize("name", [name for name in PROBLEMS if len(PROBLEMS[name].inputs[0]) == 1])
def test_every_neuron_of_every_isolated_minimum_is_a_marker(documents, figure_of, name):
    document = documents[name]
    width = document["problem"]["width"]
    drawn = artists(figure_of(figures.plot_units, name), r"component-\d+-neuron-\d+")
    for rank, found in enumerate(document["components"], start=1):
        if found["dimension"]:
            continue
        network = found["representative"]
        neurons = [shown(drawn[f"component-{rank}-neuron-{k + 1}"])[:, 0] for k in range(width)]
        expected = [
            [float(b), float(c)] for (b,), c in zip(network["B"], network["c"], strict=True)
        ]
        assert np.array(neurons) == pytest.approx(np.array(expected), abs=1e-12)
        for k, a in enumerate(network["a"], start=1):
            face = to_hex(drawn[f"component-{rank}-neuron-{k}"].get_markerfacecolor())
            assert (face == "#ffffff") == (float(a) < 0)
    isolated = [c for c in document["components"] if c["dimension"] == 0]
    fixed = [
        group
        for c in document["components"]
        if c["dimension"]
        for group in c["strata"][0]["support"]
        if group["multiplicity"] == 1
    ]
    assert len(drawn) == len(isolated) * width + len(fixed)


def test_neurons_that_share_a_face_cover_a_segment_and_an_arc():
    arc = component("1", ("++", -1, 2, "25/4", ["0.6", "0.8"]), dimension=1)
    figure = figures.plot_units(hand_made(arc))
    (segment,) = artists(figure, r"component-1-segment-\d").values()
    assert shown(segment) == pytest.approx(np.array([[0, 1.5], [0, 2]]))
    (curve_,) = artists(figure, r"component-1-arc-\d").values()
    assert np.hypot(*shown(curve_)) == pytest.approx(np.full(91, 2.5))
    assert (shown(curve_) >= -1e-12).all()
    assert segment.is_dashed() == curve_.is_dashed()


@pytest.mark.parametrize("everywhere", [True, False])
def test_only_ends_that_are_minima_are_filled(everywhere):
    arc = component(
        "1", ("++", 1, 2, "4", ["0", "1"]), dimension=1, global_at_every_width=everywhere
    )
    figure = figures.plot_units(hand_made(arc))
    ends = [
        line
        for axes in figure.axes
        for line in axes.lines
        if line.get_marker() == "o" and line.get_markersize() < 4
    ]
    assert len(ends) == 2
    assert {to_hex(line.get_markerfacecolor()) == "#ffffff" for line in ends} == {not everywhere}


def test_a_global_set_shows_the_faces_of_all_its_strata():
    found = component("1", ("++", 1, 2, "4", ["0", "1"]), dimension=1, global_at_every_width=True)
    other = [dict(found["strata"][0]["support"][0], face="0+", direction=["1", "0"])]
    found["strata"].append({"support": other, "zero_neurons": 0})
    assert len(artists(figures.plot_units(hand_made(found)), r"component-1-segment-\d")) == 2


def test_without_shared_faces_there_is_no_second_panel(documents, figure_of):
    assert len(figure_of(figures.plot_units, "line of width 1").axes) == 1
    assert any(c["dimension"] for c in documents["line of width 3"]["components"])
    assert len(figure_of(figures.plot_units, "line of width 3").axes) == 2


def test_lines_carry_the_indices_of_their_data_points():
    figure = figures.plot_units(
        hand_made(component("1", ("+", 1, 1, "1", ["0.6", "0.8"])), x=[["1"], ["2"], ["1"]])
    )
    assert {text for text in texts(figure) if text.startswith("$x_")} == {"$x_{1,3}$", "$x_{2}$"}


def test_a_kink_is_drawn_where_a_unit_changes_sides_and_its_arrow_points_to_the_active_one():
    found = component("1", ("+", 1, 1, "1", ["0.6", "0.8", "-0.4"]))
    found["representative"] = {"a": ["1"], "B": [["0.6", "0.8"]], "c": ["-0.4"]}
    figure = figures.plot_units(hand_made(found, x=PLANE[0], y=PLANE[1]))
    (line,) = artists(figure, "component-1-kink-1").values()
    assert np.array([0.6, 0.8]) @ shown(line) == pytest.approx([0.4, 0.4])
    (arrow,) = [
        artist for artist in figure.findobj(mpl.text.Annotation) if artist.arrowprops is not None
    ]
    tail, tip = np.array(arrow.xyann), np.array(arrow.xy)
    assert [0.6, 0.8] @ tail == pytest.approx(0.4)
    assert [0.6, 0.8] @ tip > 0.4


def test_in_space_the_faces_are_a_chart():
    found = component("1", ("+-0", 1, 1, "1", ["1", "0", "0", "0"]))
    figure = figures.plot_units(hand_made(found, x=SPACE[0], y=SPACE[1]))
    (mesh,) = artists(figure, "faces").values()
    assert np.ravel(mesh.get_array()).tolist() == [2, 0, 1]


# ---------------------------------------------------------------------------------- levels


def test_every_component_is_a_level_in_the_column_of_its_dimension(documents, figure_of):
    document = documents["line of width 3"]
    levels = artists(figure_of(figures.plot_levels, "line of width 3"), r"component-\d+")
    assert len(levels) == len(document["components"])
    for rank, found in enumerate(document["components"], start=1):
        ((column,), (loss,)) = shown(levels[f"component-{rank}"])
        assert round(column) == found["dimension"]
        assert loss == pytest.approx(float(found["loss"]))
        hollow = to_hex(levels[f"component-{rank}"].get_markerfacecolor()) == "#ffffff"
        assert hollow == found["on_boundary"]
        star = levels[f"component-{rank}"].get_marker() == "*"
        assert star == found["global_at_width"]


def test_labels_of_close_levels_do_not_overlap():
    losses = ["1", "1.0001", "1.0002", "1.0003", "5", "5.0001"]
    figure = figures.plot_levels(hand_made(*map(component, losses)))
    figure.draw_without_rendering()
    boxes = [
        mpl.text.Text.get_window_extent(text)
        for text in figure.findobj(mpl.text.Annotation)
        if text.get_text()
    ]
    assert len(boxes) == len(losses)
    overlaps = [(a, b) for a in boxes for b in boxes if a is not b and a.overlaps(b)]
    assert overlaps == []
    frame = figure.axes[0].get_window_extent()
    assert all(frame.y0 < box.y0 and box.y1 < frame.y1 for box in boxes)


def test_equal_losses_are_labelled_once_and_hundreds_only_at_the_ends():
    twice = figures.plot_levels(hand_made(component("1"), component("1"), component("2")))
    assert {"1 \N{MULTIPLICATION SIGN}2", "2"} <= set(texts(twice))
    many = figures.plot_levels(hand_made(*(component(f"1.{k:03}") for k in range(1, 400))))
    assert len(artists(many, r"component-\d+")) == 399
    assert {"1.001", "1.399"} <= set(texts(many))
    assert "1.200" not in texts(many)


def test_a_swarm_keeps_apart_what_has_one_height():
    shifts = _swarm([0.5] * 7 + [0.9])
    assert len(set(shifts[:7])) == 7
    assert sum(shifts) == pytest.approx(0)
    assert shifts[7] == 0
    assert max(map(abs, _swarm([0.5] * 500))) <= 0.3


@pytest.mark.parametrize("losses", [[2.0], [0.0], [1.0, 3.0], [0.01, 50.0]])
def test_a_loss_scale_and_its_inverse_agree(losses):
    scale = LossScale.of(np.array(losses))
    assert [scale.loss(scale.height(loss)) for loss in losses] == pytest.approx(losses)


@pytest.mark.parametrize("positions", [[], [0], [0, 0, 0], [-3, -2.9, 4, 4.1, 4.2, 9]])
def test_spread_positions_keep_their_order_and_a_distance(positions):
    moved = spread(positions, 0.5)
    assert all(b - a >= 0.5 - 1e-9 for a, b in pairwise(moved))
    assert sum(moved) == pytest.approx(sum(positions))


# ------------------------------------------------------------------------- several documents


def test_losses_of_instances_stand_in_their_lines(documents):
    chosen = {name: documents[name] for name in ("line", "space")}
    chosen["space"] = copy.deepcopy(chosen["space"])
    chosen["space"]["enumeration"]["undecided"] = 1
    figure = figures.plot_losses(chosen)
    levels = artists(figure, r"component-\d+").values()
    assert sorted(tuple(map(float, np.ravel(shown(level))))[::-1] for level in levels) == sorted(
        (float(line), float(found["loss"]))
        for line, document in enumerate(chosen.values())
        for found in document["components"]
    )
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["line", "space †"]
    assert note(figure) == "† list not complete: 1 of 2 instances"


# ----------------------------------------------------------------------- all figures alike


@pytest.mark.parametrize("draw", figures.FIGURES.values(), ids=figures.FIGURES)
@pytest.mark.parametrize("name", PROBLEMS)
def test_every_figure_of_every_kind_of_problem_renders(figure_of, draw, name):
    figure = figure_of(draw, name)
    figure.draw_without_rendering()
    assert note(figure) == ""


@pytest.mark.parametrize("draw", figures.FIGURES.values(), ids=figures.FIGURES)
@pytest.mark.parametrize("components", ["as found", "none"])
def test_undecided_supports_show_on_every_figure(line, draw, components):
    line["enumeration"]["undecided"] = 4
    line["complete"] = False
    if components == "none":
        line["components"] = []
    assert "4 supports undecided: list not complete" in note(draw(line))


@pytest.mark.parametrize("draw", figures.FIGURES.values(), ids=figures.FIGURES)
def test_numbers_beyond_drawing_leave_a_message_and_the_warning(line, draw):
    line["enumeration"]["undecided"] = 1
    for found in line["components"]:
        found["loss"] = found["strata"][0]["support"][0]["sum_a_squared"] = "1" + "0" * 400
    line["problem"]["y"][0] = "1" + "0" * 400
    figure = draw(line)
    assert "the numbers are too large to be drawn" in texts(figure)
    assert note(figure) == "1 support undecided: list not complete"


@pytest.mark.parametrize("name", ["units", "fits", "levels"])
def test_two_renders_are_equal_byte_by_byte(line, tmp_path, name):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        figures.save_figure(
            figures.FIGURES[name](line), tmp_path / folder / name, ("svg", "png", "pdf")
        )
    for suffix in ("svg", "png", "pdf"):
        first, second = (
            (tmp_path / folder / f"{name}.{suffix}").read_bytes() for folder in ("first", "second")
        )
        assert first == second
        assert len(first) > 1000
    svg = (tmp_path / "first" / f"{name}.svg").read_text()
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert "<dc:date>" not in svg


def test_a_png_has_the_pixels_of_its_size_in_print_and_dots_in_names_survive(line, tmp_path):
    figure = figures.plot_levels(line)
    svg, png = figures.save_figure(figure, tmp_path / "ridge_0.1")
    assert (svg.name, png.name) == ("ridge_0.1.svg", "ridge_0.1.png")
    header = png.read_bytes()[16:24]
    assert struct.unpack(">II", header) == tuple(
        round(inches * PNG_DPI) for inches in figure.get_size_inches()
    )


def test_an_unknown_format_is_refused(line, tmp_path):
    with pytest.raises(ValueError, match="formats are svg, png, pdf"):
        figures.save_figure(figures.plot_levels(line), tmp_path / "figure", ("bmp",))
    assert list(tmp_path.iterdir()) == []


def test_drawing_leaves_the_settings_of_matplotlib_alone(line, tmp_path):
    before = dict(mpl.rcParams)
    for draw in figures.FIGURES.values():
        figures.save_figure(draw(line), tmp_path / "figure")
    assert dict(mpl.rcParams) == before
