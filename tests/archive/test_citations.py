from archive.citations import find_citations
from archive.reading import Page, Text


def cited(plain):
    return [(c.type, c.code, c.date, c.issuer, c.relation) for c in find_citations(Text([Page.of_text(1, plain)]))]


def test_type_code_date_and_issuer():
    assert cited("Theo Thông báo số 12/TB-UBND ngày 5/6/2021 của UBND tỉnh về việc họp.") == [
        ("Thông báo", "12/TB-UBND", "2021-06-05", "UBND tỉnh", "basis")
    ]


def test_ministries_keep_their_commas_and_ands():
    plain = "1. Xem Công văn số 5/BVHTTDL-TTr ngày 5/6/2021 của Bộ Văn hóa, Thể thao và Du lịch về việc này."
    assert cited(plain)[0][3] == "Bộ Văn hóa, Thể thao và Du lịch"


def test_a_line_break_inside_a_citation_is_no_end():
    assert cited("Căn cứ Nghị định số\n30/2020/NĐ-CP ngày 05 tháng 3\nnăm 2020 của Chính phủ;") == [
        ("Nghị định", "30/2020/NĐ-CP", "2020-03-05", "Chính phủ", "basis")
    ]


def test_laws_are_named_between_type_and_number():
    plain = "Căn cứ Luật Tổ chức Chính phủ số 63/2025/QH15;\nCăn cứ Luật Giá ngày 19 tháng 6 năm 2023;"
    assert cited(plain) == [
        ("Luật", "63/2025/QH15", None, "Quốc hội", "basis"),
        ("Luật", None, "2023-06-19", "Quốc hội", "basis"),
    ]


def test_relations():
    assert cited("Phúc đáp Công văn số 9/SYT-VP ngày 1/2/2021 của Sở Y tế.")[0][4] == "reply"
    assert cited("(Gửi kèm Kế hoạch số 9/KH-UBND ngày 1/2/2021).")[0][4] == "attached"
    assert cited("Quy chế ban hành kèm theo Quyết định số 9/QĐ-UBND ngày 1/2/2021.")[0][4] is None
    assert cited("Quyết định này thay thế Quyết định số 9/QĐ-UBND ngày 1/2/2021.")[0][4] == "replaced"


def test_the_same_paper_twice_is_one_citation_with_two_places():
    found = find_citations(
        Text([Page.of_text(1, "Chỉ thị số 35-CT/TW và Chỉ thị số 35-CT/TW, ngày 30/5/2019 của Bộ Chính trị.")])
    )
    assert len(found) == 1
    assert len(found[0].mentions) == 2
    assert found[0].date == "2019-05-30"


def test_a_self_reference_and_an_event_are_no_citations():
    assert cited("Công văn này thực hiện từ ngày 23/5/2021. Báo cáo trước ngày 15/9/2022 kết quả bầu cử.") == []
