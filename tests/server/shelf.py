"""Papers with real pictures and the boxes of their words, in the index: what a search page shows."""

import io
from functools import cache

from PIL import Image, ImageDraw

from archive import pages
from archive.models import Document, Outbox
from archive.reading import Page, Word
from archive.search.indexing import keep_up
from tests.archive.paper import font
from tests.server.desk import shelve

SIZE = (827, 1169)
"""A4 at 100 dpi."""
DISEASE = [
    "ỦY BAN NHÂN DÂN TỈNH SÓC TRĂNG", "Số: {number}/UBND-VX", "", "",
    "Thực hiện Thông báo kết luận số 172-TB/TW ngày 21/3/2020 của Bộ Chính trị",
    "về công tác phòng, chống dịch bệnh Covid-19, Ủy ban nhân dân tỉnh yêu cầu các",
    "sở, ban, ngành khẩn trương rà soát và báo cáo trước ngày 20/4/2020.",
]  # fmt: skip


def printed(lines, number=1):
    """(page as read, picture) of a page with `lines`."""
    return _printed(tuple(lines), number)


@cache  # neither changes, and each test would draw the same few anew
def _printed(lines, number):
    picture = Image.new("L", SIZE, 255)
    pen, words = ImageDraw.Draw(picture), []
    for row, line in enumerate(lines):
        x, y = 90, 80 + 34 * row
        for text in line.split():
            left, top, right, bottom = pen.textbbox((x, y), text, font=font(18))
            pen.text((x, y), text, fill=0, font=font(18))
            box = (left / SIZE[0], top / SIZE[1], right / SIZE[0], bottom / SIZE[1])
            words.append(Word(text, box, 0.97, row))
            x = right + 6
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=75)
    return Page.of_words(number, words, width=SIZE[0], height=SIZE[1]), out.getvalue()


def file(app, makers, sheets=(DISEASE,), *, number="471", **more):
    """A paper of printed pages, ready for the index; its id."""
    paper = shelve(makers, number=number, **more)
    derived = app.extensions["vanthu"].derived
    with makers.begin() as session:
        document = session.get(Document, paper)
        texts = []
        for place, lines in enumerate(sheets, 1):
            page, picture = printed([line.format(number=number) for line in lines], place)
            pages.keep(session, document.scan_id, page)
            derived.put(document.scan_id, f"{place}.webp", picture)
            texts.append(page.plain)
        document.pages, document.text = list(range(1, len(sheets) + 1)), "\f".join(texts)
        session.add(Outbox(document_id=paper))
    return paper


def index(app, makers):
    """Tell the index what was filed."""
    keep_up(makers, app.extensions["vanthu"].search)
