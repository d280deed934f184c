"""The interface for programs as CONTRACT says it: addresses, statuses, shapes, and who may what."""

import dataclasses
import datetime as dt
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from archive import access, pages, people
from archive.converted import Original
from archive.models import CitationRow, Document, Event, PageRow, RouteRow, SavedSearch, Task, User
from archive.office_files import DOCX
from archive.search.indexing import keep_up
from server.api import documents
from tests import engines
from tests.archive import offices as rows
from tests.archive.edxml_samples import pdf
from tests.archive.office_samples import docx
from tests.server.offices import Office


@pytest.fixture
def paper(office):
    """Id of a document under review."""
    with office.sessions.begin() as session:
        fields = {"subject": rows.field("ve phong dich"), "date": rows.field(None)}
        return rows.document(session, subject="ve phong dich", fields=fields, system="state").id


def png(text="1"):
    image = Image.new("L", (200, 280), 255)
    ImageDraw.Draw(image).text((20, 20), text, fill=0)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def send(office, content, role="clerk", name="giấy.png"):
    return office.ask("POST", "/api/v1/scans", role, data={"file": (io.BytesIO(content), name)})


def test_a_file_is_received_once_and_its_bytes_come_back_unchanged(office):
    content = png()
    first = send(office, content)
    assert first.status_code == 202
    assert first.json["sha256"] == hashlib.sha256(content).hexdigest()
    again = send(office, content, name="khác.png")
    assert (again.status_code, again.json["id"]) == (200, first.json["id"])
    scan = office.ask("GET", first.json["href"]).json
    assert (scan["scan"]["filename"], scan["scan"]["status"], scan["documents"]) == ("giấy.png", "received", [])
    original = office.ask("GET", f"{first.json['href']}/original")
    assert original.data == content
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in original.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("content", "status"), [(b"", 422), (b"MZ no scan", 415), (b"%PDF-" + b"x" * 3000, 413)])
def test_bytes_we_do_not_take_are_refused_with_a_sentence(settings, office_engine, content, status):
    office = Office(dataclasses.replace(settings, max_upload_mb=0))
    answer = send(office, content)
    office.close()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["detail"] and answer.json["status"] == status


def test_a_request_without_a_file_says_what_is_missing(office):
    answer = office.ask("POST", "/api/v1/scans", data={"x": "1"})
    assert (answer.status_code, "file" in answer.json["detail"]) == (422, True)


def test_a_correction_names_the_version_it_was_made_for(office, paper):
    url = f"/api/v1/documents/{paper}"
    seen = office.ask("GET", url)
    assert seen.headers["ETag"] == '"1"'
    assert office.ask("GET", url, headers={"If-None-Match": '"1"'}).status_code == 304
    change = {"fields": {"subject": "về phòng dịch", "date": "30/3/2020"}}
    done = office.ask("PATCH", url, json=change, headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')
    assert done.json["fields"]["date"]["value"] == "2020-03-30"
    stale = office.ask("PATCH", url, json={"fields": {"subject": "khác"}}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.mimetype) == (412, "application/problem+json")
    assert office.ask("GET", url).json["fields"]["subject"]["value"] == "về phòng dịch"


def test_what_another_person_wrote_is_not_overwritten_unseen(office, paper):
    url = f"/api/v1/documents/{paper}"
    one, other = ({"fields": {"subject": text}} for text in ("của Vân", "của Mai"))
    assert office.ask("PATCH", url, json=one).status_code == 200
    assert office.ask("PATCH", url, json=one, role="admin").status_code == 200  # the same is no dispute
    assert office.ask("PATCH", url, json=one).status_code == 200
    refused = office.ask("PATCH", url, json=other, role="admin")
    assert (refused.status_code, refused.mimetype) == (428, "application/problem+json")
    assert "If-Match" in refused.json["detail"] and "clerk_1" in refused.json["detail"]
    assert office.ask("GET", url).json["fields"]["subject"]["value"] == "của Vân"
    assert office.ask("PATCH", url, json={"fields": {"place": "Huế"}}, role="admin").status_code == 200
    assert office.ask("PATCH", url, json=other, role="admin", headers={"If-Match": "*"}).status_code == 200


def test_a_field_that_cannot_be_is_refused_by_name(office, paper):
    answer = office.ask("PATCH", f"/api/v1/documents/{paper}", json={"fields": {"date": "31/2/2020"}})
    assert (answer.status_code, "31/2/2020" in answer.json["detail"]) == (422, True)


def test_a_document_can_be_accepted_without_a_change(office, paper):
    done = office.ask("PATCH", f"/api/v1/documents/{paper}", json={"confirm": True}).json
    assert done["fields"]["subject"]["sure"]


def test_registering_again_answers_with_the_same_entry(office, paper):
    url = f"/api/v1/documents/{paper}/register"
    first = office.ask("POST", url, json={"book": "den", "arrived_on": "2026-03-25"})
    assert first.json == {"book": "den", "year": 2026, "number": 1, "arrived_on": "2026-03-25", "document_id": paper}
    assert office.ask("POST", url, json={"book": "den", "arrived_on": "2026-03-25"}).json == first.json
    book = office.ask("GET", "/api/v1/register?book=den&year=2026").json
    assert (book["total"], book["next_number"], book["entries"][0]["document_id"]) == (1, 2, paper)
    assert office.ask("POST", url, json={"book": "den", "arrived_on": "2026-03-25", "number": 7}).status_code == 409
    assert office.ask("POST", url, json={"arrived_on": "2026-03-25", "number": True}).status_code == 422


def test_a_document_names_those_it_may_be_a_copy_of(office):
    with office.sessions.begin() as session:
        one, twin = (rows.document(session, full_code="12/UBND-VX", date="2026-01-05") for _ in range(2))
    shown = office.ask("GET", f"/api/v1/documents/{one.id}")
    assert shown.json["duplicates"] == [twin.id]


def test_a_cited_paper_is_named_only_to_those_who_may_see_it(office):
    with office.sessions.begin() as session:
        citing, secret = (rows.document(session, status="registered", secrecy=mark) for mark in (None, "Mật"))
        session.add(CitationRow(document_id=citing.id, code="7/TM", target_id=secret.id))
    for role, target in (("clerk", secret.id), ("staff", None)):
        alone = office.ask("GET", f"/api/v1/documents/{citing.id}", role).json
        in_scan = office.ask("GET", f"/api/v1/scans/{citing.scan_id}", role).json["documents"][0]
        assert [one["target"] for one in (*alone["citations"], *in_scan["citations"])] == [target, target]


def test_a_number_can_be_voided_with_a_reason(office, paper):
    office.ask("POST", f"/api/v1/documents/{paper}/register", json={"arrived_on": "2026-03-25"})
    url = "/api/v1/register/den/2026/1/void"
    assert office.ask("POST", url, json={"reason": ""}).status_code == 422
    assert office.ask("POST", url, json={"reason": "vào nhầm"}).json["document_id"] is None
    assert office.ask("POST", "/api/v1/register/den/2026/9/void", json={"reason": "x"}).status_code == 404


def test_a_registered_document_is_routed_and_its_history_tells_the_story(office, paper):
    url = f"/api/v1/documents/{paper}"
    assert office.ask("POST", f"{url}/routes", json={"unit": "Phòng VX"}).status_code == 409
    office.ask("POST", f"{url}/register", json={"arrived_on": "2026-03-25"})
    route = office.ask("POST", f"{url}/routes", "leader", json={"unit": "Phòng VX", "due": "2026-04-01"}).json
    assert (route["unit"], route["role"], route["due"], route["state"]) == ("Phòng VX", "lead", "2026-04-01", "decided")
    events = office.ask("GET", f"{url}/history", "auditor").json["events"]
    assert [(event["actor"], event["action"]) for event in events] == [
        ("clerk_1", "registered"), ("leader_1", "routed"),
    ]  # fmt: skip


def test_a_bundle_is_split_and_merged_by_hand(office):
    with office.sessions.begin() as session:
        scan = rows.scan(session, status="review")
        one = rows.document(session, scan)
        one.pages = [1, 2, 3]
    url = f"/api/v1/documents/{one.id}"
    assert office.ask("POST", f"{url}/split", json={"pages": [1, 2, 3]}).status_code == 422
    new = office.ask("POST", f"{url}/split", json={"pages": [3]}).json
    assert new["pages"] == [3]
    assert office.ask("GET", url).json["pages"] == [1, 2]
    with office.sessions() as session:
        assert session.query(Task.step).filter_by(scan_id=scan.id, state="ready").all() == [("cut",)]
    assert office.ask("POST", f"{url}/merge", json={"document": new["id"]}).json["pages"] == [1, 2, 3]
    assert office.ask("GET", f"/api/v1/documents/{new['id']}").status_code == 404


def test_a_page_picture_that_was_thrown_away_is_drawn_again(office):
    sent = send(office, png()).json
    with office.sessions.begin() as session:
        session.add(PageRow(scan_id=sent["id"], number=1, source="ocr", rotation=90))
        paper = Document(scan_id=sent["id"], pages=[1])
        session.add(paper)
        session.flush()
        url = f"/api/v1/documents/{paper.id}/pages"
    answer = office.ask("GET", f"{url}/1.webp")
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert Image.open(io.BytesIO(answer.data)).size == (280, 200)
    assert office.ask("GET", f"{url}/1.webp").headers["ETag"] == answer.headers["ETag"]
    assert office.ask("GET", f"{url}/2.webp").status_code == 404


def test_pages_of_a_typed_paper_asked_for_together_are_made_of_one_pdf(office, tmp_path, monkeypatch):
    program = tmp_path / "office" / "program" / "soffice"
    program.parent.mkdir(parents=True)
    (tmp_path / "office" / "a.pdf").write_bytes(pdf("mot"))
    says = f'shift $(($# - 2)); sleep 1; mkdir -p "$1"; (cat {tmp_path}/office/a.pdf; date +%N) > "$1/paper.pdf"'
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    scan_id = send(office, docx("mot")).json["id"]
    original = Original(scan_id, hashlib.sha256(docx("mot")).hexdigest(), DOCX)

    def made(_):
        with office.app.app_context():
            return Path(documents.pages_of(original)).read_bytes()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(made, range(3)))) == 1


def test_a_searchable_pdf_of_the_document_holds_its_words(office):
    import pypdfium2

    from archive.reading import Page, Word

    sent = send(office, png()).json
    with office.sessions.begin() as session:
        read = Page.of_words(1, (Word("đăng", (0.1, 0.1, 0.3, 0.15), 0.9),), width=200, height=280, dpi=24)
        pages.keep(session, sent["id"], read)
        paper = Document(scan_id=sent["id"], pages=[1], full_code="1/UBND-VX")
        session.add(paper)
        session.flush()
        url = f"/api/v1/documents/{paper.id}/pdf"
    answer = office.ask("GET", url)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert "1-UBND-VX.pdf" in answer.headers["Content-Disposition"]
    document = pypdfium2.PdfDocument(answer.data)
    assert document[0].get_textpage().get_text_range().strip() == "đăng"
    document.close()
    assert office.ask("GET", url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert office.ask("GET", url, "staff").status_code == 404
    with office.sessions.begin() as session:
        session.get(Document, url.split("/")[-2]).version += 1
    assert office.ask("GET", url).status_code == 200
    assert len(list(office.state.settings.data.glob("derived/*/*/*.pdf"))) == 1  # that of the version before ended


def test_search_finds_without_marks_and_shows_no_html(office):
    with office.sessions.begin() as session:
        text = "Thông báo <img src=x onerror=alert(1)> đăng ký bổ sung nội dung"
        rows.document(session, text=text, subject="đăng ký bổ sung", document_type="Thông báo", status="registered")
    keep_up(office.sessions, office.state.search)
    found = office.ask("GET", "/api/v1/search?q=dang+ky+bo+sung").json
    assert found["total"] == 1
    assert ["Thông báo", 1] in found["facets"]["type"]
    assert any(hit for _, hit in found["hits"][0]["snippet"])
    assert office.ask("GET", "/api/v1/search?q=dang+ky", "it").status_code == 403
    assert office.ask("GET", "/api/v1/search?q=x&cursor=zzz").status_code == 400


def test_search_takes_several_values_and_tells_nothing_of_what_is_hidden(office):
    with office.sessions.begin() as session:
        for kind, secrecy in (("Công văn", None), ("Chỉ thị", None), ("Báo cáo", "Mật")):
            rows.document(session, text="phòng dịch", document_type=kind, status="registered", secrecy=secrecy)
    keep_up(office.sessions, office.state.search)
    several = office.ask("GET", "/api/v1/search?q=dich&type=Công văn&type=Báo cáo").json
    assert several["total"] == 2 and dict(several["facets"]["type"]) == {"Báo cáo": 1, "Chỉ thị": 1, "Công văn": 1}
    hidden = office.ask("GET", "/api/v1/search?q=dich", "staff").json
    assert hidden["total"] == 2 and dict(hidden["facets"]["type"]) == {"Chỉ thị": 1, "Công văn": 1}
    assert office.ask("GET", "/api/v1/search?q=dich&type=" + "&type=".join("x" * 51)).status_code == 422


def test_neighbours_and_what_is_alike_are_told_as_far_as_one_may_see(office):
    with office.sessions.begin() as session:
        here, hidden = (
            rows.document(
                session, full_code=f"{n}/QĐ", status="registered", secrecy=secrecy, text="phòng chống dịch bệnh"
            )
            for n, secrecy in enumerate((None, "Mật"))
        )
        session.add(CitationRow(document_id=here.id, code="1/QĐ", relation="basis", target_id=hidden.id))
        session.add(CitationRow(document_id=hidden.id, code="0/QĐ", target_id=here.id))
        url, secret = f"/api/v1/documents/{here.id}", hidden.id
    keep_up(office.sessions, office.state.search)
    whole, part = (office.ask("GET", f"{url}/neighbours", role).json for role in ("clerk", "staff"))
    assert whole["cites"][0]["document_id"] == secret and whole["citing"] == 1
    assert part["cites"][0]["document_id"] is None and (part["citing"], part["cited_by"]) == (0, [])
    assert [hit["id"] for hit in office.ask("GET", f"{url}/alike").json["hits"]] == [secret]
    assert office.ask("GET", f"{url}/alike", "staff").json == {"hits": []}


def test_kept_searches_say_what_is_new(office):
    with office.sessions.begin() as session:
        user = session.query(User).filter_by(role="clerk").one()
        session.add(SavedSearch(user_id=user.id, name="Dịch", query="q=dich"))
        rows.document(session, text="phòng dịch")
    keep_up(office.sessions, office.state.search)
    told = office.ask("GET", "/api/v1/searches").json["searches"]
    assert [(one["name"], one["found"], one["news"]) for one in told] == [("Dịch", 1, 1)]
    assert office.ask("GET", "/api/v1/searches", "admin").json == {"searches": []}


def test_nobody_gets_in_without_a_key(office, paper):
    for key in (None, "vanthu_khong_dung"):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = office.ask("GET", f"/api/v1/documents/{paper}", None, headers=headers)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_key_does_only_what_its_scopes_say(office, paper):
    with office.sessions.begin() as session:
        user = session.query(User).filter_by(role="clerk").one()
        office.keys["reader"] = people.new_token(session, user, "đọc", ["read"])
        past = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        office.keys["gone"] = people.new_token(session, user, "cũ", ["read"], expires_at=past)
    url = f"/api/v1/documents/{paper}"
    assert office.ask("GET", url, "reader").status_code == 200
    assert office.ask("PATCH", url, "reader", json={"fields": {"place": "Huế"}}).status_code == 403
    assert office.ask("GET", url, "gone").status_code == 401


# What each role gets for each route: (document under review, document in the book, secret one of another unit).
READS = {
    "admin": (200, 200, 200), "clerk": (200, 200, 200), "leader": (200, 200, 200), "auditor": (200, 200, 200),
    "staff": (404, 200, 404), "head": (404, 200, 404), "it": (403, 403, 403),
}  # fmt: skip
READING = (
    "/documents/{document}", "/scans/{scan}", "/documents/{document}/alike", "/documents/{document}/neighbours",
)  # fmt: skip
CHANGES = {
    ("PATCH", "/documents/{document}"): ({"fields": {"place": "Huế"}}, ("admin", "clerk")),
    ("POST", "/documents/{document}/register"): ({"arrived_on": "2026-03-25"}, ("admin", "clerk")),
    ("POST", "/documents/{document}/routes"): ({"unit": "Phòng VX"}, ("admin", "clerk", "leader")),
    ("PUT", "/documents/{document}/routes"): ({"parts": [{"unit": "Phòng VX"}]}, ("admin", "clerk", "leader")),
    ("GET", "/routes/1"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("POST", "/routes/1/receive"): ({}, ("admin", "clerk")),
    ("GET", "/inbox"): (None, ("admin", "clerk", "head", "staff")),
    ("GET", "/holidays"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("PUT", "/holidays/2026-11-24"): ({"name": "Nghỉ"}, ("admin", "it")),
    ("DELETE", "/holidays/2026-11-24"): (None, ("admin", "it")),
    ("GET", "/files"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("GET", "/files/x"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("POST", "/files/x/documents"): ({"document_id": "x"}, ("admin", "clerk", "head", "staff")),
    ("POST", "/documents/{document}/split"): ({"pages": [9]}, ("admin", "clerk")),
    ("POST", "/documents/{document}/merge"): ({"document": "x"}, ("admin", "clerk")),
    ("POST", "/register/den/2026/1/void"): ({"reason": "x"}, ("admin", "clerk")),
    ("POST", "/scans/{scan}/retry"): ({}, ("admin", "clerk")),
    ("POST", "/scans"): ({}, ("admin", "clerk")),
    ("GET", "/documents/{document}/edxml"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("GET", "/documents/{document}/edxml/status"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("POST", "/documents/{document}/sendings"): ({"office": "so-y-te"}, ("admin", "clerk")),
    ("GET", "/documents/{document}/sendings"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("GET", "/documents/{document}/history"): (None, ("admin", "clerk", "leader", "head", "auditor")),
    ("GET", "/documents/{document}/metadata"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
    ("GET", "/metadata"): (None, ("admin", "clerk", "leader", "head", "staff", "auditor")),
}  # fmt: skip
OTHERS = {
    "/documents/{document}/pdf",
    "/documents/{document}/pages/{number}.webp", "/scans/{scan}/original", "/search", "/searches",
    "/register", "/openapi.json",
}  # fmt: skip


@pytest.mark.parametrize("role", access.ROLES)
def test_each_role_reads_what_it_may_and_learns_of_nothing_else(office, role):
    with office.sessions.begin() as session:
        papers = [rows.document(session, status=status, secrecy=secrecy) for status, secrecy in (
            ("review", None), ("registered", None), ("registered", "Mật"))]  # fmt: skip
        places = [{"document": paper.id, "scan": paper.scan_id} for paper in papers]
    for path in READING:
        answers = [office.ask("GET", "/api/v1" + path.format(**place), role).status_code for place in places]
        assert tuple(answers) == READS[role], path


@pytest.mark.parametrize("role", access.ROLES)
def test_each_role_changes_only_what_it_may(office, role):
    with office.sessions.begin() as session:
        paper = rows.document(session, status="registered")
        place = {"document": paper.id, "scan": paper.scan_id}
        session.add(RouteRow(id=1, document_id=paper.id, unit="Phòng VX", state="decided"))
    for (method, path), (body, roles) in CHANGES.items():
        status = office.ask(method, "/api/v1" + path.format(**place), role, json=body).status_code
        assert (status != 403) == (role in roles), (path, status)
        assert status < 500


def test_every_route_has_its_row_in_these_tables(office):
    every = map(str, office.app.url_map.iter_rules())
    routes = {rule.removeprefix("/api/v1") for rule in every if rule.startswith("/api/v1")}
    for name, word in (("<document_id>", "{document}"), ("<scan_id>", "{scan}"), ("<int:number>.webp", "{number}.webp"),
                       ("<book_id>/<int:year>/<int:number>", "den/2026/1"), ("<int:route_id>/<move>", "1/receive"),
                       ("<int:route_id>", "1"), ("<day>", "2026-11-24"), ("<file_id>", "x")):  # fmt: skip
        routes = {route.replace(name, word) for route in routes}
    assert routes == {*READING, *(path for _, path in CHANGES), *OTHERS}


@pytest.mark.parametrize("made_up", ["x", "0" * 32, "%00", "..%2f..%2fetc", "a" * 4000, "%ff"])
def test_made_up_ids_are_not_found(office, made_up):
    for path in ("documents/{}", "scans/{}", "scans/{}/original", "documents/{}/pages/1.webp", "documents/{}/history"):
        assert office.ask("GET", f"/api/v1/{path.format(made_up)}").status_code == 404


def test_a_quarantined_scan_gives_nothing_away(office, paper):
    with office.sessions.begin() as session:
        scan = session.get(Document, paper).scan
        scan.status = "quarantined"
        scan_id = scan.id
    assert office.ask("GET", f"/api/v1/scans/{scan_id}").json["documents"] == []
    assert office.ask("GET", f"/api/v1/scans/{scan_id}/original").status_code == 404
    assert office.ask("GET", f"/api/v1/documents/{paper}").status_code == 404


def test_a_paper_a_clerk_marks_secret_is_quarantined_and_its_words_are_nowhere(office):
    with office.sessions.begin() as session:
        fields = {"subject": rows.field("bảo vệ X")}
        paper = rows.document(session, subject="bảo vệ X", document_type="Công văn", fields=fields, text="bảo vệ X")
    url = f"/api/v1/documents/{paper.id}"
    office.ask("POST", f"{url}/register", json={"arrived_on": "2026-03-25"})
    answer = office.ask("PATCH", url, json={"fields": {"secrecy": "Mật", "subject": "bảo vệ Y"}})
    assert (answer.status_code, "cách ly" in answer.json["detail"]) == (409, True)
    assert office.ask("GET", url).status_code == 404
    entry = office.ask("GET", "/api/v1/register?year=2026", "admin").json["entries"][0]
    assert (entry["number"], entry["type_and_subject"]) == (1, "Công văn")
    with office.sessions() as session:
        kept = session.get(Document, paper.id)
        assert (kept.text, kept.subject, kept.scan.status) == ("", None, "quarantined")
        assert not [event for event in session.query(Event) if "bảo vệ" in event.data]


def test_an_independent_machine_may_keep_secrets(settings, office_engine):
    office = Office(dataclasses.replace(settings, secrets="allow"))
    with office.sessions.begin() as session:
        paper = rows.document(session, subject="x")
    answer = office.ask("PATCH", f"/api/v1/documents/{paper.id}", json={"fields": {"secrecy": "mật"}})
    assert (answer.status_code, answer.json["fields"]["secrecy"]["value"]) == (200, "Mật")
    office.close()


def test_a_browser_s_cookie_works_with_its_csrf_token_only(office, paper):
    with office.sessions.begin() as session:
        user = session.query(User).filter_by(role="clerk").one()
        cookie, csrf = people.new_session(session, user)
    browser = office.app.test_client()
    browser.set_cookie("vanthu", cookie)
    url, change = f"/api/v1/documents/{paper}", {"fields": {"place": "Huế"}}
    assert browser.get(url).status_code == 200
    assert browser.patch(url, json=change).status_code == 403
    assert browser.patch(url, json=change, headers={"X-CSRF-Token": csrf}).status_code == 200


def test_the_watchers_are_answered(office, paper):
    assert office.ask("GET", "/healthz", None).json == {"status": "ok"}
    assert office.ask("GET", "/readyz", None).json == {"status": "ok", "problems": []}
    text = office.ask("GET", "/metrics", None).text
    assert "vanthu_originals_damaged 0" in text and "vanthu_backup_last_timestamp_seconds 0" in text
    assert 'vanthu_documents{status="review"} 1' in text
    assert "# TYPE vanthu_step_seconds histogram" in text


def test_health_asks_no_database(settings):
    from server import create_app

    app = create_app(settings)
    assert app.test_client().get("/healthz", headers={"Authorization": "Bearer x"}).status_code == 200
    assert not settings.data.joinpath("vanthu.db").exists()


def test_readiness_says_what_is_in_the_way(settings, tmp_path):
    from server import create_app

    empty = engines.at(tmp_path / "empty")  # a database without tables
    app = create_app(dataclasses.replace(settings, reserve_mb=10**9, **empty))
    answer = app.test_client().get("/readyz")
    app.extensions["vanthu"].engine.dispose()
    assert answer.status_code == 503
    assert [word in " ".join(answer.json["problems"]) for word in ("vanthu upgrade", "Đĩa")] == [True, True]


def test_a_database_that_is_away_is_said_so(tmp_path):
    from archive.config import Settings
    from server import create_app

    app = create_app(Settings(data=tmp_path, database="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    answer = app.test_client().get("/api/v1/search", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert "an toàn" in answer.json["detail"]
    assert app.test_client().get("/readyz").status_code == 503
    app.extensions["vanthu"].engine.dispose()
