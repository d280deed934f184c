"""Finding documents for one person, with the index and without it."""

import pytest
import sqlalchemy as sa

from archive import database
from archive.errors import BadQuery, Transient
from archive.models import Document, Outbox, RouteRow, Unit
from archive.search import indexing, open_search, parse
from archive.search.find import find
from archive.search.indexing import drain
from tests.archive.search.conftest import lose


@pytest.fixture
def seek(archive):
    """Searches with everybody's eyes, or those that `sees` describes."""

    def look(typed, sees=None, filters=None, **options):
        with archive.sessions() as session:
            allowed = sa.true() if sees is None else sees
            return find(session, archive.index, parse(typed, **(filters or {})), allowed, **options)

    return look


@pytest.fixture
def filled(archive):
    """Three documents; their ids by name."""
    ids = {
        "notice": archive.keep(
            "Thực hiện Công văn số 2773-CV/VPTU\fphòng, chống dịch khoẻ mạnh", full_code="471/UBND-VX",
            document_type="Công văn", issuing_organ="UBND tỉnh Sóc Trăng", date="2020-03-30", pages=[3, 4],
            subject="V/v phổ biến Thông báo",
        ),
        "letter": archive.keep(
            "chống dịch phòng bệnh theo công văn 471/UBND-VX", full_code="182-CV/TU", document_type="Công văn",
            issuing_organ="Tỉnh ủy Cao Bằng", date="2021-02-26",
        ),
        "plan": archive.keep("Kế hoạch tài chính", document_type="Kế hoạch", status="registered"),
    }  # fmt: skip
    archive.catch_up()
    archive.register(ids["notice"], 12)
    return ids


def test_a_code_finds_its_document_with_its_number_and_page(filled, seek):
    results = seek("471 ubnd")
    first = results.hits[0]
    assert (first.id, first.arrival_number, first.filename) == (filled["notice"], 12, "1.pdf")
    assert results.total == 2
    assert not results.without_index


def test_words_without_marks_show_where_they_stand(filled, seek):
    hit = seek("phong chong dich").hits[0]
    assert hit.id == filled["notice"]
    assert hit.page == 4
    assert [piece for piece, lit in hit.snippet if lit] == ["phòng", "chống dịch"]


def test_a_phrase_is_checked_in_the_text(filled, seek):
    assert [hit.id for hit in seek('"phong chong dich"').hits] == [filled["notice"]]
    assert [hit.id for hit in seek('dich -"phong chong dich"').hits] == [filled["letter"]]


def test_beside_whole_finds_only_what_is_nearly_as_typed(archive, seek):
    whole = archive.keep("dịch cúm thì phòng, và chống cả rét")
    near = archive.keep("công tác phòng chõng dịch cúm")
    archive.keep("phòng họp; dịch vụ; cúm")
    archive.catch_up()
    assert [hit.id for hit in seek("phong chong dich cum").hits] == [near, whole]


def test_where_nothing_is_whole_most_words_will_do(archive, seek):
    most = archive.keep("phòng họp; dịch vụ; cúm")
    archive.catch_up()
    assert [hit.id for hit in seek("phong chong dich cum").hits] == [most]


def test_exclusion_alone_searches_the_rest(filled, seek):
    results = seek("-dich")
    assert [hit.id for hit in results.hits] == [filled["plan"]]
    assert not results.without_index


def test_filters_need_no_marks(filled, seek):
    assert seek("", filters={"type": "cong van"}).total == 2
    assert seek("dich", filters={"issuer": "soc trang"}).total == 1
    assert seek("", filters={"date_from": "2021", "date_to": "2021"}).total == 1
    assert seek("trangthai:registered").total == 1
    assert seek("loai:khongco").total == 0


def test_a_unit_sees_what_it_leads_and_what_was_sent_to_it(archive, filled, seek):
    with archive.sessions.begin() as session:
        session.add_all([Unit(id="vx", name="Phòng Văn xã"), Unit(id="th", name="Phòng Tổng hợp")])
        session.flush()
        session.get(Document, filled["notice"]).unit_id = "vx"
        session.add(RouteRow(document_id=filled["letter"], unit_id="vx", unit="Phòng Văn xã", state="decided"))
        session.add(RouteRow(document_id=filled["plan"], unit_id="vx", unit="Phòng Văn xã"))
    assert seek("", filters={"unit": "vx"}).total == seek("", filters={"unit": "Phòng Văn xã"}).total == 2
    assert seek("").facets["unit"] == [("Phòng Văn xã", 1)]


def test_facets_count_what_was_found(filled, seek):
    facets = seek("").facets
    assert facets["type"] == [("Công văn", 2), ("Kế hoạch", 1)]
    assert facets["year"] == [("2020", 1), ("2021", 1)]
    assert facets["status"] == [("review", 2), ("registered", 1)]


def test_nothing_shows_that_a_person_may_not_see(filled, seek):
    sees = Document.id != filled["notice"]
    for typed in ("471/UBND-VX", "phong chong dich", "", "-x"):
        results = seek(typed, sees=sees)
        assert filled["notice"] not in {hit.id for hit in results.hits}
        assert "UBND tỉnh Sóc Trăng" not in dict(results.facets["issuer"])


def test_sorting_by_date_and_arrival(filled, seek):
    assert [hit.id for hit in seek("dich", sort="date").hits] == [filled["letter"], filled["notice"]]
    assert [hit.id for hit in seek("").hits] == [filled["plan"], filled["letter"], filled["notice"]]
    with pytest.raises(BadQuery, match="sắp xếp"):
        seek("dich", sort="colour")


def test_a_cursor_goes_on_and_belongs_to_its_question(filled, seek):
    seen, cursor = [], None
    for _ in range(3):
        page = seek("", limit=1, cursor=cursor)
        seen += [hit.id for hit in page.hits]
        cursor = page.cursor
    assert cursor is None
    assert sorted(seen) == sorted(filled.values())
    first = seek("dich", limit=1).cursor
    for typed, wrong in (("phong", first), ("dich", "%%%"), ("dich", first + "A"), ("dich", "ß")):
        with pytest.raises(BadQuery):
            seek(typed, cursor=wrong)


def test_the_answer_is_the_contract(filled, seek):
    answer = seek("471/UBND-VX").as_json()
    assert {"total", "took_ms", "cursor", "facets", "hits"} <= answer.keys()
    assert answer["facets"]["type"] == [["Công văn", 2]]
    assert {
        "id", "scan_id", "filename", "full_code", "document_type", "issuing_organ", "date", "subject",
        "arrival_number", "page", "score", "snippet",
    } <= answer["hits"][0].keys()  # fmt: skip


@pytest.mark.parametrize("typed", ["471/UBND-VX", "phong chong dich", '"chong dich"', "khỏe", "dich -benh", "3/2020"])
def test_a_broken_index_is_replaced_by_the_database_and_built_again(archive, filled, seek, typed):
    whole = {hit.id for hit in seek(typed).hits}
    lose(archive.index)
    results = seek(typed)
    assert results.without_index
    assert {hit.id for hit in results.hits} == whole
    assert archive.catch_up() == 3
    assert not seek(typed).without_index


def test_the_outbox_empties_only_when_the_index_has_it(archive, filled, seek, monkeypatch):
    late = archive.keep("giấy mời họp")
    with monkeypatch.context() as patch:
        patch.setattr(archive.index, "apply", lambda *_: (_ for _ in ()).throw(OSError()))
        with pytest.raises(OSError):
            drain(archive.sessions, archive.index)
    assert seek("giay moi hop").total == 0
    assert drain(archive.sessions, archive.index) == 1
    assert [hit.id for hit in seek("giấy mời họp").hits] == [late]
    with archive.sessions() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 0


def test_a_changed_document_is_found_by_what_it_says_now(archive, filled, seek):
    with archive.sessions.begin() as session:
        document = session.get(Document, filled["plan"])
        document.full_code, version = "99/KH-STC", document.version
        session.add(Outbox(document_id=document.id))
    archive.catch_up()
    assert seek("99 kh stc").hits[0].id == filled["plan"]
    with archive.sessions() as session:
        document = session.get(Document, filled["plan"])
        assert document.version == version
        assert document.folded.startswith(" 99 kh stc |")


def test_what_a_hidden_paper_says_changes_nothing_that_others_find(archive, seek):
    some = {archive.keep("báo cáo mùa vụ lúa"), archive.keep("báo cáo trồng hoa sen")}
    archive.keep("giống sen mới")
    archive.catch_up()
    open_ones = Document.status != "registered"

    def found(words):
        results = seek(words, sees=open_ones)
        return results.total, {hit.id for hit in results.hits}, results.facets["status"]

    before = found("bao cao lua sen"), found("lua sen -giong"), found("khong dau ca")
    assert before[0][:2] == (2, some) and before[1][:2] == (2, some)
    archive.keep("mật: báo cáo lúa và sen không dấu cả", status="registered")
    archive.catch_up()
    assert (found("bao cao lua sen"), found("lua sen -giong"), found("khong dau ca")) == before


def test_who_tells_later_has_not_read_earlier(archive, filled, seek, kind, tmp_path, monkeypatch):
    """Another worker comes between reading and telling: it waits, or it would be overtaken by what was so before."""
    other = open_search(kind, tmp_path, database.address(archive.sessions.kw["bind"]))

    def changed_meanwhile(document):
        monkeypatch.undo()
        monkeypatch.setattr("archive.search.index.LOCK_SECONDS", 0.1)
        with archive.sessions.begin() as session:
            session.get(Document, filled["plan"]).text = "giấy mời họp"
            session.add(Outbox(document_id=filled["plan"]))
        with pytest.raises(Transient):
            drain(archive.sessions, other)
        return indexing.line_of(document)

    with archive.sessions.begin() as session:
        session.add(Outbox(document_id=filled["plan"]))
    monkeypatch.setattr(indexing, "line_of", changed_meanwhile)
    drain(archive.sessions, archive.index)
    archive.catch_up()
    assert [hit.id for hit in seek("giay moi hop").hits] == [filled["plan"]]
    other.close()
