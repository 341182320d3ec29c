"""The backends agree to the byte, and one that lies or hangs is found out."""

import subprocess
import time
from dataclasses import replace
from functools import cache

import pytest
from flint import fmpq, fmpq_poly
from oracles import random_problem, reference_problem

import reluenum.groebner
import reluenum.groebner.msolve as msolve
from reluenum import InputError, Problem, enumerate_minima
from reluenum.algebraic import Parametrisation
from reluenum.arrangement import Arrangement
from reluenum.document import minima_document, to_json
from reluenum.errors import BackendError, ReluenumError
from reluenum.groebner import BACKENDS, open_engine
from reluenum.groebner.flint import FlintBackend
from reluenum.realpoints import Solutions
from reluenum.stationarity import stationarity_system

REFERENCE = reference_problem(2, "1/100")

# (seed, n, d, width, ridge, special), other conventions; sympy takes the small ones.
SMALL = [
    ((31, 1, 1, 1, "1/3", ""), {}),
    ((32, 2, 1, 2, "1/10", ""), {}),
    ((33, 2, 1, 2, "1/2", "tie"), {"output_bias": "free"}),
    ((34, 3, 1, 1, "1/20", ""), {"loss": "mean"}),
    ((35, 3, 1, 2, "1/5", ""), {}),
    ((36, 3, 1, 2, "1/10", "tie"), {"output_bias": "ridge"}),
    ((37, 4, 1, 1, "1/50", ""), {"output_bias": "free"}),
    ((38, 5, 1, 1, "1/5", ""), {}),
    ((39, 5, 1, 1, "1/5", "tie"), {"loss": "mean", "output_bias": "ridge"}),
    ((40, 3, 2, 1, "1/10", ""), {}),
    ((41, 4, 2, 1, "1/10", "line"), {"output_bias": "free"}),
    ((42, 4, 2, 1, "1/4", "tie"), {}),
    ((43, 2, 2, 2, "1/4", ""), {"loss": "mean"}),
]
LARGE = [
    ((51, 4, 1, 2, "1/5", ""), {}),
    ((52, 4, 1, 2, "1/10", "tie"), {"output_bias": "free"}),
    ((53, 5, 1, 2, "1/10", ""), {}),
    ((54, 5, 1, 2, "1/3", "tie"), {"loss": "mean"}),
    ((55, 5, 2, 1, "1/20", ""), {"output_bias": "ridge"}),
    ((56, 3, 2, 2, "1/5", ""), {}),
    ((57, 4, 2, 2, "1/5", "line"), {}),
    ((58, 4, 2, 2, "1/5", "tie"), {}),
]


def problem_of(case):
    arguments, conventions = case
    return random_problem(*arguments, **conventions)


def name_of(case):
    (_, size, dimension, width, _, special), conventions = case
    return " ".join([f"n={size} d={dimension} L={width}", special, *conventions.values()]).strip()


def document_text(problem, backend):
    found = enumerate_minima(problem, backend=backend)
    assert found.is_complete
    return to_json(minima_document(found))


@pytest.mark.parametrize("case", SMALL, ids=name_of)
def test_all_backends_write_the_same_bytes(case):
    problem = problem_of(case)
    expected = document_text(problem, "auto")
    assert {name: document_text(problem, name) for name in BACKENDS} == dict.fromkeys(
        BACKENDS, expected
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", LARGE, ids=name_of)
def test_flint_and_msolve_write_the_same_bytes(case):
    problem = problem_of(case)
    assert document_text(problem, "flint") == document_text(problem, "msolve")


@pytest.mark.slow
def test_all_backends_write_the_same_bytes_on_the_reference_instance():
    expected = document_text(REFERENCE, "auto")
    assert {name: document_text(REFERENCE, name) for name in BACKENDS} == dict.fromkeys(
        BACKENDS, expected
    )


# A backend that lies. Each lie changes what FLINT answers, on some systems or on all.


class Liar:
    """FLINT, with answers tampered with on every system whose number is `offset` mod `every`."""

    name = "liar"

    def __init__(self, lie, every=1, offset=0):
        self.lie, self.every, self.offset = lie, every, offset
        self.truth, self.asked, self.told = FlintBackend(), 0, 0

    def version(self):
        return "0"

    def close(self):
        self.truth.close()

    def solutions(self, system, seconds):
        self.asked += 1
        lies = self.asked % self.every == self.offset
        if lies and self.lie in (no_solution, infinitely_many):
            self.told += 1
            return self.lie(None)
        answer = self.truth.solutions(system, seconds)
        if not lies or answer.parametrisation is None:
            return answer
        changed = self.lie(answer)
        self.told += changed != answer
        return changed


def altered(answer, **changes):
    return replace(answer, parametrisation=replace(answer.parametrisation, **changes))


def no_solution(answer):
    return Solutions.of_dimension(-1)


def infinitely_many(answer):
    return Solutions.of_dimension(1)


def drop_a_factor(answer):
    """Lose all solutions that belong to one factor of chi."""
    chi = answer.parametrisation.chi
    factors = chi.factor()[1]
    return (
        altered(answer, chi=chi / factors[-1][0])
        if len(factors) > 1
        else Solutions.of_dimension(-1)
    )


def drop_a_real_root(answer):
    """Divide chi by a rational approximation of one of its roots."""
    p = answer.parametrisation
    roots = p.chi.complex_roots()
    real = [root.real for root, _ in roots if root.imag.is_zero()]
    if not real or p.chi.degree() < 2:
        return Solutions.of_dimension(-1)
    root = fmpq(*map(int, float(real[0].mid()).as_integer_ratio()))
    quotient = fmpq_poly(p.chi) // fmpq_poly([-root, 1])
    return altered(answer, chi=quotient.numer())


def negate_a_numerator(answer):
    first, *others = answer.parametrisation.numerators
    return altered(answer, numerators=(-first, *others))


def negate_the_last_numerator(answer):
    *others, last = answer.parametrisation.numerators
    return altered(answer, numerators=(*others, -last))


def nudge_a_coefficient(answer):
    """By so little that an approximate check would not notice."""
    first, *others = answer.parametrisation.numerators
    return altered(answer, numerators=(first + fmpq(1, 10**40), *others))


def nudge_chi(answer):
    p = answer.parametrisation
    return altered(answer, chi=(fmpq_poly(p.chi) * 10**40 + 1).numer())


def repeat_a_root(answer):
    p = answer.parametrisation
    return altered(answer, chi=p.chi * p.chi)


def swap_variables(answer):
    numerators = answer.parametrisation.numerators
    return altered(answer, numerators=tuple(reversed(numerators)))


LIES = [
    no_solution,
    infinitely_many,
    drop_a_factor,
    drop_a_real_root,
    negate_a_numerator,
    negate_the_last_numerator,
    nudge_a_coefficient,
    nudge_chi,
    repeat_a_root,
    swap_variables,
]


def solve_with(monkeypatch, problem, backend, seconds=120.0):
    monkeypatch.setitem(reluenum.groebner.BACKENDS, backend.name, lambda: backend)
    return enumerate_minima(problem, backend=backend.name, seconds=seconds)


SYMMETRIC = Problem.from_text([["-2"], ["-1"], ["1"], ["2"]], [1, -1, -1, 1], 2, "1/5")
DECEIVED = {
    "reference": REFERENCE,
    "symmetric": SYMMETRIC,
    "tie": problem_of(SMALL[5]),
    "rational": Problem.from_text([["-3/4"], ["4/3"]], ["2", "-1"], 2, "1"),
}


@cache
def truth(name):
    return to_json(minima_document(enumerate_minima(DECEIVED[name], backend="flint")))


@pytest.mark.parametrize("name", DECEIVED)
@pytest.mark.parametrize(
    ("lie", "every"),
    [
        pytest.param(lie, every, id=f"{lie.__name__} {frequency}")
        for lie in LIES
        for every, frequency in ((1, "always"), (5, "sometimes"))
        # The truth about the simple points of a large system would take FLINT too long.
        if not (lie is infinitely_many and every == 5)
    ],
)
def test_a_lie_gives_an_undecided_run_an_error_or_the_truth(monkeypatch, lie, name, every):
    """Never another list that claims to be complete; and what is listed is a true minimum."""
    liar = Liar(lie, every)
    try:
        found = solve_with(monkeypatch, DECEIVED[name], liar)
    except ReluenumError:
        assert liar.told > 0
        return
    assert liar.told > 0
    text = to_json(minima_document(found))
    if found.is_complete:
        assert text == truth(name)
    else:
        assert all(outcome.reason for outcome in found.undecided)
        true_losses = {line for line in truth(name).splitlines() if '"loss":' in line}
        assert {line for line in text.splitlines() if '"loss":' in line} <= true_losses


@pytest.mark.parametrize("lie", [no_solution, drop_a_factor], ids=lambda lie: lie.__name__)
def test_every_single_lost_solution_is_noticed(monkeypatch, lie):
    """One lie at a time, on each system of a small instance."""
    problem = DECEIVED["rational"]
    expected = to_json(minima_document(enumerate_minima(problem, backend="flint")))
    honest = Liar(lie, every=10**9, offset=1)
    solve_with(monkeypatch, problem, honest)
    noticed = 0
    for number in range(1, honest.asked + 1):
        liar = Liar(lie, every=10**9, offset=number)
        found = solve_with(monkeypatch, problem, liar)
        if found.is_complete:
            assert to_json(minima_document(found)) == expected
        else:
            noticed += 1
    assert noticed > 0


def test_a_lost_point_is_reported_with_the_theorem_that_proves_it_exists(monkeypatch):
    found = solve_with(monkeypatch, DECEIVED["rational"], Liar(no_solution))
    assert not found.is_complete
    reasons = {outcome.reason for outcome in found.undecided}
    assert "the engine reports no point, but Theorem E proves that there is one" in reasons
    record = minima_document(found)
    assert record["complete"] is False
    assert record["enumeration"]["undecided"] == len(record["undecided"]) > 0


# A backend that hangs, and one that is missing.


class Sleeper:
    """Never answers, and says so when its time is over."""

    name = "sleeper"

    def __init__(self):
        self.asked = 0

    def version(self):
        return "0"

    def close(self):
        pass

    def solutions(self, system, seconds):
        self.asked += 1
        time.sleep(seconds)
        raise BackendError(self.name, f"not solved within {seconds:g} s")


def test_a_backend_that_hangs_leaves_its_supports_undecided_with_the_reason(monkeypatch):
    sleeper = Sleeper()
    found = solve_with(monkeypatch, DECEIVED["rational"], sleeper, seconds=0.01)
    assert sleeper.asked > 0
    assert not found.is_complete
    assert "sleeper: not solved within 0.01 s" in {o.reason for o in found.undecided}
    assert all(c.global_at_width is not True for c in found.components)


def test_supports_that_are_proved_reducible_need_no_backend(monkeypatch):
    """With targets 0 the zero network satisfies every constraint: Theorem E decides them all."""
    problem = Problem.from_text([["-1"], ["1"]], ["0", "0"], 2, "1/2")
    sleeper = Sleeper()
    found = solve_with(monkeypatch, problem, sleeper, seconds=60)
    assert (sleeper.asked, found.is_complete, len(found.components)) == (0, True, 1)


def test_sympy_is_ended_at_its_time_limit():
    """Starting the helper process alone takes longer than the limit."""
    started = time.monotonic()
    found = enumerate_minima(DECEIVED["rational"], backend="sympy", seconds=0.01)
    assert time.monotonic() - started < 60
    assert not found.is_complete
    assert "sympy: not solved within 0.01 s" in {o.reason for o in found.undecided}


def test_msolve_is_ended_at_its_time_limit(monkeypatch):
    def hang(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    open_engine("msolve").close()
    monkeypatch.setattr(msolve.subprocess, "run", hang)
    found = enumerate_minima(DECEIVED["rational"], backend="msolve", seconds=2)
    assert not found.is_complete
    assert "msolve: not solved within 2 s" in {o.reason for o in found.undecided}


@pytest.mark.parametrize(
    "answer",
    ["", "[", "[-1", "nonsense", "[0, [0, 2]]:", "[0, [0, 1, 1, ['q'], [1], [1, [[0, [1]]]]]]:"],
)
def test_an_unreadable_answer_of_msolve_is_undecided_not_empty(monkeypatch, answer):
    class Ended:
        returncode, stderr = 0, ""

    def write(command, **options):
        with open(command[command.index("-o") + 1], "w", encoding="utf-8") as file:
            file.write(answer)
        return Ended()

    open_engine("msolve").close()
    monkeypatch.setattr(msolve.subprocess, "run", write)
    found = enumerate_minima(DECEIVED["rational"], backend="msolve")
    assert not found.is_complete
    assert any("unreadable answer" in outcome.reason for outcome in found.undecided)


@pytest.fixture
def no_msolve(monkeypatch):
    monkeypatch.setattr(msolve.shutil, "which", lambda name: None)
    monkeypatch.setattr(msolve.importlib.util, "find_spec", lambda name: None)
    msolve.executable.cache_clear()
    yield
    msolve.executable.cache_clear()


@pytest.mark.usefixtures("no_msolve")
def test_missing_msolve_says_how_to_get_it():
    with pytest.raises(BackendError, match="conda install -c conda-forge msolve"):
        open_engine("msolve")


@pytest.mark.usefixtures("no_msolve")
def test_auto_does_without_msolve():
    with open_engine("auto") as engine:
        assert set(engine.versions()) == {"flint", "sympy"}
    assert document_text(DECEIVED["rational"], "auto") == truth("rational")


def test_an_unknown_backend_is_refused_with_the_names_of_the_others():
    with pytest.raises(InputError, match=r"'maple'.*auto, flint, msolve, sympy"):
        enumerate_minima(DECEIVED["rational"], backend="maple")


def test_parametrisations_survive_the_way_to_a_helper_process_and_back():
    with open_engine("flint") as engine:
        system = stationarity_system(REFERENCE, Arrangement.of(REFERENCE).live_faces[:2])
        found = engine.solutions(system).parametrisation
    assert Parametrisation.from_text(found.to_text()) == found
