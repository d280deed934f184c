import pytest

from archive.codes import find_codes, is_known_symbol, mended_symbol, read_number_line, type_of_title


def codes(text):
    return [code.full for code in find_codes(text)]


def test_codes_of_both_systems_are_found_and_nothing_else():
    text = "Công văn số 2773-CV/VPTU, 02/CĐ-UBND và 30/2020/NĐ-CP; 202/2025/QH15; "
    text += "nghỉ 30/4, 01/5; nhiệm kỳ 2021- 2026; 24/24 giờ"
    assert codes(text) == ["2773-CV/VPTU", "02/CĐ-UBND", "30/2020/NĐ-CP", "202/2025/QH15"]


def test_the_prime_ministers_g_is_read_as_ocr_breaks_it():
    assert codes("16/CT-TTE, 801/CT-TTø ngày 20/3/2025, 12/QĐ-TT6, 05/QĐ-TTr, 07/QĐ-TTPC") == [
        "16/CT-TTg", "801/CT-TTg", "12/QĐ-TTg", "05/QĐ-TTr", "07/QĐ-TTPC",
    ]  # fmt: skip


def test_what_ocr_puts_into_a_code_is_forgiven():
    assert codes("21/NÑQ-CP, 02/CĐÐ-UBND, 471 /UBND-VX, 70 /2025/TT-NHNN, 392/2025NĐ-CP") == [
        "21/NQ-CP", "02/CĐ-UBND", "471/UBND-VX", "70/2025/TT-NHNN", "392/2025/NĐ-CP",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "number", "symbol", "system", "type_name"),
    [
        ("Số: 471 /UBND-VX", "471", "UBND-VX", "state", "Công văn"),
        ("Số 182-CV/TU", "182", "CV/TU", "party", "Công văn"),
        ("Luật số: 140/2025/QH15", "140", "QH15", "state", None),
        ("Số : 65/ 2025/TT-NHNN", "65", "TT-NHNN", "state", "Thông tư"),
        ("Số:       /QĐ-BCĐ138", None, "QĐ-BCĐ138", "state", "Quyết định"),
        ("Số .....-TB/TW", None, "TB/TW", "party", "Thông báo"),
        ("Số: 15a/QĐ-UBND", "15a", "QĐ-UBND", "state", "Quyết định"),
        ("Số : 12 /QĐ - UBND", "12", "QĐ-UBND", "state", "Quyết định"),
        ("Số: 471UBND-VX", "471", "UBND-VX", "state", "Công văn"),
        ("Số:///7KH-VP", None, "KH-VP", "state", "Kế hoạch"),
        ("Số: 127/7KH-VP", "127", "KH-VP", "state", "Kế hoạch"),
        ("Số: 471/1UBND-VX", "471", "UBND-VX", "state", "Công văn"),
        ("Số: 5£4 /UBND-KTTH", None, "UBND-KTTH", "state", "Công văn"),
        ("Số: 55-s/QĐ-UBND", None, "QĐ-UBND", "state", "Quyết định"),
        ("Số 12-QĐ/UBKTTW-VP", "12", "QĐ/UBKTTW-VP", "party", "Quyết định"),
        ("Số: 0835/SYT-NVY", "0835", "SYT-NVY", "state", "Công văn"),
    ],
)
def test_the_number_line(line, number, symbol, system, type_name):
    code = read_number_line(line).code
    assert (code.number, code.symbol, code.system, code.type_name) == (number, symbol, system, type_name)


def test_other_lines_are_no_number_line():
    assert read_number_line("số 1378-CT/TU về việc chỉ đạo") is None
    assert read_number_line("SỞ Y TẾ") is None
    assert read_number_line("Số lượt xem: 227") is None


def test_case_tells_abbreviations_apart():
    assert read_number_line("Số: 1/CTr-UBND").code.type_name == "Chương trình"
    assert read_number_line("Số: 1/CT-UBND").code.type_name == "Chỉ thị"
    assert read_number_line("Số: 1/TTr-UBND").code.type_name == "Tờ trình"


def test_a_title_with_one_letter_misread_is_known():
    assert type_of_title("THÔNG BÁO") == "Thông báo"
    assert type_of_title("THỒNG BAO") == "Thông báo"
    assert type_of_title("QUYÉT ĐỊNR") == "Quyết định"
    assert type_of_title("THÔNG TIN") is None


def test_the_lexicon_knows_whole_symbols():
    assert is_known_symbol("UBND-KTTH")
    assert not is_known_symbol("UBND-KTIH")


def test_a_symbol_that_the_heading_explains_is_mended_and_no_other():
    assert mended_symbol("TTIr-UBND", ["TTr"], ["UBND"]) == "TTr-UBND"
    assert mended_symbol("TI-UBND", ["TTr"], ["UBND"]) == "TTr-UBND"
    assert mended_symbol("TI-SYT", ["TTr"], ["UBND"]) == "TI-SYT"
    assert mended_symbol("TB-UBND", ["TTr"], ["UBND"]) == "TB-UBND"
