"""Bars of documents that are read."""

import re
from types import SimpleNamespace

import pytest

from reluenum.documents.bars import box_bar, search_bar


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


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only when a test says so."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr("tqdm.std.time", lambda: now.seconds)
    return now


def shown_of(capsys, clock, *reports):
    """What the bar shows last, after reports at some seconds: a share, a number of boxes."""
    with search_bar(True) as told:
        begin = clock.seconds
        for seconds, share, boxes in reports:
            clock.seconds = begin + seconds
            told(share, boxes)
    return capsys.readouterr().err.split("\r")[-1].strip()


def test_a_search_is_expected_to_go_on_as_it_has(capsys, clock):
    line = shown_of(capsys, clock, (0, 0, 0), (5, 0.01, 10), (30, 0.25, 99), (60, 0.25, 1234))
    assert "01:00, about 03:00 left, 1,234 boxes" in line
    assert "25%" in line


def test_nothing_is_said_of_the_time_at_first(capsys, clock):
    line = shown_of(capsys, clock, (0, 0, 0), (60, 0.04, 1234))
    assert line.endswith("01:00, 1,234 boxes")


def test_what_an_earlier_run_has_looked_at_does_not_count_as_fast(capsys, clock):
    """A half was known; a quarter took a minute, so the last one takes another minute."""
    line = shown_of(capsys, clock, (0, 0.5, 10**6), (1, 0.1, 10**5), (60, 0.75, 2 * 10**6))
    assert re.search(r"75%.*01:00, about 01:00 left, 2,000,000 boxes", line)


def test_a_share_that_is_told_again_does_not_take_anything_back(capsys, clock):
    reports = (0, 0, 0), (60, 0.5, 10), (61, 0.5, 10), (62, 0.1, 4), (100, 0.5, 10)
    assert "50%" in shown_of(capsys, clock, *reports)


def test_a_search_that_is_not_to_be_shown_is_not(capsys):
    with search_bar(False) as told:
        told(0.5, 3)
    assert capsys.readouterr().err == ""
