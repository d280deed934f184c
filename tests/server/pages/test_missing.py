"""Papers that others cite and the archive does not hold."""

import re

from archive import links
from archive.models import CitationRow, Document
from tests.server.desk import shelve


def cite(makers, paper, code, date):
    with makers.begin() as session:
        session.add(CitationRow(document_id=paper, code=code, date=date, type="Thông báo", issuer="Bộ Chính trị"))


def test_a_cited_paper_is_missed_until_it_comes(desk, makers):
    staff = desk("admin")
    assert "Không thiếu văn bản nào" in staff.page("/missing")
    for number in ("1", "2"):
        cite(makers, shelve(makers, number=number), "172-TB/TW", "2020-03-21")
    row = re.search(r"<tr><td>.*?</tr>", staff.page("/missing"))[0]
    assert "172-TB/TW" in row and "21/03/2020" in row and row.endswith("<td>2</td></tr>")
    come = shelve(makers, number="172")
    with makers.begin() as session:
        document = session.get(Document, come)
        document.full_code, document.date = "172-TB/TW", "2020-03-21"
        links.resolve(session, document)
    assert "172-TB/TW" not in staff.page("/missing")


def test_what_papers_one_may_not_see_cite_is_not_told(desk, makers):
    cite(makers, shelve(makers), "9/KH", "2020-01-02")
    assert "9/KH" in desk().page("/missing")
    assert "9/KH" not in desk("staff", unit="Phòng A").page("/missing")


def test_a_cited_paper_that_one_may_not_see_looks_like_one_that_is_not_there(desk, makers):
    open_one = shelve(makers, number="1", status="registered")
    hidden = shelve(makers, number="9", status="registered", secrecy="Mật")
    cite(makers, open_one, "9/KH", "2020-01-02")
    with makers.begin() as session:
        session.query(CitationRow).one().target_id = hidden
    assert "9/KH" not in desk().page("/missing")
    assert "9/KH" in desk("staff").page("/missing")
