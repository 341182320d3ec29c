"""Bars of documents that are read."""

import pytest

from reluenum.documents.bars import box_bar


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_says_how_many_boxes_were_read_if_it_is_to_be_shown(progress, capsys):
    with box_bar(progress) as told:
        for done in (3, 3, 40):
            told(done, 40)
    shown = capsys.readouterr().err
    assert ("40/40" in shown) == progress == ("100%" in shown)


def test_there_is_none_of_what_has_no_boxes(capsys):
    with box_bar(True):
        pass
    assert capsys.readouterr().err == ""
