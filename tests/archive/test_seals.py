"""Words that are stamped upon a page, and the same words where they are part of the text."""

from archive.reading import Page, Word
from archive.seals import worded_marks

MOTTO = [(0.50, 0.06, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), (0.57, 0.08, "Độc lập - Tự do - Hạnh phúc")]
MARK = [(0.20, 0.15, "TỐI MẬT")]


def secrecy(lines, number=1):
    words = []
    for line, (left, top, text) in enumerate(lines):
        for token in text.split():
            words.append(Word(token, (left, top, left + 0.01 * len(token), top + 0.012), 0.95, line, 0))
            left += 0.01 * len(token) + 0.006
    page = Page.of_words(number, words, width=1654, height=2339)
    return [mark.text for mark in worded_marks(page) if mark.kind == "secrecy"]


def test_a_mark_of_secrecy_is_a_line_of_its_own_at_the_top():
    assert secrecy([*MOTTO, *MARK]) == ["TỐI MẬT"]
    assert secrecy([*MOTTO, (0.20, 0.60, "TỐI MẬT")]) == []
    assert secrecy([*MOTTO, (0.20, 0.15, "TÀI LIỆU TỐI MẬT")]) == []


def test_a_later_page_carries_one_only_where_another_paper_begins():
    assert secrecy(MARK, 2) == []
    assert secrecy([*MOTTO, *MARK], 2) == ["TỐI MẬT"]


def test_the_last_word_of_a_title_is_no_mark():
    title = [(0.42, 0.17, "QUY CHẾ"), (0.33, 0.19, "BẢO VỆ TÀI LIỆU CÓ DẤU CHỈ ĐỘ")]
    assert secrecy([*MOTTO, *title, (0.48, 0.205, "MẬT")]) == []
    assert secrecy([*MOTTO, (0.48, 0.12, "MẬT"), *title]) == ["MẬT"]
