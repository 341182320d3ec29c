"""The benchmarks measure what they say, and their page is what was measured."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from flint import Ordering, fmpz_mpoly_ctx

from benchmarks import certified, clock, engines, measure, phc, render, systems
from benchmarks.clock import Progress, TimeUp, time_limit
from benchmarks.ladders import CERTIFIED, Climb, Rung, climbed
from benchmarks.peers import (
    ELIMINATED,
    FORMS,
    PAPER,
    Answer,
    ExactPeer,
    NumericalPeer,
    described,
    proved_points,
    stationary_points,
)
from benchmarks.plots import PLOTS
from docs.make.prose import with_section
from reluenum import Problem
from reluenum.algebra.polynomials import PolynomialSystem
from reluenum.datasets.families import reference_data
from reluenum.errors import BackendError
from reluenum.geometry.supports import support_text
from reluenum.groebner.limits import Limits
from reluenum.problem import parse_ridge

ROOT = Path(__file__).parents[2]

DOCUMENT = json.loads((ROOT / "docs/data/benchmarks.json").read_text(encoding="utf-8"))

SMALL = measure.Plan(
    rounds=2,
    peers=("flint", phc.NAME),
    width=1,
    steps={"reduced": (1, 2), "eliminated": (3, 4), "paper": (4, 8)},
    seconds={"reduced": 600, "eliminated": 1, "paper": 1},
    allowance=3,
    systems_share=9,
    repeated_step=9,
    ladders={"points": (Rung(2, 1, 1), Rung(3, 1, 2))},
    runs=(("reduced", "flint"),),
    rung_seconds=600,
    rung_share=5,
    cases=(engines.Case(1, engines.ALL_RUNS[:3], 600, 4),),
    proofs=(Rung(3, 1, 2),),
    proofs_share=2,
    trees=(Rung(3, 1, 1),),
    trees_share=2,
    large=(certified.Case(4, 1, "2", 1),),
)

CIRCLE = """\
2 2
 x1^2 + x2^2 - 1;
 x1*x2 - 0.25;

THE SOLUTIONS :
3 2
===========================================================================
solution 1 :
t :  1.00000000000000E+00   0.00000000000000E+00
m : 1
the solution for t :
 x1 : -9.65925826289068E-01   6.65306225001274E-111
 x2 : -2.58819045102521E-01   0.00000000000000E+00
== err :  7.365E-17 = rco :  5.293E-01 = res :  1.665E-16 ==
solution 2 :
t :  1.00000000000000E+00   0.00000000000000E+00
m : 1
the solution for t :
 x2 :  9.65925826289068E-01  -1.57090990889527E-89
 x1 :  2.58819045102521E-01   3.14181981779054E-89
== err :  4.907E-17 = rco :  5.293E-01 = res :  6.939E-17 ==
solution 3 :
t :  1.00000000000000E+00   0.00000000000000E+00
m : 1
the solution for t :
 x1 : -5.00000000000000E-01   8.66025403784439E-01
 x2 :  1.00000000000000E+00   0.00000000000000E+00
== err :  4.907E-17 = rco :  5.293E-01 = res :  6.939E-17 ==
"""

"""As PHCpack 2.4.86 leaves its input file; coordinates swapped and a solution made up by hand."""


def circle(nonzero=()):
    x, y = fmpz_mpoly_ctx.get(("x", "y"), Ordering.degrevlex).gens()
    return PolynomialSystem(("x", "y"), (x**2 + y**2 - 1, 4 * x * y - 1), nonzero)


def reference(width):
    return Problem(*reference_data(), width, parse_ridge("1/100"))


class Faulty(ExactPeer):
    """FLINT, but for one real solution that it drops, or a system that it gives up."""

    def __init__(self, name, drops=False, gives_up=False):
        super().__init__("flint")
        self.name, self.drops, self.gives_up = name, drops, gives_up

    def ask(self, system, limits):
        if self.gives_up:
            raise BackendError(self.name, "not solved within 2 s")
        answer = super().ask(system, limits)
        return replace(answer, real=answer.real[:-1]) if self.drops else answer


@pytest.fixture
def quiet():
    return Progress()


def test_solutions_of_phcpack_are_read_from_its_file():
    found = phc.read_solutions(CIRCLE, 2)
    assert [s.values[0].real for s in found] == [-0.965925826289068, 0.258819045102521, -0.5]
    assert [s.is_real for s in found] == [True, True, False]
    assert found[0].inverse_condition == 0.5293
    assert found[0].residual == 1.665e-16
    assert phc.read_solutions("2 2\n x1 - 1;\n x1 - 2;\n", 2) == []


def test_a_list_of_solutions_that_is_cut_off_is_no_answer():
    with pytest.raises(BackendError, match="unreadable list of solutions"):
        phc.read_solutions(CIRCLE[:-200], 2)


def test_a_system_that_is_not_square_is_refused():
    with pytest.raises(BackendError, match="2 equations in 3 variables"):
        phc.text_of(replace(circle(), variables=("x", "y", "z")), (0, 0, 0))


@pytest.mark.skipif(shutil.which("phc") is None, reason="PHCpack (apt install phcpack) is not here")
def test_phcpack_finds_the_four_points_of_a_circle_on_a_hyperbola():
    found = phc.solve(circle(), Limits(600))
    long, short = (np.sqrt(6) + np.sqrt(2)) / 4, (np.sqrt(6) - np.sqrt(2)) / 4
    expected = [(-long, -short), (-short, -long), (short, long), (long, short)]
    values = sorted(tuple(value.real for value in s.values) for s in found)
    assert np.allclose(values, expected, atol=1e-12)
    assert all(s.is_real for s in found)
    x = fmpz_mpoly_ctx.get(("x", "y"), Ordering.degrevlex).gens()[0]
    # 16 x^4 - 16 x^2 + 1 vanishes at all four, 4 x^2 - 2 x - 1 at none.
    assert phc.solve(circle((16 * x**4 - 16 * x**2 + 1,)), Limits(600)) == []
    assert len(phc.solve(circle((4 * x**2 - 2 * x - 1,)), Limits(600))) == 4


@pytest.mark.skipif(shutil.which("phc") is None, reason="PHCpack (apt install phcpack) is not here")
def test_phcpack_is_not_lost_in_coordinates_of_very_different_size():
    problem, peer = Rung(2, 2, 2).problem(), NumericalPeer()
    found = []
    for support, point in proved_points(problem).items():
        if point is not None:
            answer = peer.ask(FORMS["reduced"].write(problem, support), Limits(600))
            points = described(problem, support, FORMS["reduced"], answer.real)
            found.append(len(stationary_points(problem, support, points)))
    assert found == [1, 1, 1, 1]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_has_the_proved_stationary_points(form):
    problem = reference(1)
    peer = ExactPeer("flint")
    for support, point in proved_points(problem).items():
        if form is PAPER and support_text(support).count("0") == 0:
            continue  # seconds
        answer = peer.ask(form.write(problem, support), Limits(600))
        points = described(problem, support, form, answer.real)
        found = stationary_points(problem, support, points)
        assert len(found) == (point is not None)
        assert point is None or np.allclose(found[0], point, rtol=1e-9)
    peer.close()


def test_a_solution_that_is_lost_is_missed_and_one_that_is_not_sought_is_unanswered(quiet):
    problem = reference(1)
    peers = [ExactPeer("flint"), Faulty("losing", drops=True), Faulty("lazy", gives_up=True)]
    found = systems.compared(problem, {"reduced": (1, 1)}, peers, {"reduced": 9}, 60, 1, 0, quiet)
    for peer in peers:
        peer.close()
    honest, losing, lazy = found
    points = sum(point is not None for point in proved_points(problem).values())
    assert honest["stationary"] == {"found": points, "missed": 0, "extra": 0, "unanswered": 0}
    assert honest["ratio"]["median"] == 1
    assert losing["real"]["missed"] == 17
    assert losing["stationary"]["missed"] > 0
    assert losing["stationary"]["found"] + losing["stationary"]["missed"] == points
    assert lazy["stationary"] == {"found": 0, "missed": 0, "extra": 0, "unanswered": points}
    assert (lazy["finished"], lazy["gave_up"]) == (0, {"time": 17})
    assert lazy["seconds"] is lazy["ratio"] is None
    rows = list(render._system_rows(found))
    assert rows[2]["gave up"] == "17 (time)"
    with pytest.raises(ValueError, match="no longer true: Where a computer algebra system"):
        list(render._system_sentences(found))


def test_what_the_allowance_does_not_cover_is_not_tried(quiet):
    problem, peer = reference(1), ExactPeer("flint")
    (run,) = systems.compared(problem, {"reduced": (1, 1)}, [peer], {"reduced": 9}, 0, 2, 9, quiet)
    peer.close()
    assert (run["finished"], run["not_tried"]) == (0, 17)
    assert run["stationary"]["unanswered"] == 9


def test_units_on_one_face_have_infinitely_many_solutions(quiet):
    peer = ExactPeer("flint")
    paper, eliminated = systems.repeated(reference(2), [peer], 0.5, 9, quiet)
    peer.close()
    assert (eliminated["form"], eliminated["infinite"], eliminated["systems"]) == (
        ELIMINATED.name, 2, 2,
    )  # fmt: skip
    assert (paper["form"], paper["listed"], paper["points"]) == (PAPER.name, 0, 0)
    assert paper["infinite"] + paper["gave_up"].get("time", 0) == 2


def test_a_peer_that_gave_up_is_asked_for_nothing_larger(quiet):
    asked = []

    def slow(problem, limit):
        asked.append(problem.width)
        return Climb(limit, 3, 1, 0, problem.width < 2)

    def fast(problem, limit):
        return Climb(0.5, 17, 9, 0, True)

    ladder = [Rung(5, 1, width) for width in (1, 2, 3)]
    found = climbed(ladder, {CERTIFIED: fast, "slow": slow}, 1.0, 3, 9, quiet)
    assert asked == [1, 1, 1, 2]
    assert [[run["peer"] for run in rung["peers"]] for rung in found] == [
        [CERTIFIED, "slow"],
        [CERTIFIED, "slow"],
        [CERTIFIED],
    ]
    assert found[0]["peers"][1]["ratio"] == {"median": 2, "low": 2, "high": 2, "runs": 3}
    gave_up = found[1]["peers"][1]
    assert gave_up["gave_up"]
    assert (gave_up["seconds"], gave_up["ratio"]) == (None, None)
    end = list(render._end_rows({"ladder": "units", "rungs": found}))[1]
    assert end["gave up at"] == "n = 5, L = 2, after 3 of 153"
    assert (end["stationary points missed"], end["of"]) == (8, 9)


def test_a_limit_of_time_ends_work_in_this_process():
    with pytest.raises(TimeUp), time_limit(0.05):
        time.sleep(30)


def test_a_round_that_would_not_fit_is_left_out_but_never_the_first(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    taken = []
    for turn in clock.turns(5, 25):
        taken.append(turn)
        now[0] += 10
    assert taken == [0, 1]
    assert list(clock.turns(1, 0)) == [0]


def test_an_answer_may_be_that_there_are_infinitely_many():
    assert Answer(0.1, infinite=True).real is None


@pytest.mark.slow
def test_a_small_benchmark_measures_and_renders_everything(quiet):
    found = json.loads(json.dumps(measure.measured(SMALL, quiet)))
    assert set(found) == set(DOCUMENT)
    for part in ("systems", "machine"):
        assert set(found[part]) == set(DOCUMENT[part])
    for part in ("repeated", "ladders", "reference", "proofs", "trees", "large"):
        assert set(found[part][0]) == set(DOCUMENT[part][0])
    assert str(ROOT) not in json.dumps(found)
    assert found["large"][0]["supports"] == 13 + 78  # of the 4n - 3 faces of four points
    assert "| certified" in render.page(found)
    assert "n = 4, d = 1, L = 2" in render.readme(found)


def test_the_page_is_the_rendering_of_what_was_measured():
    assert render.PAGE.read_text(encoding="utf-8") == render.page(DOCUMENT)


def test_the_readme_has_the_rendering_of_what_was_measured():
    text = render.README.read_text(encoding="utf-8")
    assert all(text.count(f"<!-- {mark} -->") == 1 for mark in ("benchmarks", "/benchmarks"))
    assert text == with_section(text, "benchmarks", render.readme(DOCUMENT))


@pytest.mark.parametrize("name", PLOTS)
def test_the_figures_are_drawn_from_what_was_measured(name, tmp_path):
    render.save_figure(PLOTS[name](DOCUMENT), tmp_path / name, ("svg",))
    committed = (ROOT / f"docs/images/{name}.svg").read_text()
    assert (tmp_path / f"{name}.svg").read_text() == committed
