"""Scores of ink turned into probabilities: what must hold of any table."""

import pytest

from archive import certainty
from bench import _calibration as calibration


def test_what_was_read_from_a_text_layer_keeps_its_score():
    assert certainty.calibrated("document_type", 0.9, {"layer"}, nothing=False) == 0.9


def test_a_witness_from_outside_keeps_its_score():
    assert certainty.calibrated("number", 0.9, {"ocr", "file_name"}, nothing=False) == 0.9


@pytest.mark.parametrize("field", sorted(certainty.FIELDS))
def test_a_better_score_and_a_second_witness_never_lower_it(field):
    name, _, nothing = field.partition(" ")
    low, high = (certainty.calibrated(name, score, {"ocr"}, bool(nothing)) for score in (0.6, 0.95))
    both = certainty.calibrated(name, 0.95, {"ocr", "symbol"}, bool(nothing))
    assert 0 < low <= high <= both <= certainty.HIGHEST


@pytest.mark.parametrize("field", sorted(certainty.FIELDS))
def test_ink_is_never_sure_alone_however_often_it_was_read(field):
    name, _, nothing = field.partition(" ")
    for readers in ({"ocr"}, {"ocr", "second_look"}):
        assert certainty.calibrated(name, 0.999, readers, bool(nothing)) < 0.985


def test_a_field_never_wrong_on_few_papers_is_worth_less_than_on_many():
    few, many = ([calibration.Sample(f"of {n}", 0.9, 0, True)] * n for n in (10, 200))
    worth = calibration.fit([*few, *many])[2]
    assert worth["of 10"] < worth["of 200"]


def test_a_field_that_was_not_fitted_keeps_its_score():
    assert certainty.calibrated("cao_bang.file_code", 0.7, {"ocr"}, nothing=False) == 0.7
