"""Two offices behind one web: whoever is signed in at one is a stranger in the other, on every route."""

import dataclasses
import re

import pytest
from click.testing import CliRunner
from werkzeug.test import Client

from archive import config, database, offices, people
from archive.access import ROLES
from archive.errors import BadSettings
from archive.models import Document
from migrations import upgrade
from server.cli import main
from server.offices import Front
from tests import engines
from tests.archive import offices as rows
from tests.server.desk import Desk
from tests.server.papers_of_all import KINDS, Everything, told, word
from tests.server.test_access_table import ASIDE, BODY, CHANGING, addresses, filled

LIST = """
[[office]]
slug = "y-te"
office = "Sở Y tế"

[[office]]
slug = "van-phong"
office = "Văn phòng"

[[office]]
slug = "ben-ngoai"
host = "ngoai.tinh.vn"
"""
PASSWORD = Desk.PASSWORD


class Town:
    """Three offices; the second has a paper of every kind, the first people of the same names and passwords."""

    def __init__(self, folder):
        file = folder / "offices.toml"
        file.write_text(LIST, encoding="utf-8")
        self.variables = engines.variables(folder / "data")
        self.variables |= {"VANTHU_OFFICES": str(file), "VANTHU_RESERVE_MB": "1"}
        self.common = config.load(environ=self.variables)
        self.offices = offices.load(self.common)
        for one in self.offices:
            engines.found(one.settings)
            engine = database.open_engine(one.settings.database_url, durable=False)
            upgrade(engine)
            engine.dispose()
        self.there = Everything(self.offices[1].settings)
        engine = database.open_engine(self.offices[0].settings.database_url, durable=False)
        with database.sessions(engine).begin() as session:
            names = [people.add_user(session, role, role, None, PASSWORD) for role in sorted(ROLES)]
            self.keys = {one.name: people.new_token(session, one, "thử", people.SCOPES) for one in names}
            self.cookies = {one.name: people.new_session(session, one)[0] for one in names}
        engine.dispose()
        self.front = Front(self.offices, self.common)

    def ask(self, path, method="GET", headers=None, host="localhost", **more):
        client = Client(self.front)
        answer = client.open(path, method=method, base_url=f"http://{host}/", headers=headers or {}, **more)
        answer.direct_passthrough = False
        answer.get_data()
        return answer


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town(tmp_path_factory.mktemp("town"))
    yield town
    town.there.close()


def credentials(town, role):
    """What a browser of the first office would have to send to pass for one of the second, and its key."""
    yield {"Cookie": f"vanthu-van-phong={town.cookies[role]}; vanthu={town.cookies[role]}"}
    yield {"Authorization": f"Bearer {town.keys[role]}"}


def routes(town, kind):
    for rule in sorted(str(one) for one in town.there.app.url_map.iter_rules() if "GET" in one.methods):
        if rule not in ASIDE:
            yield from addresses(rule, town.there, kind)


def test_every_route_of_another_office_answers_as_to_a_stranger(town):
    asked = 0
    for path in routes(town, "own"):
        stranger = town.ask(f"/van-phong{path}")
        assert stranger.status_code in (303, 401), path
        for headers in credentials(town, "admin"):
            answer = town.ask(f"/van-phong{path}", headers=headers)
            by_key = "Authorization" in headers
            assert answer.status_code == (401 if by_key else stranger.status_code), (path, headers.keys())
            assert by_key or answer.headers.get("Location") == stranger.headers.get("Location")
            asked += 1
    assert asked > 300


def test_nothing_of_another_office_is_at_home_by_its_ids(town):
    """In one's own office, with the ids of the other's papers: not there, and not a word of them."""
    admin = {"Authorization": f"Bearer {town.keys['admin']}"}
    words = [word(kind, place) for kind in KINDS for place in ("text", "subject", "code", "filename")]
    for path in routes(town, "own"):
        answer = town.ask(f"/y-te{path}", headers=admin)
        said = told(answer)
        assert answer.status_code < 500, path
        assert not [one for one in words if one in said], path
        if any(one in path for one in town.there.ids["own"].values() if len(one) > 9):
            assert answer.status_code in (404, 401), path


def test_nobody_changes_anything_in_another_office(town):
    ids = town.there.ids["own"]
    own = (ids["document"], ids["scan"], ids["route"], ids["paper"], ids["message"])
    for rule in town.there.app.url_map.iter_rules():
        for method in rule.methods & CHANGING:
            path = filled(str(rule), *own).replace("<move>", "receive").replace("<what>", "release")
            sent = {"json": BODY} if path.startswith("/api/") else {"data": {"csrf": "x"}}
            stranger = town.ask(f"/van-phong{path}", method, **sent)
            cookie, key = (town.ask(f"/van-phong{path}", method, one, **sent) for one in credentials(town, "admin"))
            assert key.status_code == 401, (method, path)
            # A form is not sent on to the sign-in page when its session has lapsed: what was typed stands there again.
            alike = {stranger.status_code, 401} if stranger.location else {stranger.status_code}
            assert cookie.status_code in alike, (method, path)
            assert cookie.location in (stranger.location, None), (method, path)


def test_signing_in_opens_one_office(town):
    client = Client(town.front)
    entered = client.post("/y-te/login", data={"name": "clerk", "password": PASSWORD})
    assert entered.headers["Location"] == "/y-te/"
    cookie = entered.headers["Set-Cookie"]
    assert cookie.startswith("vanthu-y-te=")
    assert "Path=/y-te/" in cookie
    assert client.get("/y-te/register").status_code == 200
    assert client.get("/van-phong/register").headers["Location"] == "/van-phong/login?next=%2Fregister"


def test_cookies_over_https_say_so_and_stay_below_the_path(town):
    safe = [dataclasses.replace(one, settings=dataclasses.replace(one.settings, secure_cookies=True))
            for one in town.offices]  # fmt: skip
    said = {"data": {"name": "clerk", "password": PASSWORD}}
    below = Client(Front(safe, town.common)).post("/y-te/login", **said).headers["Set-Cookie"]
    assert below.startswith("__Secure-vanthu-y-te=")
    assert "Path=/y-te/" in below


def test_every_address_of_a_page_lies_below_its_office(town):
    """A page of each kind: what it leads to, loads and sends to."""
    client = Client(town.front)
    client.post("/van-phong/login", data={"name": "admin", "password": PASSWORD})
    document = town.there.ids["own"]["document"]
    for path in ("/", "/register", f"/documents/{document}", "/search?q=dich", "/admin", "/scan", "/files", "/missing",
                 f"/review/{town.there.ids['raw']['document']}"):  # fmt: skip
        text = client.get(f"/van-phong{path}", follow_redirects=True).text
        found = re.findall(r"\s(?:href|src|action|formaction|hx-\w+|data-url|data-ready)=\"(/[^\"]*)\"", text)
        assert found, path
        assert [one for one in found if not one.startswith("/van-phong/")] == [], path
        assert "/van-phong/van-phong" not in text


def test_programs_are_told_addresses_below_the_office(town):
    assert town.ask("/van-phong/api/v1/openapi.json").json["servers"] == [{"url": "/van-phong"}]
    app = {"Authorization": f"Token {town.there.keys['admin']}"}
    following = town.ask("/van-phong/api/documents/?page_size=1", headers=app).json["next"]
    assert following.startswith("http://localhost/van-phong/api/documents/?")


def test_a_host_of_its_own_has_the_whole_server(town):
    assert town.ask("/", host="ngoai.tinh.vn:8080").headers["Location"] == "/login?next=%2F"
    assert town.ask("/y-te/login", host="NGOAI.tinh.vn").status_code == 404
    assert town.ask("/ben-ngoai/login").status_code == 404


def test_the_hall_lists_the_offices_and_knows_no_paper(town):
    text = town.ask("/").text
    assert 'href="/y-te/"' in text
    assert 'href="//ngoai.tinh.vn/"' in text
    assert town.ask("/y-te").headers["Location"] == "/y-te/"
    assert town.ask("/register").status_code == town.ask("/khac/register").status_code == 404
    assert town.ask("/healthz").json == town.ask("/y-te/healthz").json == {"status": "ok"}


def test_counts_are_told_apart_by_office(town):
    text = town.ask("/metrics", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}).text
    assert 'vanthu_build_info{office="van-phong"' in text
    assert len(re.findall("^# HELP vanthu_http_requests_total", text, re.MULTILINE)) == 1
    assert town.ask("/metrics", environ_overrides={"REMOTE_ADDR": "10.0.0.7"}).status_code == 403


def test_an_office_whose_database_is_away_stops_no_other(town, tmp_path):
    away = dataclasses.replace(town.offices[0].settings, database=engines.away(tmp_path / "khong-co"))
    front = Front([dataclasses.replace(town.offices[0], settings=away), *town.offices[1:]], town.common)
    client = Client(front)
    assert client.get("/y-te/api/v1/register", headers={"Authorization": "Bearer x"}).status_code == 503
    assert client.get("/van-phong/login").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["offices"]["van-phong"]) == (200, [])
    assert ready.json["offices"]["y-te"] == ["Không mở được cơ sở dữ liệu."]


def test_a_slug_that_is_an_address_of_every_office_is_refused(town):
    with pytest.raises(BadSettings, match="register"):
        Front([dataclasses.replace(town.offices[0], slug="register")], town.common)


def test_a_paper_is_sent_from_its_page_by_whom_may(town):
    def browser(name):
        client = Client(town.front)
        client.post("/van-phong/login", data={"name": name, "password": PASSWORD})
        return client

    ids = town.there.ids
    paper, secret = (f"/van-phong/documents/{ids[kind]['document']}" for kind in ("own", "secret own"))
    clerk, head = browser("clerk"), browser("head")
    text = clerk.get(paper).text
    assert '<option value="y-te">Sở Y tế</option>' in text
    assert 'value="van-phong"' not in text
    assert 'id="to-office"' not in clerk.get(secret).text
    assert 'id="to-office"' not in head.get(paper).text
    token, theirs = (re.search(r'name="csrf" content="([^"]+)"', one.get(paper).text)[1] for one in (clerk, head))
    form = {"csrf": token, "office": "y-te"}
    assert head.post(f"{paper}/send", data=form | {"csrf": theirs}).status_code == 403
    assert clerk.post(f"{secret}/send", data=form).status_code == 409
    assert clerk.post(f"{paper}/send", data=form | {"office": "khac"}).status_code == 404
    unready = clerk.post(f"{paper}/send", data=form)
    assert (unready.status_code, "chưa có ngày văn bản" in unready.text) == (422, True)
    with town.there.here.sessions.begin() as session:
        document = session.get(Document, ids["own"]["document"])
        document.fields = document.fields | {"date": rows.field("2026-03-02", sure=True)}
    assert clerk.post(f"{paper}/send", data=form).location == f"{paper}#lien-thong"
    assert "Đang chuyển đi" in clerk.get(paper).text
    assert clerk.post(f"{paper}/send", data=form).status_code == 409


def vanthu(town, *words, status=0):
    result = CliRunner().invoke(main, list(words), env=town.variables, catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.output


def test_a_command_says_which_office_it_is_for(town):
    assert "y-te, van-phong, ben-ngoai" in vanthu(town, "upgrade", status=2)
    assert "y-te, van-phong" in vanthu(town, "--office", "khac", "upgrade", status=2)
    assert "bản" in vanthu(town, "--office", "y-te", "upgrade")
    assert "zqowncodezq" in vanthu(town, "--office", "van-phong", "search", "--json", "dich")
    assert "zq" not in vanthu(town, "--office", "y-te", "search", "--json", "dich")


def test_a_command_for_all_has_places_of_their_own(town, tmp_path):
    said = vanthu(town, "--all-offices", "upgrade")
    assert [one for one in ("y-te", "van-phong", "ben-ngoai") if f"== {one}:" not in said] == []
    vanthu(town, "--all-offices", "backup", str(tmp_path / "{office}"))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ben-ngoai", "van-phong", "y-te"]


def test_an_office_that_is_away_is_said_and_the_next_one_done(town, tmp_path):
    text = f'[[office]]\nslug = "a"\ndatabase = "{engines.away(tmp_path / "away")}"\n[[office]]\nslug = "b"\n'
    (tmp_path / "list.toml").write_text(text, encoding="utf-8")
    said = {"VANTHU_OFFICES": str(tmp_path / "list.toml")} | engines.variables(tmp_path / "data")
    engines.found(offices.load(config.load(environ=said))[1].settings)
    result = CliRunner().invoke(main, ["--all-offices", "upgrade"], env=town.variables | said, catch_exceptions=False)
    assert result.exit_code == 1
    assert "không trả lời" in result.output
    assert "Đã nâng cấp" in result.output
