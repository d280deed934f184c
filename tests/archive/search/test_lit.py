"""The words that were found, where they stand on their page."""

from archive import pages
from archive.reading import Page, Word
from archive.search import parse
from archive.search.find import find
from archive.search.lit import boxes, on_page


def _page(number, *lines):
    words = [
        Word(text, (0.1 * n, 0.1 * row, 0.1 * n + 0.09, 0.1 * row + 0.05), 1.0, row)
        for row, line in enumerate(lines) for n, text in enumerate(line.split())
    ]  # fmt: skip
    return Page.of_words(number, words)


def test_the_boxes_are_those_of_the_words_on_the_page_that_is_shown(archive):
    import sqlalchemy as sa

    from archive.models import Document

    read = [_page(1, "Kính gửi: các sở"), _page(2, "công tác phòng, chống", "dịch bệnh")]
    kept = archive.keep("\f".join(page.plain for page in read), pages=[1, 2])
    archive.catch_up()
    with archive.sessions.begin() as session:
        scan = session.get(Document, kept).scan_id
        for page in read:
            pages.keep(session, scan, page)
    query = parse("phong chong dich")
    with archive.sessions() as session:
        hits = find(session, archive.index, query, sa.true()).hits
        assert hits[0].page == 2
        lit = boxes(session, query, hits)[kept]
        assert [box[:2] for box in lit] == [(0.2, 0.0), (0.3, 0.0), (0.0, 0.1)]
        assert on_page(session, query, scan, 2) == lit
        assert on_page(session, query, scan, 1) == on_page(session, query, scan, 9) == []
        assert boxes(session, parse("khong"), hits) == {kept: []}
