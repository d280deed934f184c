"""Numbers, symbols and dates become rare tokens, however they are written."""

import pytest

from archive.search.keys import cited, dates, of_code, of_own_date, parts_of


@pytest.mark.parametrize("code", ["471/UBND-VX", "0471 /UBND-VX", "471/ubnd-vx", "471 UBND VX", "471⁄UBND–VX"])
def test_a_code_has_the_same_parts_in_every_spelling(code):
    assert parts_of(code) == ("#471", "@ubnd", "@vx")


def test_misread_capitals_of_a_symbol_are_put_right():
    assert parts_of("02/CĐÐ-UBND") == parts_of("02/CĐ-UBND")
    assert "21/nq-cp" in cited("theo Nghị quyết số 21/NÑQ-CP của Chính phủ")


def test_a_cited_code_is_found_by_its_halves():
    found = cited("Căn cứ Nghị định số 30/2020/NĐ-CP; Thông báo số 172-TB/TW ngày 21/3/2020, 2/người")
    assert {"30/2020/nd-cp", "30/nd-cp", "30/2020/nd", "172/tb-tw", "172/tb"} <= found
    assert not any(key.startswith(("2/", "21/")) for key in found)


def test_a_letter_after_the_number_belongs_to_it():
    assert parts_of("15a/QĐ-UBND")[0] == "#15a"
    assert "15/qd-ubnd" not in of_code("15a/QĐ-UBND")


@pytest.mark.parametrize(
    "text",
    [
        "ngày 30 tháng 3 năm 2020", "NGÀY 30 THÁNG 03 NĂM 2020", "ngày30tháng3năm2020", "30/3/2020", "30-3-2020",
        "30.3.2020", "30/03/20", "2020-03-30", "ngày 30/3/2020",
    ],
)  # fmt: skip
def test_a_date_is_one_key_in_every_spelling(text):
    assert [day.key for day in dates(text)] == ["2020-03-30"]


@pytest.mark.parametrize("text", ["tháng 3 năm 2020", "tháng 3/2020", "3/2020"])
def test_a_month_is_a_key(text):
    assert [day.key for day in dates(text)] == ["2020-03"]


@pytest.mark.parametrize("text", ["30/4", "45/13/2020", "16/2020/NĐ-CP", "1.234.567", "30/2020"])
def test_what_is_no_date_is_none(text):
    assert dates(text) == []


def test_a_document_is_found_by_its_day_month_and_year():
    assert of_own_date("2020-03-30") == {"=2020-03-30", "=2020-03", "=2020"}
    assert of_own_date(None) == set()
