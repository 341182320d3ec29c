"""The backends agree to the byte, and one that lies or hangs is found out."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cache

import pytest
from flint import fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st
from pebble import ProcessPool

import reluenum.groebner.program as program
from reluenum import InputError, Problem, enumerate_minima
from reluenum.algebra.bases import Solutions
from reluenum.algebra.parametrisation import Parametrisation
from reluenum.algebra.polynomials import PolynomialSystem, ring
from reluenum.documents.minima import minima_document
from reluenum.documents.results import to_json
from reluenum.errors import BackendError, ReluenumError
from reluenum.geometry.arrangement import Arrangement
from reluenum.groebner.backends import BACKENDS, open_backends
from reluenum.groebner.flint import FlintBackend
from reluenum.groebner.killable import KillableWorker
from reluenum.groebner.limits import DEFAULT_LIMITS, Limits
from reluenum.groebner.versions import SOFTWARE, installed_versions, share_versions
from reluenum.landscape.equations import stationarity_system
from tests.support.oracles import random_problem, reference_problem
from tests.support.systems import SYSTEMS, comparable, system_of, text_of

pytestmark = pytest.mark.seconds(105)

REFERENCE = reference_problem(2, "1/100")


CIRCLE_AND_LINE = system_of("x y", ["x^2 + y^2 - 1", "x - y"])

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
@pytest.mark.usefixtures("lasting_helpers")
def test_all_backends_write_the_same_bytes(case):
    problem = problem_of(case)
    expected = document_text(problem, "auto")
    assert {name: document_text(problem, name) for name in BACKENDS} == dict.fromkeys(
        BACKENDS, expected
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", LARGE, ids=name_of)
@pytest.mark.usefixtures("lasting_helpers")
def test_all_backends_but_the_slowest_write_the_same_bytes(case):
    problem = problem_of(case)
    texts = {document_text(problem, name) for name in BACKENDS if name != "sympy"}
    assert len(texts) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("lasting_helpers")
def test_all_backends_write_the_same_bytes_on_the_reference_instance():
    expected = document_text(REFERENCE, "auto")
    assert {name: document_text(REFERENCE, name) for name in BACKENDS} == dict.fromkeys(
        BACKENDS, expected
    )


# The engines themselves agree, on the solutions of any system.


@pytest.fixture(scope="module")
def engines():
    with ExitStack() as opened:
        yield {name: opened.enter_context(open_backends(name)) for name in BACKENDS}


def agreed(engines, system):
    """What all engines say of a system."""
    first, *others = (comparable(engine.solutions(system)) for engine in engines.values())
    assert all(other == first for other in others)
    return first


@pytest.mark.parametrize("name", SYSTEMS)
def test_all_backends_find_the_same_solutions(engines, name):
    dimension, degree, points = agreed(engines, SYSTEMS[name])
    assert (degree is None) == (dimension > 0)
    assert (points is None) == (dimension != 0)
    assert points is None or len(points.numerators) == len(SYSTEMS[name].variables)


@pytest.mark.parametrize(
    ("name", "dimension", "degree", "points"),
    [
        ("one of two points", 0, 1, 1),
        ("both points", -1, 0, 0),
        ("conjugate points", 0, 3, 3),
        ("a fat point and a simple one", 0, 4, 2),
        ("a double point and others above it", 0, 6, 5),
        ("without the fat point", 0, 1, 1),
        ("without the simple point", 0, 3, 1),
        ("a curve", 1, None, 0),
        ("a curve and a point", 1, None, 0),
        ("without the curve", 0, 1, 1),
        ("nothing beside the curves", -1, 0, 0),
        ("a plane and a line", 2, None, 0),
        ("without the plane", 1, None, 0),
        ("without the line", 2, None, 0),
        ("nothing may be", -1, 0, 0),
        ("what cannot vanish", 0, 2, 2),
    ],
)
def test_solutions_by_hand(engines, name, dimension, degree, points):
    found = agreed(engines, SYSTEMS[name])
    assert found[:2] == (dimension, degree)
    assert (0 if found[2] is None else found[2].chi.degree()) == points


def polynomials(variables, most):
    exponents = st.tuples(*[st.integers(0, 3)] * variables).filter(lambda e: sum(e) <= most)
    coefficients = st.integers(-5, 5).filter(bool)
    names = ("x", "y", "z")[:variables]
    return st.dictionaries(exponents, coefficients, min_size=1, max_size=4).map(
        ring(names).from_dict
    )


@st.composite
def systems(draw):
    variables = draw(st.sampled_from([2, 3]))
    most = 3 if variables == 2 else 2
    equations = draw(st.lists(polynomials(variables, most), min_size=1, max_size=variables + 1))
    nonzero = draw(st.lists(polynomials(variables, 1), max_size=2))
    return PolynomialSystem(("x", "y", "z")[:variables], tuple(equations), tuple(nonzero))


@settings(max_examples=150)
@given(system=systems())
def test_all_backends_agree_on_random_systems(engines, system):
    agreed(engines, system)


# A backend that lies. Each lie changes what FLINT answers, on some systems or on all.


FLINT, ANSWERS = FlintBackend(), {}
"""What FLINT answers, by the text of a system: liars ask the same ones."""


@pytest.fixture(scope="module", autouse=True)
def ended_flint():
    """End the helper process of FLINT after all tests."""
    yield
    FLINT.close()


def answered(system, limits):
    key = (system.variables, *system.to_text(), "nonzero", *map(str, system.nonzero))
    if key not in ANSWERS:
        ANSWERS[key] = FLINT.solutions(system, limits)
    return ANSWERS[key]


class Liar:
    """FLINT, with answers tampered with on every system whose number is `offset` mod `every`."""

    name = "liar"

    def __init__(self, lie, every=1, offset=0):
        self.lie, self.every, self.offset = lie, every, offset
        self.asked = self.told = 0

    def version(self):
        return "0"

    def close(self):
        pass

    def solutions(self, system, limits):
        self.asked += 1
        lies = self.asked % self.every == self.offset
        if lies and self.lie in (no_solution, infinitely_many):
            self.told += 1
            return self.lie(None)
        answer = answered(system, limits)
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
    monkeypatch.setitem(BACKENDS, backend.name, lambda: backend)
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
    return text_of(enumerate_minima(DECEIVED[name], backend="flint"))


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
    text = text_of(found)
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
    expected = text_of(enumerate_minima(problem, backend="flint"))
    honest = Liar(lie, every=10**9, offset=1)
    solve_with(monkeypatch, problem, honest)
    noticed = 0
    for number in range(1, honest.asked + 1):
        liar = Liar(lie, every=10**9, offset=number)
        found = solve_with(monkeypatch, problem, liar)
        if found.is_complete:
            assert text_of(found) == expected
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

    def solutions(self, system, limits):
        self.asked += 1
        time.sleep(limits.seconds)
        raise limits.too_slow(self.name)


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


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_not_solved_in_time_is_undecided(backend):
    found = enumerate_minima(DECEIVED["rational"], backend=backend, seconds=1e-6)
    assert not found.is_complete
    assert f"{backend}: not solved within 1e-06 s" in {o.reason for o in found.undecided}


def test_an_answer_that_comes_late_counts_for_none_though_the_pool_overlooked_it(monkeypatch):
    schedule = ProcessPool.schedule
    monkeypatch.setattr(
        ProcessPool, "schedule", lambda *given, args, timeout: schedule(*given, args=args)
    )
    assert refusal("sympy", Limits(1e-3)) == "sympy: not solved within 0.001 s"


# Programs that misbehave, in the place of msolve and Singular.

PROGRAMS = {"msolve": "msolve", "singular": "Singular"}


@pytest.fixture(params=PROGRAMS)
def impostor(request, tmp_path, monkeypatch):
    """Put a shell script in the place of a program; it has a version, then does what it likes."""
    path = tmp_path / PROGRAMS[request.param]

    def install(script):
        path.write_text(f"#!/bin/sh\ncase $1 in -h | --version) exit ;; esac\n{script}\n")
        path.chmod(0o755)
        program.executable.cache_clear()
        return request.param

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    yield install
    program.executable.cache_clear()


def refusal(backend, limits=DEFAULT_LIMITS, system=CIRCLE_AND_LINE):
    """The reason for which a backend does not solve a system."""
    with open_backends(backend, limits) as engine, pytest.raises(BackendError) as caught:
        engine.solutions(system)
    return str(caught.value)


def ended(pid):
    """Wait until a process that would sleep for an hour has ended."""
    state = "S"
    while state not in ("", "Z"):
        listed = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True)
        state = listed.stdout.strip()[:1]


def test_a_program_is_ended_at_its_time_limit_with_all_its_children(impostor, tmp_path):
    backend = impostor(f"sleep 3600 & echo $! >{tmp_path}/child; wait")
    assert refusal(backend, Limits(1.5)) == f"{backend}: not solved within 1.5 s"
    ended((tmp_path / "child").read_text().strip())


def test_what_a_program_leaves_behind_is_ended_too(impostor, tmp_path):
    backend = impostor(f"sleep 3600 </dev/null >/dev/null 2>&1 & echo $! >{tmp_path}/child; exit 3")
    assert f"{backend}: exit code 3" in refusal(backend)
    ended((tmp_path / "child").read_text().strip())


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -SEGV $$", "ended by SIGSEGV with at most 200 MB of memory: ''"),
        ("kill -KILL $$", "ended by SIGKILL with at most 200 MB of memory: ''"),
        ("echo no luck >&2; exit 7", r"exit code 7 with at most 200 MB of memory: 'no luck\n'"),
        ("exit 0", "unreadable answer ''"),
    ],
)
def test_a_program_that_fails_is_a_reason_not_an_empty_answer(impostor, script, reason):
    backend = impostor(script)
    assert refusal(backend, Limits(60, 200)) == f"{backend}: {reason}"


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit address space")
def test_a_program_gets_no_more_memory_than_allowed(impostor):
    backend = impostor(f"exec {sys.executable} -S -c 'bytearray(400 << 20)'")
    assert "with at most 200 MB of memory: " in refusal(backend, Limits(60, 200))
    assert "MemoryError" in refusal(backend, Limits(60, 200))
    assert refusal(backend, Limits(60, 900)) == f"{backend}: unreadable answer ''"


def large_system():
    """A system on which no engine can do without memory, and FLINT without its helper."""
    faces = {face.signs: face for face in Arrangement.of(REFERENCE).live_faces}
    support = tuple(faces[name] for name in ("+++++", "++-+-", "--+++"))
    return stationarity_system(REFERENCE, support)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not limit address space")
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_is_held_to_its_memory_limit(backend):
    assert "30 MB" in refusal(backend, Limits(60, 30), large_system())


def without_memory(_):
    """What Python's `exec` does when it gets no memory."""
    raise SystemError("<built-in function exec> returned NULL without setting an exception")


def test_an_interpreter_that_fails_without_memory_is_a_backend_that_does():
    worker, limits = KillableWorker("helper"), Limits(60, 30)
    with closing(worker), pytest.raises(BackendError, match=r"at most 30 MB: .*exec"):
        worker.solutions(without_memory, CIRCLE_AND_LINE, limits, limits.deadline())


@pytest.mark.parametrize("backend", ["flint", "sympy"])
def test_helper_processes_are_ended_at_their_time_limit(backend):
    reason = refusal(backend, Limits(1.0), large_system())
    assert reason == f"{backend}: not solved within 1 s"


@pytest.mark.parametrize("backend", ["flint", "sympy"])
def test_a_helper_that_met_a_limit_is_replaced(backend):
    with open_backends(backend) as engine:
        (worker,) = engine.backends
        with pytest.raises(BackendError, match="30 MB"):
            worker.solutions(large_system(), Limits(60, 30))
        assert worker.solutions(CIRCLE_AND_LINE, DEFAULT_LIMITS).degree == 2


def test_limits_reach_the_backend_from_every_side(monkeypatch):
    seen = []

    class Noting(Sleeper):
        def solutions(self, system, limits):
            seen.append(limits)
            raise limits.too_large(self.name)

    monkeypatch.setitem(BACKENDS, "noting", Noting)
    found = enumerate_minima(DECEIVED["rational"], "noting", seconds=7, megabytes=123)
    assert set(seen) == {Limits(7, 123)}
    assert "sleeper: not solved within 123 MB of memory" in {o.reason for o in found.undecided}


@pytest.mark.parametrize(
    "answer",
    ["", "[", "[-1", "nonsense", "[0, [0, 2]]:", "[0, [0, 1, 1, ['q'], [1], [1, [[0, [1]]]]]]:"],
)
@pytest.mark.parametrize("impostor", ["msolve"], indirect=True)
def test_an_unreadable_answer_of_msolve_is_undecided_not_empty(impostor, answer, tmp_path):
    (tmp_path / "answer").write_text(answer)
    impostor(f'for last do :; done; cp {tmp_path}/answer "$last"')
    found = enumerate_minima(DECEIVED["rational"], backend="msolve")
    assert not found.is_complete
    assert any("unreadable answer" in outcome.reason for outcome in found.undecided)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "basis",
        "basis\nend",
        "basis\n\nend\n",
        "basis\nx1,\nend\n",
        "basis\nx1 x2\nend\n",
        "basis\n1/2*x1\nend\n",
        "? error\nbasis\n1\nend\n",
        "basis\n1\nend\n? error\n",
    ],
)
@pytest.mark.parametrize("impostor", ["singular"], indirect=True)
def test_an_unreadable_answer_of_singular_is_undecided_not_empty(impostor, answer, tmp_path):
    (tmp_path / "answer").write_text(answer)
    impostor(f"cat {tmp_path}/answer")
    found = enumerate_minima(DECEIVED["rational"], backend="singular")
    assert not found.is_complete
    assert any("unreadable answer" in outcome.reason for outcome in found.undecided)


@pytest.mark.usefixtures("no_programs")
@pytest.mark.parametrize(("backend", "name"), PROGRAMS.items())
def test_a_missing_program_says_how_to_get_it(backend, name):
    with pytest.raises(BackendError) as caught:
        open_backends(backend)
    assert str(caught.value).startswith(f"{backend}: the {name} executable was not found; ")
    assert f"`pip install --no-deps passagemath-{backend}`" in caught.value.reason
    assert f"`conda install -c conda-forge {backend}`" in caught.value.reason
    assert ("`apt install singular-ui`" in caught.value.reason) == (backend == "singular")
    assert installed_versions()[backend] is None


@pytest.mark.usefixtures("no_programs")
def test_auto_does_without_programs():
    with open_backends("auto") as engine:
        assert set(engine.versions()) == {"flint", "sympy"}
    assert text_of(enumerate_minima(DECEIVED["rational"], "auto")) == truth("rational")


def test_auto_asks_the_strongest_backend_first():
    with open_backends("auto") as engine:
        assert list(engine.versions()) == ["msolve", "singular", "flint", "sympy"]


@pytest.mark.parametrize("impostor", ["singular"], indirect=True)
def test_what_is_installed_during_a_run_is_not_recorded(impostor, monkeypatch):
    monkeypatch.delenv(SOFTWARE)
    before = installed_versions()
    with open_backends(impostor("exit 1")) as engine:
        assert engine.versions() == {"singular": "unknown"}
    assert installed_versions() == before
    assert before["singular"] != "unknown"


def test_processes_of_one_environment_record_what_the_first_one_found(monkeypatch):
    found = {"reluenum": "1", "singular": None}
    monkeypatch.setenv(SOFTWARE, json.dumps({sys.prefix: found}))
    assert installed_versions() == found
    share_versions()
    assert json.loads(os.environ[SOFTWARE]) == {sys.prefix: found}
    monkeypatch.setenv(SOFTWARE, json.dumps({"/another/environment": found}))
    assert set(installed_versions()) == {"reluenum", "python-flint", *BACKENDS}


def test_everything_installed_has_a_version():
    versions = installed_versions()
    assert set(versions) == {"reluenum", "python-flint", *BACKENDS}
    assert all(re.match(r"[0-9]+\.[0-9]", text) for text in versions.values())


def test_an_unknown_backend_is_refused_with_the_names_of_the_others():
    with pytest.raises(InputError, match=r"'maple'.*auto, flint, msolve, singular, sympy"):
        enumerate_minima(DECEIVED["rational"], backend="maple")


def test_parametrisations_survive_the_way_to_a_helper_process_and_back():
    with open_backends("flint") as engine:
        system = stationarity_system(REFERENCE, Arrangement.of(REFERENCE).live_faces[:2])
        found = engine.solutions(system).parametrisation
    assert Parametrisation.from_text(found.to_text()) == found
