import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from archive.vietnamese import distance, find_dates, fold, is_capitals, plain_letters, printable, same_name, short_date


def days(text):
    return [(day.iso, day.partial) for day in find_dates(text)]


@given(st.text())
def test_folding_keeps_the_length(text):
    text = unicodedata.normalize("NFC", text)
    assert len(fold(text)) == len(text)
    assert len(plain_letters(text)) == len(text)


def test_tone_placement_and_marks_do_not_part_names():
    assert same_name("Uỷ ban nhân dân", "ỦY BAN NHÂN DÂN")
    assert same_name("Son La", "Sơn La")
    assert not same_name("Hà Nam", "Hà Nội")


def test_dates_are_read_day_first():
    assert days("Hà Nội, ngày 05 tháng 3 năm 2020") == [("2020-03-05", "2020-03")]
    assert days("ngày 26/3/2020 và 24-3-2020, 25.3.2020") == [
        ("2020-03-26", "2020-03"), ("2020-03-24", "2020-03"), ("2020-03-25", "2020-03"),
    ]  # fmt: skip
    assert days("ngày30tháng3 năm 202O") == [("2020-03-30", "2020-03")]


def test_a_blank_day_leaves_month_and_year():
    assert days("Quảng Ngãi, ngày     tháng 02 năm 2025") == [(None, "2025-02")]
    assert days("ngày     tháng     năm 2025") == [(None, "2025")]


def test_events_and_terms_are_no_dates():
    assert days("nghỉ lễ 30/4, 01/5; nhiệm kỳ 2021- 2026; từ ngày 27/4; 31/02/2020") == [(None, "2020-02")]


def test_the_pen_writes_short_years():
    assert short_date("25/3/20") == "2020-03-25"
    assert short_date("25.3") is None
    assert short_date("25-3", near="2020-12-31") == "2020-03-25"


def test_distance_stops_at_its_limit():
    assert distance("thong bao", "thong bao", 1) == 0
    assert distance("thong bao", "thong dao", 1) == 1
    assert distance("thong bao", "ke hoach", 2) == 3


def test_headings_are_capitals_in_spite_of_one_small_letter():
    assert is_capitals("ỦY BAN NHÂN DÂn TỈNH")
    assert not is_capitals("Ủy ban nhân dân")
    assert not is_capitals("-----")


def test_letters_read_for_digits_of_a_date_are_digits_in_either_case():
    assert [day.iso for day in find_dates("ngày 1L tháng i năm 2020, ngày lO tháng 3 năm 2021")] == [
        "2020-01-11", "2021-03-10",
    ]  # fmt: skip


def test_a_strangers_text_is_kept_as_letters_alone():
    assert printable("anh\u202egpj.exe\x00") == "anhgpj.exe"
    assert printable("e\x00\u0302 \udc80") == "ê ?"  # NFC though a control character stood between
    assert printable("một\r\n\thai", " ").split() == ["một", "hai"]
