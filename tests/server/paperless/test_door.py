"""How apps get in, and how they send: keys, second factors, versions, uploads, what became of them."""

import datetime as dt
import io
import json
import zipfile

import pyotp
import pytest
import sqlalchemy as sa
from PIL import Image

from archive import app_keys, people, second_factor
from archive.client_uploads import suggested
from archive.keyring import Keyring
from archive.models import ClientUpload, Document, Event, Scan, Token, User
from archive.pipeline import Archive, quarantine
from tests.server.desk import Desk
from tests.server.paperless.test_documents import numbers

LOGIN = {"username": "van", "password": Desk.PASSWORD}


@pytest.fixture
def van(makers):
    with makers.begin() as session:
        people.add_user(session, "van", "clerk", None, Desk.PASSWORD)


def png(shade=250):
    out = io.BytesIO()
    Image.new("L", (60, 80), shade).save(out, "PNG")
    return out.getvalue()


def send(ask, content, who="clerk", name="Công văn.png", **form):
    data = {"document": (io.BytesIO(content), name), **form}
    return ask(who, "documents/post_document/", "POST", data=data)


def became(ask, answer, who="clerk"):
    [task] = ask(who, f"tasks/?task_id={answer.json}").json
    return task


def test_a_password_buys_a_key_that_its_person_sees_and_ends(app, makers, van):
    phone, desk = app.test_client(), Desk(app)
    given = phone.post("/api/token/", data=LOGIN, headers={"User-Agent": "SwiftPaperless/1.8"})
    entry = {"Authorization": f"Token {given.json['token']}"}
    assert phone.get("/api/ui_settings/", headers=entry).json["user"]["username"] == "van"
    assert phone.get("/register", headers=entry).status_code == 303  # known by that word only where apps ask
    assert phone.get("/api/v1/search", headers=entry).status_code == 401
    desk.sign_in("van")
    assert "ứng dụng SwiftPaperless/1.8" in desk.page("/keys")
    with makers() as session:
        token = session.scalars(sa.select(Token)).one()
        said = session.scalars(sa.select(Event.action).where(Event.actor == "van")).all()
    assert {"signed_in", "token_made"} <= set(said)
    assert desk.send("/keys/revoke", {"id": token.id}).status_code == 303
    refused = phone.get("/api/documents/", headers=entry)
    assert (refused.status_code, list(refused.json), refused.headers["X-Api-Version"]) == (401, ["detail"], "9")
    assert "Chưa có khoá nào" in desk.page("/keys")


def test_a_wrong_password_is_refused_and_counts_at_the_one_door(app, makers, van):
    phone = app.test_client()
    for wrong in (LOGIN | {"password": "khong phai"}, LOGIN | {"username": "khong-co"}, {}, {"username": 5}):
        answer = phone.post("/api/token/", json=wrong)
        assert (answer.status_code, list(answer.json)) == (400, ["non_field_errors"])
    for _ in range(4):
        phone.post("/api/token/", json=LOGIN | {"password": "khong phai"})
    assert "tạm khoá" in phone.post("/api/token/", json=LOGIN).json["non_field_errors"][0]
    assert Desk(app).sign_in("van").status_code == 403  # the web's door is the same
    assert phone.get("/api/token/", headers={"Accept": "application/json; version=3"}).status_code == 405


def test_a_key_for_a_password_ends_with_it_and_one_made_by_hand_stays(app, makers, van, settings):
    phone, ring, new = app.test_client(), Keyring(settings.key_path), "mật khẩu mới"

    def opens(key):
        return phone.get("/api/tags/", headers={"Authorization": f"Token {key}"}).status_code == 200

    first = phone.post("/api/token/", data=LOGIN).json["token"]
    assert opens(first)
    with makers.begin() as session:
        user, token = session.scalars(sa.select(User)).one(), session.scalars(sa.select(Token)).one()
        assert token.expires_at - token.created_at >= dt.timedelta(days=364)
        by_hand = people.new_token(session, user, token.name)
        people.change_password(session, user, new, actor="van")
    assert (opens(first), opens(by_hand)) == (False, True)
    second = phone.post("/api/token/", data=LOGIN | {"password": new}).json["token"]
    assert opens(second)
    with makers.begin() as session:
        user = session.scalars(sa.select(User)).one()
        secret = second_factor.begin(session, ring, user)
        assert second_factor.confirm(session, ring, user, pyotp.TOTP(secret).now())
    assert (opens(second), opens(by_hand)) == (False, True)
    with makers() as session:
        assert session.scalars(sa.select(Event.actor).where(Event.action == "token_revoked")).all() == ["van", "van"]


def test_an_app_that_signs_in_each_time_has_ten_keys_and_a_telephone_keeps_its_own(app, makers, van):
    phone, agent = app.test_client(), {"User-Agent": "SwiftPaperless/1.8"}

    def sign_in(**more):
        return phone.post("/api/token/", data=LOGIN, headers={**agent, **more}).json["token"]

    def opens(key):
        return phone.get("/api/tags/", headers={"Authorization": f"Token {key}"}).status_code == 200

    kept, other = sign_in(), sign_in(**{"User-Agent": "Another/2"})
    with makers.begin() as session:
        by_hand = people.new_token(session, session.scalars(sa.select(User)).one(), "ứng dụng SwiftPaperless/1.8")
        telephone = session.scalars(sa.select(Token).where(Token.name == "ứng dụng SwiftPaperless/1.8")).all()
        for token in telephone:
            token.created_at -= dt.timedelta(days=9)
            token.used_at = token.created_at + dt.timedelta(days=1)
    keys = [sign_in() for _ in range(app_keys.MOST + 2)]
    assert [opens(one) for one in keys] == [False] * 3 + [True] * (app_keys.MOST - 1)
    assert opens(kept) and opens(other) and opens(by_hand)
    with makers() as session:
        assert session.scalars(sa.select(Event.actor).where(Event.action == "token_revoked")).all() == ["van"] * 3


@pytest.mark.parametrize("path", ["token/", "tasks/acknowledge/"])
def test_json_nested_without_end_is_refused(ask, path):
    assert ask("clerk", path, "POST", data="[" * 100_000, content_type="application/json").status_code == 400


def test_with_a_second_factor_the_key_is_made_on_the_page(app, makers, van, settings):
    with makers.begin() as session:
        user, ring = session.scalars(sa.select(User)).one(), Keyring(settings.key_path)
        secret = second_factor.begin(session, ring, user)
        assert second_factor.confirm(session, ring, user, pyotp.TOTP(secret).now())
    answer = app.test_client().post("/api/token/", json=LOGIN)
    assert (answer.status_code, "Khoá cho ứng dụng" in answer.json["non_field_errors"][0]) == (400, True)
    with makers.begin() as session:
        second_factor.switch_off(session, session.scalars(sa.select(User)).one(), actor="van")
    desk = Desk(app)
    desk.sign_in("van")
    wanted = {"name": "Điện thoại", "may": "read"}
    assert desk.send("/keys", wanted | {"password": "khong phai"}).status_code == 422
    page = desk.send("/keys", wanted | {"password": Desk.PASSWORD}).text
    key = page.partition('<code class="key">')[2].partition("</code>")[0]
    entry = {"Authorization": f"Token {key}"}
    assert app.test_client().get("/api/documents/", headers=entry).status_code == 200
    refused = app.test_client().post("/api/documents/post_document/", headers=entry)
    assert (refused.status_code, "phạm vi write" in refused.json["detail"]) == (403, True)
    rights = app.test_client().get("/api/ui_settings/", headers=entry).json["permissions"]
    assert "view_document" in rights and "add_document" not in rights


def test_versions_that_are_not_spoken_are_refused_and_old_ones_get_moments(ask, makers):
    assert ask("clerk", "tags/", headers={"Accept": "application/json; version=10"}).status_code == 406
    assert ask("clerk", "", headers={"Accept": "application/json; version=2"}).status_code == 200
    from tests.server.desk import shelve

    shelve(makers)
    for version, created in (("9", "2020-03-30"), ("2", "2020-03-30T00:00:00+07:00")):
        [told] = ask("clerk", "documents/", headers={"Accept": f"application/json; version={version}"}).json["results"]
        assert told["created"] == created


def test_what_a_sender_says_is_a_suggestion_and_what_cannot_be_keeps_no_paper_out(ask, makers):
    tags, fields = numbers(ask, "tags"), numbers(ask, "custom_fields")
    given = {fields["Người ký"]: "Lê An", fields["Ngày đến"]: "2026-01-01"}
    answer = send(ask, png(), title="về việc thử", created="không phải ngày", correspondent="5", document_type="x",
                  tags=[tags["Hỏa tốc"], tags["Hoàn thành"]], archive_serial_number="99",
                  custom_fields=json.dumps(given))  # fmt: skip
    assert answer.status_code == 200
    assert (became(ask, answer)["status"], became(ask, answer)["related_document"]) == ("PENDING", None)
    with makers.begin() as session:
        scan = session.scalars(sa.select(Scan)).one()
        assert (scan.source, scan.priority, scan.received_by) == ("app", 10, "clerk-x")
        first, second = (Document(scan_id=scan.id, ordinal=number) for number in (1, 2))
        session.add_all((first, second))
        session.flush()
        said = {one.field: (one.value, one.suggestion) for one in suggested(session, first)}
        assert said == {name: (value, True) for name, value in
                        (("subject", "về việc thử"), ("signer_name", "Lê An"), ("urgency", "Hỏa tốc"))}  # fmt: skip
        assert suggested(session, second) == ()


def test_the_same_bytes_again_are_told_as_a_duplicate_and_only_one_is_kept(ask, makers):
    first, again = send(ask, png()), send(ask, png(), who="admin", name="khác.png")
    assert became(ask, again, "admin")["status"] == "FAILURE"
    assert "khác.png: Not consuming khác.png: It is a duplicate of" in became(ask, again, "admin")["result"]
    assert became(ask, first)["status"] == "PENDING"
    assert ask("clerk", f"tasks/?task_id={again.json}").json == []  # of others one hears nothing
    number = became(ask, first)["id"]
    assert ask("clerk", f"tasks/{number}/").json["task_id"] == first.json
    assert ask("admin", f"tasks/{number}/").status_code == 404
    assert ask("clerk", "tasks/acknowledge/", "POST", json={"tasks": [number]}).json == {"result": 1}
    assert ask("clerk", "tasks/?acknowledged=false").json == []
    with makers() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Scan)) == 1


def test_an_app_may_send_a_zip_of_papers(ask, makers):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.png", png())
        packed.writestr("b.pdf", b"%PDF-1.4")
    assert became(ask, send(ask, out.getvalue(), name="hồ sơ.zip"))["status"] == "PENDING"
    with makers() as session:
        assert set(session.scalars(sa.select(Scan.filename))) == {"a.png", "b.pdf"}


def test_a_send_that_was_never_answered_is_no_duplicate(ask, makers):
    send(ask, png())
    with makers.begin() as session:
        session.execute(sa.delete(ClientUpload))  # as if the web was killed before it wrote the task
    assert became(ask, send(ask, png()))["status"] == "PENDING"


@pytest.mark.parametrize(("content", "status"), [(b"", 400), (b"MZ no scan", 400), (None, 400)])
def test_what_is_not_taken_is_said_of_the_file(ask, content, status):
    answer = send(ask, content) if content is not None else ask("clerk", "documents/post_document/", "POST", data={})
    assert (answer.status_code, list(answer.json)) == (status, ["document"])
    assert ask("staff", "documents/post_document/", "POST", data={}).status_code == 403


def test_a_secret_paper_takes_the_name_of_its_zip_from_the_app_that_sent_it(ask, makers, settings):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("thu.txt", b"x")
        packed.writestr("a.png", png(1))
        packed.writestr("b.png", png(2))
    answer = send(ask, out.getvalue(), name="vụ án X.zip", title="về vụ án X")
    with makers.begin() as session:
        first, second = session.scalars(sa.select(Scan).order_by(Scan.filename)).all()
        row = session.scalars(sa.select(ClientUpload)).one()
        assert (row.scan_id, row.filename, row.given) == (first.id, "vụ án X.zip", {})
        quarantine.impose(session, Archive.of(settings, makers), second)
    assert "vụ án" not in json.dumps(became(ask, answer), ensure_ascii=False)
    with makers() as session:
        assert session.scalars(sa.select(ClientUpload.filename)).one() == quarantine.HIDDEN
    answer = send(ask, out.getvalue(), name="vụ án X.zip")
    assert "vụ án" not in json.dumps(became(ask, answer), ensure_ascii=False)


def test_of_a_paper_in_quarantine_its_sender_hears_only_that_it_is_there(app, ask, makers, settings):
    answer = send(ask, png(), name="tuyet-mat.png", title="về việc mật")
    with makers.begin() as session:
        quarantine.impose(session, Archive.of(settings, makers), session.scalars(sa.select(Scan)).one())
    told = [became(ask, answer), became(ask, send(ask, png(), name="tuyet-mat.png", title="về việc mật"))]
    assert {one["status"] for one in told} == {"FAILURE"} and "cách ly" in told[0]["result"]
    with makers() as session:
        kept = str([(row.filename, row.given) for row in session.scalars(sa.select(ClientUpload))])
    assert "mat" not in str(told) + kept and "việc" not in kept
