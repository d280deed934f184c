"""Lists, filters, corrections and refusals, as apps ask for them."""

import datetime as dt

import pytest
import sqlalchemy as sa

from archive import register, routing
from archive.models import Confirmation, Document, Event, RouteRow, Scan, User
from archive.workdays import HANOI
from tests.archive import offices as rows
from tests.server.desk import settled, shelve
from tests.server.offices import Office
from tests.server.shelf import file, index

DAY = dt.date(2026, 3, 2)


@pytest.fixture
def papers(app, makers):
    """Three papers: A in the book and with Phòng VX, urgent and late; B under review; C in the book, restricted."""
    organ = "Sở Y tế"
    a = file(app, makers, number="1", fields={"urgency": settled("Khẩn"), "signer_name": settled("Lê An")},
             urgency="Khẩn")  # fmt: skip
    b = file(app, makers, number="2", fields={"subject": settled("về ngày lễ"), "date": settled(None),
                                              "issuing_organ": settled(organ)})  # fmt: skip
    c = file(app, makers, number="3", secrecy="Mật")
    with makers.begin() as session:
        for paper, day in ((a, DAY), (c, DAY.replace(year=2025))):
            document = session.get(Document, paper)
            register.register(session, document, "den", day, actor="van")
            routing.decide(session, document, "Phòng VX", actor="sếp", due=day, instruction="Xử lý ngay")
    index(app, makers)
    return {"a": a, "b": b, "c": c}


@pytest.fixture
def found(ask, papers):
    """The letters of the papers a list has, in its order."""

    def found(query="", who="clerk"):
        answer = ask(who, f"documents/?{query}")
        assert answer.status_code == 200, answer.text
        letters = [letter_of(one) for one in answer.json["results"]]
        return "".join(letters if "ordering" in query else sorted(letters))

    return found


def letter_of(told):
    numbers = {one["value"] for one in told["custom_fields"]}
    return next(letter for letter, number in (("a", "1"), ("b", "2"), ("c", "3")) if number in numbers)


def numbers(ask, word, who="clerk"):
    """Name → number of the labels of a kind."""
    return {one["name"]: one["id"] for one in ask(who, f"{word}/").json["results"]}


def test_each_filter_narrows_the_list(ask, found):
    tags, organs, types = (numbers(ask, word) for word in ("tags", "correspondents", "document_types"))
    places, fields = numbers(ask, "storage_paths"), numbers(ask, "custom_fields")
    both = f"{tags['Phòng VX']},{tags['Khẩn']}"
    asked = {
        "": "abc", "ordering=archive_serial_number": "bca", "ordering=-archive_serial_number": "acb",
        "ordering=title": "cab", "ordering=-added": "cba", "ordering=nothing": "cab",
        f"tags__id__all={both}": "a", f"tags__id__in={both}": "ac", f"tags__id__none={both}": "b",
        f"tags__id__in={tags['Quá hạn']}": "ac", f"tags__id__all={tags['Mật']}": "c", "tags__id__all=5": "",
        f"correspondent__id={organs['Sở Y tế']}": "b", f"correspondent__id__none={organs['Sở Y tế']}": "ac",
        "correspondent__isnull=true": "", "correspondent__name__icontains=y+te": "b",
        f"document_type__id__in={types['Công văn']}": "abc", "document_type__name__iexact=cong+van": "abc",
        f"storage_path__id={places['Sổ đăng ký văn bản đến 2025']}": "c", "storage_path__isnull=1": "b",
        "archive_serial_number=1": "ac", "archive_serial_number__gt=1": "", "archive_serial_number__isnull=0": "ac",
        f"custom_fields__id__all={fields['Người ký']}": "a", f"custom_fields__id__none={fields['Ngày đến']}": "b",
        "title__icontains=ngay+le": "b", "title__istartswith=VỀ+NGÀY": "b", "original_filename__icontains=scan": "abc",
        "created__date__gt=2020-03-29": "ac", "created__date__lt=2020-03-30": "", "created__year=2020": "ac",
        f"added__date__gte={dt.datetime.now(HANOI).date()}": "abc", "added__gt=2099-01-01T00:00:00Z": "",
        "modified__date__lt=2001-01-01": "", "is_in_inbox=true": "b", "owner__isnull=true": "abc",
        "has_custom_fields=true": "abc", "content__icontains=khan+truong": "abc", "page_count=9": "abc",
        "query=dich&ordering=-archive_serial_number": "acb", "search=ngay+le": "b",
        "id__in=": "abc", "id__in=123456789": "", "something=else": "abc",
    }  # fmt: skip
    assert {query: found(query) for query in asked} == asked


def test_both_databases_understand_every_filter_and_order(engine_settings):
    office = Office(engine_settings)
    with office.sessions.begin() as session:
        document = rows.document(session, subject="về phòng dịch", date="2020-03-30", issuing_organ="Sở Y tế")
        register.register(session, document, "den", DAY, actor="van")
    tag, path, field = (
        office.ask("GET", f"/api/{word}/").json["results"][0]["id"]
        for word in ("tags", "storage_paths", "custom_fields")
    )
    orders = ("archive_serial_number", "title", "added", "modified", "page_count", "id", "correspondent__name")
    narrowed = (
        f"tags__id__none={tag}", f"storage_path__id__in={path}", f"custom_fields__id__none={field}", "owner__isnull=1",
        "has_custom_fields=1", "created__date__lte=2020-03-30", "created__month=3", "added__date__gt=2001-01-01",
        "modified__gte=2001-01-01T00:00:00Z", "archive_serial_number__gt=0", "title__icontains=dich", "is_in_inbox=0",
    )  # fmt: skip
    for query in (*(f"ordering=-{name}" for name in orders), *narrowed):
        answer = office.ask("GET", f"/api/documents/?{query}")
        assert (answer.status_code, answer.json["count"]) == (200, 1), query
    number = answer.json["results"][0]["id"]
    assert office.ask("PATCH", f"/api/documents/{number}/", json={"title": "về cúm"}).json["title"] == "về cúm"
    assert office.ask("GET", "/api/statistics/").json["documents_total"] == 1
    office.close()


def test_a_filter_that_is_not_known_is_refused_and_not_passed_over(ask):
    for query in (
        "custom_field_query=[]",
        "shared_by__id=1",
        "created__date__gt=hôm+qua",
        "created__date__gt=9999-12-31T23:59:59-00:00",
        "added__date__gt=9999-12-31",
        "modified__date__lte=0001-01-01T00:00:00Z",
        "id__in=x",
        "tags__id__any=1",
    ):
        answer = ask("clerk", f"documents/?{query}")
        assert (answer.status_code, list(answer.json), answer.mimetype) == (400, ["detail"], "application/json"), query


def test_a_list_is_turned_page_by_page_and_shows_only_the_fields_asked_for(ask, papers):
    first = ask("clerk", "documents/?page_size=2&fields=id,title").json
    assert (first["count"], len(first["all"]), first["previous"]) == (3, 3, None)
    assert [set(one) for one in first["results"]] == [{"id", "title"}] * 2
    rest = ask("clerk", first["next"].partition("/api/")[2]).json
    assert ([one["id"] for one in first["results"] + rest["results"]], rest["next"]) == (first["all"], None)
    assert ask("clerk", "documents/?page=3&page_size=2").status_code == 404
    assert ask("clerk", "documents/?fields=id").json["results"] == [{"id": one} for one in first["all"]]


def test_a_list_asks_as_often_for_many_as_for_few(app, makers, ask, papers):
    engine, asked = app.extensions["vanthu"].engine, []
    sa.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def count(path):
        ask("clerk", path)  # numbers are handed out, caches filled
        asked.clear()
        assert ask("clerk", path).status_code == 200
        return len(asked)

    paths = ["documents/", "documents/?query=dich", "documents/?full_perms=true&truncate_content=true", "tags/"]
    few = [count(path) for path in paths]
    for number in range(10, 15):
        file(app, makers, number=str(number))
    index(app, makers)
    assert [count(path) for path in paths] == few and max(few) < 30


def test_who_may_not_see_a_paper_finds_nothing_of_it(ask, papers, found):
    every = {letter_of(one): one for one in ask("clerk", "documents/").json["results"]}
    assert (found(who="staff of Phòng KT"), found(who="staff of Phòng VX")) == ("a", "ac")
    assert found("query=dich", who="staff of Phòng KT") == "a"
    for letter, status in (("a", 200), ("b", 404), ("c", 404)):
        files = ("download/", "preview/") if status == 404 else ()  # these papers have no file on the disk
        for more in ("", "thumb/", "metadata/", "suggestions/", "notes/", *files):
            answer = ask("staff of Phòng KT", f"documents/{every[letter]['id']}/{more}")
            assert answer.status_code == status, (letter, more)
        kept = f"documents/?id__in={every[letter]['id']}"
        assert ask("staff of Phòng KT", kept).json["count"] == (status == 200)
    assert "Sở Y tế" not in numbers(ask, "correspondents", "staff of Phòng KT")
    assert "Mật" not in numbers(ask, "tags", "staff of Phòng KT")
    hidden = every["b"]["correspondent"]
    assert ask("staff of Phòng KT", f"correspondents/{hidden}/").status_code == 404
    assert ask("staff of Phòng KT", "statistics/").json["documents_total"] == 1
    assert ask("staff of Phòng KT", "search/autocomplete/?term=le").json == []


def test_a_list_tells_no_words_of_a_restricted_paper_and_opening_it_is_written_down(ask, makers, papers):
    [told] = [one for one in ask("clerk", "documents/?query=dich").json["results"] if letter_of(one) == "c"]
    assert (told["content"], told["notes"], told["__search_hit__"]["highlights"]) == ("", [], "")
    with makers() as session:
        assert session.scalar(sa.select(Event).where(Event.action == "read_restricted")) is None
    opened = ask("clerk", f"documents/{told['id']}/").json
    assert "khẩn trương" in opened["content"] and opened["notes"][0]["note"] == "Xử lý ngay"
    with makers() as session:
        assert session.scalar(sa.select(Event.subject).where(Event.action == "read_restricted")) == papers["c"]


def test_an_app_that_sends_everything_back_changes_nothing(ask, makers, papers):
    for told in ask("clerk", "documents/?full_perms=true&truncate_content=true").json["results"]:
        sent = told | {"set_permissions": told.pop("permissions"), "created": f"{told['created_date']}T00:00:00+07:00"}
        answer = ask("clerk", f"documents/{told['id']}/", "PUT", json=sent)
        assert (answer.status_code, answer.json["modified"]) == (200, told["modified"])
    with makers() as session:
        assert session.scalar(sa.select(Event).where(Event.action == "corrected")) is None


def test_what_an_app_changes_is_a_correction_by_a_person(ask, makers, papers):
    told = next(one for one in ask("clerk", "documents/").json["results"] if letter_of(one) == "a")
    url, fields = f"documents/{told['id']}/", numbers(ask, "custom_fields")
    change = {
        "title": "về việc khác", "created": "2020-12-24T17:00:00Z", "document_type": None,
        "correspondent": numbers(ask, "correspondents")["Sở Y tế"],
        "tags": [tag for tag in told["tags"] if tag != numbers(ask, "tags")["Khẩn"]],
        "custom_fields": [
            {"field": fields["Người ký"], "value": "Lê Bình"}, {"field": fields["Địa danh"], "value": "Huế"},
        ],
    }  # fmt: skip
    now = ask("clerk", url, "PATCH", json=change, headers={"If-Match": ask("clerk", url).headers["ETag"]}).json
    assert (now["created"], now["document_type"], now["title"]) == ("2020-12-25", None, "về việc khác")
    with makers() as session:
        document = session.get(Document, papers["a"])
        values = {name: document.fields[name]["value"] for name in ("signer_name", "place", "number")}
        assert values == {"signer_name": "Lê Bình", "place": "Huế", "number": "1"}
        assert (document.issuing_organ, document.urgency, document.date) == ("Sở Y tế", None, "2020-12-25")
        assert {row.by for row in session.scalars(sa.select(Confirmation))} == {"clerk-x"}
    stale = ask("clerk", url, "PATCH", json={"title": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, list(stale.json)) == (412, ["detail"])
    other = ask("admin", url, "PATCH", json={"title": "của người khác"})
    assert (other.status_code, "Người khác đã ghi" in other.json["detail"]) == (409, True)
    assert ask("staff of Phòng VX", url, "PATCH", json={"title": "x"}).status_code == 403


REFUSED = [
    ({"archive_serial_number": 9}, "sổ đăng ký"), ({"storage_path": None}, "vào sổ"), ({"owner": 5}, "giao việc"),
    ({"content": "chữ khác"}, "máy đọc"), ({"tags": []}, "độ khẩn"), ({"created": "31/2/2020"}, "31/2/2020"),
    ({"correspondent": 123456789}, "Không có nhãn này"), ({"correspondent": "x"}, "số nguyên"),
    ({"custom_fields": [{"field": 5, "value": "x"}]}, "Không có trường"), ({"title": 7}, "phải là chữ"),
    ({"set_permissions": {"view": {"users": [1], "groups": []}, "change": {}}}, "vai trò"),
    ({"created": 5}, "phải là một ngày"), ({"tags": 5}, "danh sách"), ({"custom_fields": "x"}, "danh sách"),
    ({"remove_inbox_tags": True}, "hộp đến"),
]  # fmt: skip


def test_what_has_no_counterpart_is_refused_with_a_sentence_and_nothing_is_changed(ask, makers, papers):
    told = next(one for one in ask("clerk", "documents/").json["results"] if letter_of(one) == "a")
    for change, sentence in REFUSED:
        answer = ask("clerk", f"documents/{told['id']}/", "PATCH", json={"title": "cùng lúc"} | change)
        assert (answer.status_code, sentence in answer.json["detail"]) == (400, True), (change, answer.json)
    with makers() as session:
        assert session.get(Document, papers["a"]).version == 3  # made, in the book, sent


def test_who_handles_a_paper_is_its_owner_and_finds_it(ask, makers, papers):
    ask("staff of Phòng VX", "tags/")
    with makers.begin() as session:
        route = session.scalars(sa.select(RouteRow).where(RouteRow.document_id == papers["a"])).one()
        me = session.scalars(sa.select(User).where(User.name == "staff-phòng-vx")).one()
        route.person_id = me.id
    mine = ask("staff of Phòng VX", "ui_settings/").json["user"]["id"]
    [told] = ask("staff of Phòng VX", f"documents/?owner__id={mine}").json["results"]
    assert (letter_of(told), told["owner"]) == ("a", mine)


def test_a_paper_in_quarantine_is_told_of_nowhere(ask, makers, papers):
    told = next(one for one in ask("clerk", "documents/").json["results"] if letter_of(one) == "b")
    with makers.begin() as session:
        session.get(Scan, session.get(Document, papers["b"]).scan_id).status = "quarantined"
    assert ask("clerk", "documents/").json["count"] == 2
    assert {ask("clerk", f"documents/{told['id']}/{more}").status_code for more in ("", "thumb/", "download/")} == {404}
    assert "Sở Y tế" not in numbers(ask, "correspondents")
    assert ask("clerk", "statistics/").json["documents_total"] == 2


def test_numbers_begin_anew_each_year_and_the_newest_year_comes_first(ask, makers):
    old, new = (shelve(makers, number=number) for number in ("1", "2"))
    with makers.begin() as session:
        for paper, year in ((old, 2025), (new, 2026)):
            register.register(session, session.get(Document, paper), "den", DAY.replace(year=year), actor="van")
    years = ask("clerk", "documents/?archive_serial_number=1&ordering=-archive_serial_number").json["results"]
    places = {one["id"]: one["path"] for one in ask("clerk", "storage_paths/").json["results"]}
    assert [places[one["storage_path"]] for one in years] == ["den/2026", "den/2025"]
