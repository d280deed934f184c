from archive.bundles import cut, has_ended, split_text, stamp_in_text
from archive.findings import Stamp
from archive.reading import Page

LETTER = "UBND TỈNH A\nSố: 12/UBND-VX\nKính gửi: Sở B.\nNội dung.\nNơi nhận:\n- Như trên;\n- Lưu: VT, VX.\n"
STAMPED = "VĂN PHÒNG\nĐẾN\nSố: 88\nNgày: 4/5/21\nChuyển: .....\nTHÔNG BÁO\nKẾT LUẬN\nNội dung thông báo.\n"
FORM = "Mẫu số 01\nTÊN CƠ QUAN\nCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nSố: ...../BC-....\nBÁO CÁO\n"


def test_a_stamp_and_a_title_after_an_archive_line_begin_a_document():
    first, second = split_text(LETTER + STAMPED)
    assert first.plain == LETTER
    assert second.plain == STAMPED
    assert second.number == 1


def test_a_form_in_an_annex_begins_nothing():
    assert len(split_text(LETTER + FORM)) == 1
    assert len(split_text(LETTER)) == 1


def test_the_stamp_is_read_from_its_lines():
    stamp = stamp_in_text(STAMPED)
    assert {one.field: one.value for one in stamp.fields} == {
        "organ": "Văn phòng", "number": "88", "date": "2021-05-04", "forward_to": None,
    }  # fmt: skip


def test_the_law_sample_of_a_stamp_is_read():
    plain = "SỞ NỘI VỤ TỈNH A\nĐẾN Số: 1998\nNgày: 15/9/2026\nChuyển: Phòng TH\nSố và ký hiệu HS: 01.TCCB\nTHÔNG BÁO"
    assert {one.field: one.value for one in stamp_in_text(plain).fields} == {
        "organ": "Sở Nội vụ tỉnh A", "number": "1998", "date": "2026-09-15", "forward_to": "Phòng TH",
        "file_ref": "01.TCCB",
    }  # fmt: skip


def test_a_body_that_says_den_has_no_stamp():
    assert stamp_in_text("Kế hoạch thực hiện đến\nngày 5/6/2021\nSố lượng: 12") is None


def pages(*texts):
    return [Page(n, plain=text, width=1000, height=1414) for n, text in enumerate(texts, 1)]


def test_strong_votes_cut_and_give_their_reasons():
    votes = [[], [(0.5, "có quốc hiệu", "national 1.0"), (0.3, "có số mới", "national 1.0")]]
    parts = cut(pages("a", "b"), (), votes)
    assert [part.pages[0].number for part in parts] == [1, 2]
    assert parts[1].reasons == ("có quốc hiệu", "có số mới")
    assert parts[1].flags == ("part_of_bundle",)


def test_weak_votes_do_not_cut():
    votes = [[], [(0.5, "có quốc hiệu", "national 1.0"), (-0.4, "số trang 2", "national 1.0")]]
    assert len(cut(pages("a", "b"), (), votes)) == 1


def test_a_stamp_on_a_later_page_needs_one_more_sign():
    stamp = Stamp(2, (0.1, 0.1, 0.3, 0.2))
    assert len(cut(pages("dở dang", "b"), (stamp,))) == 1
    assert len(cut(pages("dở dang", "b"), (stamp,), [[], [(0.3, "có tên loại", "national 1.0")]])) == 2


NEW_TITLE = [(0.3, "có dòng số, ký hiệu mới", "national 1.0"), (0.3, "có tên loại văn bản", "national 1.0")]


def test_page_numbers_that_begin_again_speak_for_a_new_document():
    assert len(cut(pages("tiếp theo", "b"), (), [[], NEW_TITLE])) == 1
    parts = cut(pages("2\ntiếp theo", "b"), (), [[], NEW_TITLE])
    assert parts[1].reasons[-1] == "số trang không nối tiếp trang trước"
    assert len(cut(pages("2\ntiếp theo", "3\nb"), (), [[], NEW_TITLE])) == 1


def test_the_end_of_the_one_before_and_another_paper_size_speak_for_it():
    first, second = pages(LETTER, "b")
    assert len(cut([first, second], (), [[], NEW_TITLE])) == 2
    wide = Page(2, plain="b", width=1414, height=1000)
    few = [[], [(0.45, "dấu", "x"), (0.2, "tên loại", "x")]]
    assert len(cut([pages("dở")[0], second], (), few)) == 1
    assert len(cut([pages("dở")[0], wide], (), few)) == 2


def test_the_end_of_a_paper_is_known_by_its_archive_line():
    assert has_ended("Nơi nhận:\n- Lưu: VT.\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH\nLê Thị Thử\n")
    assert not has_ended("Lưu trữ là việc của mọi cơ quan; văn bản phải được lưu theo quy định\n" + "dòng\n" * 20)


def test_no_pages_no_documents():
    assert cut([]) == ()
