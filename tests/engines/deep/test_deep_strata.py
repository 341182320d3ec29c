"""What the equations see of the signs of a deep network."""

from random import Random

from reluenum.engines.deep.systems.stratum import DeepStratum
from tests.support.deep_networks import random_network, rows_and_heights


def test_signs_that_no_unit_above_passes_on_are_dotted():
    assert DeepStratum.of([["+-0+"], ["+0--"]]).text == "+-../+0--"


def test_dots_go_down_through_all_layers():
    assert DeepStratum.of([["+++"], ["-++"], ["++-"]]).text == ".+./-+./++-"


def test_a_text_and_its_stratum_are_one_thing():
    for text in ("+-../+0--", "/+++", "++,+0/0+", "//++"):
        assert DeepStratum.of_text(text).text == text


def test_the_order_of_units_in_a_layer_does_not_matter():
    assert DeepStratum.of([["+0", "-+"], ["++"]]) == DeepStratum.of([["-+", "+0"], ["++"]])


def test_sites_at_which_a_layer_is_dead_share_the_kinks_above():
    stratum = DeepStratum.of([["+--0"], ["+000"]])
    assert stratum.kinks(1, 0) == [(1, 2, 3)]
    assert stratum.kinks(0, 0) == [(3,)]


def test_groups_are_inherited_upwards_while_they_are_not_cut_off_again():
    stratum = DeepStratum.of([["+---"], ["-+++"], ["+000"]])
    assert stratum.kinks(2, 0) == [(1, 2, 3)]
    assert DeepStratum.of([["++--"], ["--++"], ["00++"]]).kinks(2, 0) == [(0, 1)]


def test_a_unit_that_is_positive_nowhere_that_counts_is_not_live():
    assert not DeepStratum.of([["+-"], ["-+"]]).is_live
    assert DeepStratum.of([["+-"], ["++"]]).is_live


def test_sites_of_one_class_have_one_input_to_the_layer():
    random = Random(7)
    inputs = [(-2,), (-1,), (0,), (1,), (3,)]
    for _ in range(500):
        network = random_network(random, inputs, (2, 1, 2))
        rows, heights = rows_and_heights(network, inputs)
        stratum = DeepStratum.of(rows)
        for layer in (1, 2):
            for site, first in enumerate(stratum.classes[layer]):
                assert heights[layer - 1][site] == heights[layer - 1][first]
