"""The real data are as published, and docs/gallery.md says what is computed from them."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq
from scipy.optimize import minimize

from docs.make import gallery
from docs.make.gallery_instances import EXPERIMENTS, Instance
from docs.make.prose import said
from reluenum import Problem, enumerate_minima
from reluenum.datasets.datafiles import read_csv
from reluenum.groebner.backends import open_backends
from reluenum.paths.path import minima_at
from reluenum.problem import parse_ridge

ROOT = Path(__file__).parents[2]

DATA = ROOT / "config/data"

PAGE = (ROOT / "docs/gallery.md").read_text()

FILES = sorted(path.name for path in DATA.glob("*.csv"))


def published(name, target, *inputs):
    """Undo the scaling of a file, exactly: (factor, shift) of the target and of every input."""
    scale = [*inputs, target]
    rows = zip(*read_csv(DATA / name), strict=True)
    whole = [[*row, value] for row, value in rows]
    found = [
        [entry * fmpq(factor) + shift for entry, (factor, shift) in zip(row, scale, strict=True)]
        for row in whole
    ]
    assert all(entry.q == 1 for row in found for entry in row), "published figures are whole"
    return np.array([[int(entry.p) for entry in row] for row in found])


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_and_has_source_and_licence(name):
    inputs, targets = read_csv(DATA / name)
    readme = (DATA / "README.md").read_text()
    (row,) = re.findall(rf"^\| `{re.escape(name)}` \|(.*)\|$", readme, re.MULTILINE)
    _, points, dimension, source, licence, scaling = (cell.strip() for cell in row.split("|"))
    assert (int(points), int(dimension)) == (len(targets), len(inputs[0]))
    assert re.search(r"\b(1[5-9]|20)\d\d\b", source), "a year of publication"
    assert "public domain" in licence
    assert "y =" in scaling


def test_the_gallery_shows_every_file():
    configs = [(ROOT / f"config/{name}.yaml").read_text() for name in EXPERIMENTS]
    assert sorted(set(re.findall(r"csv: config/data/(.*)", "".join(configs)))) == FILES
    headings = re.findall(r"^## .*$", PAGE, re.MULTILINE)
    assert len(headings) == len(gallery.FIGURES) == len(FILES)


def test_galileo_s_figures_give_the_parabola_of_the_textbook():
    """Ramsey and Schafer, The Statistical Sleuth, case 10.1: coefficients, residual error, R^2."""
    height, distance = published("galileo.csv", (100, 0), (1000, 0)).T
    design = np.vander(height.astype(float), 3, increasing=True)
    coefficients, squares, *_ = np.linalg.lstsq(design, distance)
    assert coefficients == pytest.approx([199.91, 0.7083, -0.0003437], rel=1e-4)
    assert float(squares[0] / 4) ** 0.5 == pytest.approx(13.64, abs=0.005)
    total = np.var(distance) * len(distance)
    assert 1 - squares[0] / total == pytest.approx(0.9903, abs=5e-5)


STRENGTH = [
    *(8571, 23333, 28333, 28722, 30246, 30290, 30643, 29736, 32779, 32393, 30919, 30107),
    *(32252, 35473, 38863, 42647, 44614, 47751, 46852, 37853, 43217, 44212, 43485, 46140),
]

RATES = [
    *(1.4, 6.2, 4.7, 150.0, 328.5, 312.2, 197.0, 340.6, 631.5, 1022.8, 822.8, 480.3),
    *(177.5, 171.8, 247.6, 107.5, 129.9, 47.5, 32.8, 56.4, 25.3, 11.4, 6.6, 3.9),
]


def test_nightingale_s_counts_give_the_yearly_rates_per_thousand_listed_with_them():
    """R package HistData, data set Nightingale: strength of the army, rate of death by disease."""
    month, deaths = published("nightingale.csv", (1000, 0), (12, 9)).T
    assert list(month) == list(range(24))  # since April 1854
    rates = [round(12000 * d / s, 1) for d, s in zip(deaths.tolist(), STRENGTH, strict=True)]
    assert rates == RATES


def test_the_plant_s_figures_give_the_published_regression():
    """`lm(stack.loss ~ Air.Flow + Water.Temp)` of R: coefficients, residual error."""
    table = published("stackloss.csv", (10, 0), (10, 60), (10, 20)).astype(float)
    design = np.column_stack([np.ones(21), table[:, :2]])
    coefficients, squares, *_ = np.linalg.lstsq(design, table[:, 2])
    assert coefficients == pytest.approx([-50.3588, 0.6712, 1.2954], abs=5e-5)
    assert float(squares[0] / 18) ** 0.5 == pytest.approx(3.239, abs=5e-4)


def test_the_nile_has_the_published_means_and_sums_of_squares():
    """R package strucchange on the data set Nile: one break, after observation 28."""
    year, volume = published("nile.csv", (1000, 0), (50, 1920)).T
    assert list(year) == list(range(1871, 1971))
    before, after = volume[:28], volume[28:]
    assert before.mean() == 1097.75
    assert after.mean() == pytest.approx(849.9722, abs=5e-5)
    assert np.var(volume) * 100 == pytest.approx(2835157, abs=0.5)
    assert np.var(before) * 28 + np.var(after) * 72 == pytest.approx(1597457, abs=0.5)


def test_ozone_has_the_published_regression():
    """`lm(Ozone ~ Wind + Temp, airquality)` of R: coefficients, residual error."""
    wind, heat, ozone = published("ozone.csv", (100, 0), (100, 100), (10, 80)).astype(float).T
    design = np.column_stack([np.ones(116), wind / 10, heat])
    coefficients, squares, *_ = np.linalg.lstsq(design, ozone)
    assert coefficients == pytest.approx([-71.0332, -3.0555, 1.8402], abs=5e-5)
    assert float(squares[0] / 113) ** 0.5 == pytest.approx(21.85, abs=5e-3)


OZONE = re.findall(r"^\| (\d+) +\| .* +\| (\d\.\d{6}) +\| .* \| (\d+) +\|$", PAGE, re.MULTILINE)


def test_runs_of_another_optimiser_on_ozone_end_at_losses_of_the_list():
    """L-BFGS-B of SciPy, on the loss as its definition says."""
    inputs, targets = (np.array(part, dtype=float) for part in read_csv(DATA / "ozone.csv"))

    def loss(theta):
        outer, slopes, offsets = theta[:2], theta[2:6].reshape(2, 2), theta[6:]
        before = inputs @ slopes.T + offsets
        residuals = np.maximum(before, 0) @ outer - targets
        pulled = 2 * residuals[:, None] * (before > 0) * outer
        gradients = (2 * np.maximum(before, 0).T @ residuals, pulled.T @ inputs, pulled.sum(axis=0))
        gradient = np.concatenate([part.ravel() for part in gradients]) + 2 * theta
        return residuals @ residuals + theta @ theta, gradient

    random, tight = np.random.default_rng(0), {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9}
    ends = [
        minimize(loss, random.normal(size=8), jac=True, method="L-BFGS-B", options=tight).fun
        for _ in range(30)
    ]
    listed = np.array([float(value) for _, value, _ in OZONE])
    zero = targets @ targets
    assert min(ends) == pytest.approx(listed.min(), abs=1e-6)
    assert all(np.abs([*(listed - end), zero - end]).min() < 1e-4 for end in ends)


def test_the_list_about_ozone_is_on_the_page_from_best_to_worst():
    ranks, losses, runs = zip(*OZONE, strict=True)
    assert ranks == tuple(map(str, range(1, 14)))
    assert list(losses) == sorted(losses)
    assert 0 < sum(map(int, runs)) <= 1000
    (one,) = re.findall(r"^\| 1 .*\| 40,051 .*$", PAGE, re.MULTILINE)
    assert [f"{float(loss):.4f}" for loss in losses[-2:]] == re.findall(r"6\.\d{4}", one)


def computed(name, width, ridge):
    """Return an instance of the gallery, computed now."""
    problem = Problem(*read_csv(DATA / f"{name}.csv"), width, parse_ridge(ridge))
    document = enumerate_minima(problem, engine="certified").document
    return Instance(name, document, proved=True)


@pytest.mark.parametrize(
    ("name", "width", "ridge"),
    [
        ("galileo", 1, "1/10"),
        ("galileo", 2, "1/100"),
        ("galileo", 3, "1/10"),
        ("nightingale", 2, "1"),
        ("nightingale", 2, "1/100"),
        ("stackloss", 1, "1/10"),
        ("nile", 1, "1/10"),
    ],
)
def test_the_tables_are_what_is_computed(name, width, ridge):
    row = [str(cell) for cell in computed(name, width, ridge).row()]
    lines = PAGE.splitlines()
    printed = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert row in printed


def test_the_figure_of_galileo_is_drawn_by_this_version(tmp_path):
    one = computed("galileo", *gallery.FIGURES["galileo"][0])
    gallery.draw("galileo", one.document, tmp_path)
    name = "gallery_galileo.svg"
    assert (tmp_path / name).read_text() == (ROOT / "docs/images" / name).read_text()


def test_figures_are_small():
    images = sorted((ROOT / "docs/images").glob("gallery_*"))
    assert len(images) == 1 + len(gallery.FIGURES)
    assert all(path.stat().st_size < 200_000 for path in images)
    assert all(f"(images/{path.name})" in PAGE for path in images)


EVENTS = re.findall(r"^\| (0\.\d+) +\| (`.*`) +\| (.*\S) +\| (`.*`)? *\|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event[0])
def test_the_events_of_the_ridge_path_happen_where_the_page_says(event):
    ridge, before, _, after = event
    step = fmpq(1, 10 ** (len(ridge.split(".")[1])))  # of the last digit printed
    problem = Problem(*read_csv(DATA / "galileo.csv"), gallery.PATH_WIDTH, parse_ridge(ridge))
    with open_backends() as backends:
        earlier, later = (
            set(minima_at(replace(problem, width=2, ridge=problem.ridge + s), backends).minima)
            for s in (-step, step)
        )
    assert [faces(branch) for branch in earlier - later] == [sorted(re.findall("`(.*?)`", before))]
    assert [faces(branch) for branch in later - earlier] == (
        [sorted(re.findall("`(.*?)`", after))] if after else []
    )


def faces(branch):
    return sorted(face for face, _, _ in branch.groups)


def test_the_page_has_all_events():
    assert len(EVENTS) == 8


def test_a_sentence_that_is_no_longer_true_is_refused():
    assert said("2 is even", 2 % 2 == 0) == "2 is even"
    with pytest.raises(ValueError, match="no longer true: 3 is even"):
        said("3 is even", 3 % 2 == 0)
