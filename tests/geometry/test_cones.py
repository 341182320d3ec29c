"""Cones by double description, against the arrangement of the same hyperplanes."""

from random import Random

import pytest
from flint import fmpq

from reluenum.geometry.arrangement import covectors
from reluenum.geometry.cones import Cone, can_be_cut_together, sign_rows

SYMBOL = {1: "+", 0: "0", -1: "-"}


def random_forms(seed, count, dimension):
    random = Random(seed)
    return [tuple(random.randint(-2, 2) for _ in range(dimension)) for _ in range(count)]


def cut(cone, forms):
    parts = {"": cone}
    for form in forms:
        parts = {
            signs + sign: part for signs, cone in parts.items() for sign, part in cone.split(form)
        }
    return parts


def signs_at(point, forms):
    values = [sum(a * b for a, b in zip(form, point, strict=True)) for form in forms]
    return "".join(SYMBOL[(value > 0) - (value < 0)] for value in values)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_a_space_is_cut_into_the_faces_of_the_arrangement(seed, dimension):
    forms = random_forms(seed, 5, dimension)
    rows = [tuple(map(fmpq, form)) for form in forms]
    assert cut(Cone.space(dimension), forms).keys() == covectors(rows).keys()


@pytest.mark.parametrize("seed", range(12))
def test_every_positive_combination_of_rays_and_lines_has_the_signs_of_its_part(seed):
    forms, random = random_forms(seed, 5, 4), Random(seed)
    for signs, part in cut(Cone.space(4), forms).items():
        point = [0] * 4
        for vector in part.vectors:
            weight = random.randint(1, 9)
            point = [x + weight * y for x, y in zip(point, vector, strict=True)]
        for vector in part.lines:
            weight = random.randint(-9, 9)
            point = [x + weight * y for x, y in zip(point, vector, strict=True)]
        assert signs_at(point, forms) == signs_at(part.point, forms) == signs


@pytest.mark.parametrize("seed", range(12))
def test_no_ray_is_a_sum_of_others_as_no_other_lies_on_all_its_hyperplanes(seed):
    for part in cut(Cone.space(4), random_forms(seed, 6, 4)).values():
        for k, (_, zeros) in enumerate(part.rays):
            others = [z for j, (_, z) in enumerate(part.rays) if j != k]
            assert not any(zeros & other == zeros for other in others)


def test_a_product_is_cut_by_forms_of_one_factor_like_that_factor():
    left, right = random_forms(1, 3, 2), random_forms(2, 3, 3)
    parts = cut(Cone.space(2), left)
    product = cut(parts["+--"] * Cone.space(3), [(0, 0, *form) for form in right])
    assert product.keys() == cut(Cone.space(3), right).keys()


def test_a_product_knows_the_walls_of_both_factors():
    quadrant = cut(Cone.space(2), [(1, 0), (0, 1)])["++"]
    octant = quadrant * cut(Cone.space(1), [(1,)])["+"]
    assert sorted(cut(octant, [(1, 1, -1)])["0"].vectors) == [(0, 1, 1), (1, 0, 1)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [1, 10**15, 10**320])
def test_cones_that_are_cut_together_have_the_rows_of_each_alone(seed, size):
    # large numbers leave those of the machine
    random, cones, forms = Random(seed), [], []
    walls = [*random_forms(seed, 5, 3)]
    pointed = [c for c in cut(Cone.space(3), walls).values() if not c.lines]
    for cone in pointed[:20]:
        cones.append(cone * Cone.space(1))
        forms.append(
            [
                (*(random.randint(-size, size) for _ in range(3)), random.randint(1, 3))
                for _ in range(6)
            ]
        )
    assert all(map(can_be_cut_together, cones, forms))
    owner, signs = sign_rows(cones, forms)
    for k, (cone, rows) in enumerate(zip(cones, forms, strict=True)):
        found = ["".join(SYMBOL[s] for s in row) for row in signs[owner == k].tolist()]
        assert sorted(found) == sorted(cut(cone, rows))
