"""The heading and the ending as they stand on scanned pages: rows by their place, what OCR broke, what is no mark."""

import dataclasses

import pytest

from archive.findings import Finding, Stamp, settle
from archive.host import load
from archive.reading import Page, Text, Word

HEADING = [
    (0.20, 0.06, "ỦY BAN NHÂN DÂN"), (0.22, 0.08, "TỈNH HƯNG YÊN"),
    (0.50, 0.06, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), (0.57, 0.08, "Độc lập - Tự do - Hạnh phúc"),
    (0.22, 0.11, "Số: 15/KH-UBND"), (0.53, 0.11, "Hưng Yên, ngày 18 tháng 12 năm 2017"),
]  # fmt: skip
TITLE = [(0.46, 0.17, "KẾ HOẠCH"), (0.32, 0.20, "Triển khai hóa đơn điện tử trên địa bàn")]
BODY = [
    (0.22, 0.30 + 0.02 * n, "Thực hiện nhiệm vụ được giao, các cơ quan khẩn trương rà soát, báo cáo kết quả.")
    for n in range(6)
]


@pytest.fixture(scope="module")
def host():
    return load()


def page(lines):
    """A scanned page of (left, top, text); a letter is 0.0105 of the width."""
    words = []
    for number, (left, top, text) in enumerate(lines):
        for token in text.split():
            right = left + 0.0105 * len(token)
            words.append(Word(token, (left, top, right, top + 0.013), 0.95, number, 0))
            left = right + 0.006
    return Page.of_words(1, words, width=1654, height=2339, source="ocr")


def read(host, *lines, stamp=None):
    return settle(host.extract(Text([page([line for part in lines for line in part])]), stamp), stamp=stamp)


def swapped(lines, old, new):
    return [(x, y, text.replace(old, new)) for x, y, text in lines]


def test_an_office_is_named_with_its_superior_and_in_doubt(host):
    heading = swapped(swapped(HEADING, "ỦY BAN NHÂN DÂN", "HĐND TỈNH HƯNG YÊN"), "KH-UBND", "KH-VP")
    heading = [(0.23, 0.08, "VĂN PHÒNG") if text == "TỈNH HƯNG YÊN" else (x, y, text) for x, y, text in heading]
    fields = read(host, heading, TITLE, BODY).fields
    assert fields["issuing_organ"].value == "Văn phòng HĐND tỉnh Hưng Yên"
    assert not fields["issuing_organ"].sure
    assert fields["parent_organ"].value == "Hội đồng nhân dân tỉnh Hưng Yên"


def test_a_department_needs_no_superior(host):
    heading = swapped(swapped(HEADING, "ỦY BAN NHÂN DÂN", "UBND TỈNH HƯNG YÊN"), "KH-UBND", "KH-SYT")
    heading = [(0.25, 0.08, "SỞ Y TẾ") if text == "TỈNH HƯNG YÊN" else (x, y, text) for x, y, text in heading]
    organ = read(host, heading, TITLE, BODY).fields["issuing_organ"]
    assert (organ.value, organ.sure) == ("Sở Y tế", True)


@pytest.mark.parametrize(
    ("title", "read_as", "symbol"),
    [
        ("TỜ TRÌNH", "TTIr-UBND", "TTr-UBND"), ("TỜ TRÌNH", "TIr-UBND", "TTr-UBND"),
        ("QUYẾT ĐỊNH", "QB-UBND", "QĐ-UBND"), ("KẾ HOẠCH", "KH-UBNO", "KH-UBND"),
    ],
)  # fmt: skip
def test_the_printed_type_and_organ_decide_a_broken_symbol(host, title, read_as, symbol):
    heading = swapped(HEADING, "KH-UBND", read_as)
    found = read(host, heading, swapped(TITLE, "KẾ HOẠCH", title), BODY).fields["symbol"]
    assert found.value == symbol
    assert read_as in found.reason


def test_a_symbol_of_another_type_than_the_printed_one_is_in_doubt(host):
    fields = read(host, swapped(HEADING, "KH-UBND", "TT-UBND"), swapped(TITLE, "KẾ HOẠCH", "TỜ TRÌNH"), BODY).fields
    assert fields["symbol"].value == "TT-UBND"
    assert not fields["symbol"].sure


def test_a_misread_line_begins_an_organ_as_well(host):
    heading = [
        (x, y, {"ỦY BAN NHÂN DÂN": "TỈNH ỦY HƯNG YÊN", "TỈNH HƯNG YÊN": "BAX TUYÊN GIÁO TỈNH ỦY"}.get(text, text))
        for x, y, text in HEADING
    ]
    assert read(host, heading, TITLE, BODY).fields["issuing_organ"].value == "Ban Tuyên giáo Tỉnh ủy"


@pytest.mark.parametrize(("whole", "cut"), [("UBND-VX", "VX"), ("UBND-VX", "UBND")])
def test_a_symbol_of_one_part_is_in_doubt(host, whole, cut):
    letter = [(0.20, 0.135, "V/v ứng phó với bão số 7")]
    assert read(host, swapped(HEADING, "KH-UBND", whole), letter, BODY).fields["symbol"].sure
    assert not read(host, swapped(HEADING, "KH-UBND", cut), letter, BODY).fields["symbol"].sure


def test_a_symbol_of_the_other_system_is_in_doubt(host):
    assert not read(host, swapped(HEADING, "KH-UBND", "KH/UBND"), TITLE, BODY).fields["symbol"].sure


def test_scraps_under_the_title_are_no_subject(host):
    scrap = [(0.50, 0.19, "Á")]
    subject = read(host, HEADING, [TITLE[0]], scrap, [(0.32, 0.215, TITLE[1][2])], BODY).fields["subject"]
    assert subject.value == TITLE[1][2]
    assert read(host, HEADING, [TITLE[0]], scrap, BODY).fields["subject"].value is None


def test_lines_without_a_dash_go_on_with_the_recipient_above(host):
    end = [
        (0.17, 0.50, "Nơi nhận:"), (0.17, 0.52, "- Như trên; ˆ"), (0.17, 0.54, "- Các Sở: Tài chính,"),
        (0.18, 0.56, "Tài nguyên và Môi trường,"), (0.18, 0.58, "Tư pháp;"), (0.17, 0.60, "- Lưu: VT, TH."),
    ]  # fmt: skip
    assert read(host, HEADING, TITLE, BODY, end).recipients == (
        "Như trên", "Các Sở: Tài chính, Tài nguyên và Môi trường, Tư pháp", "Lưu: VT, TH",
    )  # fmt: skip


def test_the_seat_of_a_central_organ_is_not_surely_its_province(host):
    heading = swapped(swapped(HEADING, "KH-UBND", "KH-BYT"), "Hưng Yên, ngày", "Hà Nội, ngày")
    heading = [(x, y, "BỘ Y TẾ" if text == "ỦY BAN NHÂN DÂN" else text) for x, y, text in heading]
    heading = [line for line in heading if line[2] != "TỈNH HƯNG YÊN"]
    fields = read(host, heading, TITLE, BODY).fields
    assert (fields["issuing_organ"].value, fields["place"].value) == ("Bộ Y tế", "Hà Nội")
    assert (fields["province_at_issue"].value, fields["province_at_issue"].sure) == ("Hà Nội", False)


def test_a_mark_of_secrecy_stands_apart_at_the_top(host):
    assert read(host, HEADING, [(0.25, 0.14, "MẬT")], TITLE, BODY).fields["secrecy"].value == "Mật"


@pytest.mark.parametrize("stray", [(0.25, 0.14, "MẶT"), (0.48, 0.225, "MẬT"), (0.22, 0.55, "MẬT")])
def test_a_word_of_the_title_or_the_body_is_no_mark(host, stray):
    assert read(host, HEADING, TITLE, BODY, [stray]).fields["secrecy"].value is None


END = [(0.17, 0.50, "Nơi nhận:"), (0.17, 0.52, "- Như trên;"), (0.17, 0.54, "- Lưu: VT; KTTH.")]


def test_a_desk_after_a_semicolon_is_not_the_drafters_initials(host):
    assert read(host, HEADING, TITLE, BODY, END).archive_copy == ("VT; KTTH",)


def test_strokes_of_the_seal_are_no_part_of_the_signature(host):
    seal = [(0.62, 0.50, "TL. CHỦ TỊCH"), (0.64, 0.52, "VĂN PHÒNG"), (0.64, 0.54, "A Z"), (0.64, 0.56, "//Ÿ ý UWWX")]
    fields = read(host, HEADING, TITLE, BODY, END, [*seal, (0.64, 0.60, "=-.~Đặng Văn H")]).fields
    assert fields["signer_authority"].value == "TL. CHỦ TỊCH"
    assert fields["signer_title"].value is None
    assert fields["signer_name"].value == "Đặng Văn H"


def test_a_stamp_of_an_earlier_year_does_not_change_the_printed_one(host):
    arrived = Stamp(1, (0.05, 0.20, 0.18, 0.28), (Finding("date", "2000-03-25", 0.6),))
    date = read(host, swapped(HEADING, "2017", "2019"), TITLE, BODY, stamp=arrived).fields["date"]
    assert date.value == "2019-12-18"
    assert not date.sure
    later = Stamp(1, (0.05, 0.20, 0.18, 0.28), (Finding("date", "2031-12-25", 0.6),))
    assert read(host, HEADING, TITLE, BODY, stamp=later).fields["date"].value == "2017-12-18"


def test_print_under_the_edge_of_a_stamp_is_read(host):
    stamp = Stamp(1, (0.05, 0.15, 0.25, 0.26), (Finding("number", "12", 0.6),))
    heading = swapped(HEADING, "KH-UBND", "UBND-KTTH")
    lines = [(0.07, 0.18, "ĐẾN Số: 12"), (0.21, 0.20, "Kính gửi:"), (0.30, 0.22, "- Sở Y tế tỉnh;")]
    assert read(host, heading, lines, BODY, stamp=stamp).addressees == ("Sở Y tế tỉnh",)


def test_a_list_whose_dashes_were_lost_is_parted_by_its_commas(host):
    lines = [(0.17, 0.50, "tơi nhận:"), (0.17, 0.52, "Các ban đảng,"), (0.17, 0.54, "Ban Bí thư TW Đảng (b/€),"),
             (0.17, 0.56, "Lưu Văn phòng Tỉnh ủy.")]  # fmt: skip
    assert read(host, HEADING, TITLE, BODY, lines).recipients == (
        "Các ban đảng", "Ban Bí thư TW Đảng (b/c)", "Lưu Văn phòng Tỉnh ủy",
    )  # fmt: skip


def test_a_letters_subject_ends_where_its_addressees_begin(host):
    heading = swapped(HEADING, "KH-UBND", "UBND-KTTH")
    lines = [(0.20, 0.135, "V/v ứng phó với bão số 7"), (0.20, 0.155, "- Các sở, ban, ngành;")]
    assert read(host, heading, lines, BODY).fields["subject"].value == "ứng phó với bão số 7"


def test_letters_no_vietnamese_name_has_are_no_name(host):
    signed = [(0.62, 0.50, "CHỦ TỊCH"), (0.64, 0.58, "Hóöàng Văn E")]
    assert read(host, HEADING, TITLE, BODY, END, signed).fields["signer_name"].value is None


def test_a_dash_after_a_province_ends_the_organ(host):
    heading = swapped(swapped(HEADING, "ỦY BAN NHÂN DÂN", "UBND TỈNH HƯNG YÊN -"), "KH-UBND", "KH-SYT")
    heading = [(0.25, 0.08, "SỞ Y TẾ") if text == "TỈNH HƯNG YÊN" else (x, y, text) for x, y, text in heading]
    fields = read(host, heading, TITLE, BODY).fields
    assert (fields["issuing_organ"].value, fields["parent_organ"].value) == (
        "Sở Y tế", "Ủy ban nhân dân tỉnh Hưng Yên"
    )  # fmt: skip


def test_both_columns_read_as_one_line_are_parted_at_the_motto(host):
    one_line = [(0.16, 0.06, "ỦY BAN NHÂN DÂN TỈNH CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), (0.22, 0.08, "HƯNG YÊN")]
    fields = read(host, one_line, HEADING[3:], TITLE, BODY).fields
    assert fields["issuing_organ"].value == "Ủy ban nhân dân tỉnh Hưng Yên"


def test_a_place_alone_is_no_organ(host):
    heading = [line for line in HEADING if line[2] != "ỦY BAN NHÂN DÂN"]
    organ = read(host, heading, TITLE, BODY).fields["issuing_organ"]
    assert (organ.value, organ.sure) == ("Ủy ban nhân dân tỉnh Hưng Yên", False)
    assert "Không đọc được dòng trên" in organ.reason


def test_a_mark_beside_an_addressee_is_a_mark(host):
    beside = [(0.06, 0.235, "KHẨN."), (0.30, 0.235, "- Sở Y tế;")]
    letter = [(0.26, 0.215, "Kính gửi:"), *beside, (0.30, 0.255, "- Sở Nội vụ.")]
    record = read(host, swapped(HEADING, "KH-UBND", "UBND-VX"), letter, BODY)
    assert record.fields["urgency"].value == "Khẩn"
    assert record.addressees == ("Sở Y tế", "Sở Nội vụ")


SIGNATURE = [(0.62, 0.50, "KT. BỘ TRƯỞNG"), (0.66, 0.52, "Ớ TRƯỞNG"), (0.64, 0.60, "Trần Quốc Vư ợng")]


def test_who_signs_for_a_minister_is_his_deputy(host):
    fields = read(host, HEADING, TITLE, BODY, END, SIGNATURE).fields
    assert (fields["signer_title"].value, fields["signer_title"].sure) == ("THỨ TRƯỞNG", False)
    assert fields["signer_name"].value == "Trần Quốc Vượng"


def test_strokes_behind_a_title_are_no_part_of_it(host):
    signed = [(0.62, 0.50, "KT. CHỦ TỊCH"), (0.60, 0.52, "PHÓ CHỦ TỊCH / VWÁAA^_ /")]
    assert read(host, HEADING, TITLE, BODY, END, signed).fields["signer_title"].value == "PHÓ CHỦ TỊCH"


def test_a_name_under_the_seal_is_shown_as_far_as_it_can_be_read(host):
    fields = read(host, HEADING, TITLE, BODY, END, SIGNATURE[:2], [(0.64, 0.60, "ạm Thị Dung")]).fields
    assert (fields["signer_name"].value, fields["signer_name"].partial) == (None, "ạm Thị Dung")


def test_set_phrases_of_nơi_nhận_are_read_as_ocr_breaks_them(host):
    items = ["Nơi nhận:", "- Nhưưên;", "- TETU, TT.HĐND tỉnh;", "- TV BCP tỉnh;", "- Bộ Y tế (/€);", "- Lưu: VTý NC."]
    record = read(host, HEADING, TITLE, BODY, [(0.17, 0.5 + 0.015 * n, item) for n, item in enumerate(items)])
    assert record.recipients == ("Như trên", "TT.TU, TT.HĐND tỉnh", "TV BCĐ tỉnh", "Bộ Y tế (b/c)", "Lưu: VT, NC")
    assert record.archive_copy == ("VT", "NC")


def test_parts_of_a_paper_second_each_other(host):
    signed = [(0.62, 0.50, "TM. ỦY BAN NHÂN DÂN"), (0.66, 0.52, "CHỦ TỊCH"), (0.64, 0.60, "Lê Văn Thử")]
    fields = read(host, HEADING, TITLE, BODY, END, signed).fields
    sure = {name for name, settled in fields.items() if settled.sure}
    assert {"issuing_organ", "document_type", "symbol", "place", "signer_authority", "signer_title"} <= sure
    assert not {"number", "full_code", "date", "subject", "signer_name"} & sure


SIGNED = [(0.62, 0.50, "TM. ỦY BAN NHÂN DÂN"), (0.66, 0.52, "CHỦ TỊCH"), (0.64, 0.60, "Lê Văn Thử")]


def test_the_symbol_of_every_committee_does_not_second_one_districts_name(host):
    organ = read(host, swapped(HEADING, "TỈNH HƯNG YÊN", "HUYỆN BÌNH SƠM"), TITLE, BODY, END, SIGNED).fields
    assert organ["issuing_organ"].value == "Ủy ban nhân dân huyện Bình Sơm"
    assert not organ["issuing_organ"].sure


def test_what_the_heading_mended_the_heading_does_not_second(host):
    symbol = read(host, swapped(HEADING, "KH-UBND", "KHH-UBND"), TITLE, BODY, END, SIGNED).fields["symbol"]
    assert (symbol.value, symbol.sure) == ("KH-UBND", False) and "KHH-UBND" in symbol.reason


def test_a_number_grown_together_with_its_symbol_is_in_doubt_also_in_text(host):
    page = Page.of_text(1, "ỦY BAN NHÂN DÂN\nTỈNH HƯNG YÊN\nSố: 4711UBND-VX\nKính gửi: Sở Y tế.\n")
    number = settle(host.extract(Text([page]))).fields["number"]
    assert (number.value, number.sure) == ("4711", False)


def test_a_signature_scanned_behind_a_born_digital_page_is_as_sure_as_ink(host):
    first, last = page([*HEADING, *TITLE, *BODY]), page([*END, *SIGNED])
    pages = [dataclasses.replace(first, source="layer"), dataclasses.replace(last, number=2)]
    fields = settle(host.extract(Text(pages))).fields
    assert fields["number"].sure and fields["signer_name"].value == "Lê Văn Thử"
    assert not fields["signer_name"].sure
