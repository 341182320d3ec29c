"""Generated data are reproducible, and exact."""

from fractions import Fraction

import pytest
from flint import fmpq

from reluenum import InputError
from reluenum.datasets.families import FAMILIES, dataset, random_data, reference_data, teacher_data


def test_reference_is_the_instance_of_the_article():
    inputs, targets = reference_data()
    assert [Fraction(int(x.p), int(x.q)) * 100 for (x,) in inputs] == [-17, 44, -100, -40, -71]
    assert [Fraction(int(y.p), int(y.q)) * 100 for y in targets] == [5, 102, 61, -36, -132]


GENERATED = [
    ("random", {"n": 30, "d": 2, "seed": 5, "denominator": 3}),
    ("random", {"n": 7}),
    ("teacher", {"n": 30, "d": 3, "seed": 1, "denominator": 7, "hidden": 4, "noise": "1/3"}),
    ("teacher", {"n": 7}),
]


@pytest.mark.parametrize(("family", "parameters"), GENERATED)
def test_generated_data_have_their_sizes_and_denominators(family, parameters):
    inputs, targets = dataset(family, **parameters)
    denominator = parameters.get("denominator", 100)
    assert len(inputs) == len(targets) == parameters["n"]
    assert {len(row) for row in inputs} == {parameters.get("d", 1)}
    assert all(abs(entry) <= 1 for row in inputs for entry in row)
    numbers = [*targets, *(entry for row in inputs for entry in row)]
    assert {(entry * denominator).q for entry in numbers} == {1}


@pytest.mark.parametrize(("family", "parameters"), GENERATED)
def test_seed_decides_the_data_and_a_larger_size_only_appends(family, parameters):
    inputs, targets = dataset(family, **parameters)
    assert dataset(family, **parameters) == (inputs, targets)
    assert dataset(family, **parameters | {"seed": 99}) != (inputs, targets)
    more_inputs, more_targets = dataset(family, **parameters | {"n": parameters["n"] + 3})
    assert (more_inputs[:-3], more_targets[:-3]) == (inputs, targets)


def test_random_numbers_are_those_that_python_promises_to_keep():
    # The first numbers of random.Random("0 inputs").random() are 0.870..., 0.316..., 0.541...
    inputs, _ = random_data(3)
    assert inputs == ((fmpq(74, 100),), (fmpq(-37, 100),), (fmpq(8, 100),))


def test_random_numbers_reach_every_multiple_about_equally_often():
    inputs, targets = random_data(2500, d=1, denominator=2)
    found = [x for (x,) in inputs] + list(targets)
    shares = [found.count(fmpq(k, 2)) / 5000 for k in range(-2, 3)]
    assert all(abs(share - 0.2) < 0.03 for share in shares)


def test_teacher_has_the_inputs_of_the_random_data_and_a_network_behind_its_outputs():
    inputs, clean = teacher_data(60, d=2, seed=4, denominator=10**6, hidden=1, noise="0")
    assert inputs == random_data(60, d=2, seed=4, denominator=10**6)[0]
    assert len(set(clean)) > 2
    # One unit without noise: all outputs have its sign, and they are 0 where it is not active.
    assert len({target > 0 for target in clean if target != 0}) == 1
    _, noisy = teacher_data(60, d=2, seed=4, denominator=10**6, hidden=1, noise="1/50")
    differences = [abs(p - q) for p, q in zip(clean, noisy, strict=True)]
    assert 0 < max(differences) <= fmpq(1, 50) + fmpq(1, 10**6)


@pytest.mark.parametrize(
    ("family", "parameters", "message"),
    [
        ("fourier", {}, "family: 'fourier'; expected one of reference, random, teacher"),
        ("reference", {"n": 5}, "family reference: unknown parameter 'n'; expected no parameter"),
        ("random", {"n": 5, "hiden": 2}, "family random: unknown parameter 'hiden'; expected only"),
        ("teacher", {"d": 2}, "family teacher: no n; expected a value of n"),
        ("random", {"n": 0}, "n: 0; expected a whole number >= 1"),
        ("random", {"n": "5"}, "n: '5'; expected a whole number >= 1"),
        ("random", {"n": True}, "n: True; expected a whole number >= 1"),
        ("random", {"n": 2.0}, "n: 2.0; expected a whole number >= 1"),
        ("random", {"n": 3, "d": 0}, "d: 0; expected a whole number >= 1"),
        ("random", {"n": 3, "seed": -1}, "seed: -1; expected a whole number >= 0"),
        ("random", {"n": 3, "denominator": 0}, "denominator: 0; expected a whole number >= 1"),
        ("random", {"n": 3, "denominator": 10**10}, "denominator: 10000000000; expected a whole"),
        ("random", {"n": 10**9}, "n: 2000000000 numbers; expected at most 100000 = n (d + 1)"),
        ("teacher", {"n": 3, "hidden": 10**9}, "hidden: 1000000000; expected a whole number <="),
        ("teacher", {"n": 3, "noise": 0.1}, "noise: the float 0.1; expected a decimal or fraction"),
        (
            "teacher",
            {"n": 3, "noise": "-1/10"},
            "noise: -1/10; expected a decimal or fraction >= 0",
        ),
        ("teacher", {"n": 3, "noise": "loud"}, "noise: 'loud' is not a finite decimal"),
    ],
)
def test_bad_family_or_parameter_is_refused_by_name(family, parameters, message):
    with pytest.raises(InputError) as caught:
        dataset(family, **parameters)
    assert str(caught.value).startswith(message)


def test_every_family_is_a_function_of_its_own_name():
    assert {name: make.__name__ for name, make in FAMILIES.items()} == {
        name: f"{name}_data" for name in FAMILIES
    }
