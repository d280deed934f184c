"""Offsets, lines and boxes of what was read."""

import unicodedata

from archive.reading import Page, Span, Text, Word


def word(text, line, left, block=0):
    return Word(text, (left, 0.1 * line, left + 0.1, 0.1 * line + 0.05), 0.9, line, block)


def page(number=1):
    return Page.of_words(
        number, [word("Số:", 0, 0.1), word("12/BC", 0, 0.3), word("BÁO", 1, 0.1, 1), word("CÁO", 1, 0.3, 1)]
    )


def test_words_lines_and_blocks_make_the_text():
    assert page().plain == "Số: 12/BC\n\nBÁO CÁO"
    assert [page().plain[start:].split()[0] for start in page().starts] == ["Số:", "12/BC", "BÁO", "CÁO"]


def test_a_span_is_found_on_its_page():
    text = Text([page(1), page(2)])
    start = text.plain.rindex("12/BC")
    assert text.where(Span(start, start + 5)) == ((2, (0.3, 0.0, 0.4, 0.05)),)
    assert text.page_at(start).number == 2
    assert text.offset_of(2) == len(page().plain) + 1


def test_lines_keep_their_words_and_offsets():
    text = Text([page(1), page(2)])
    assert [(line.page, line.text) for line in text.lines] == [
        (1, "Số: 12/BC"),
        (1, "BÁO CÁO"),
        (2, "Số: 12/BC"),
        (2, "BÁO CÁO"),
    ]
    assert all(text.plain[line.start : line.end] == line.text for line in text.lines)


def test_text_handed_in_keeps_its_offsets_and_lines():
    given = "  Số:  1\n\nKính gửi: Sở\n"
    read = Page.of_text(1, unicodedata.normalize("NFD", given))
    assert read.plain == given
    assert [(w.text, w.line) for w in read.words] == [("Số:", 0), ("1", 0), ("Kính", 2), ("gửi:", 2), ("Sở", 2)]
    assert [line.text for line in Text([read]).lines] == ["Số:  1", "Kính gửi: Sở"]


def test_folding_keeps_every_offset():
    text = Text([Page.of_text(1, "ĐẾN ngày Ở")])
    assert text.folded == "den ngay o"
    assert len(text.folded) == len(text.plain)


def test_no_pages_make_an_empty_text():
    text = Text([])
    assert (text.plain, text.lines, text.box_of(Span(0, 1))) == ("", (), (None, None))
