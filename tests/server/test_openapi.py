"""The OpenAPI holds: random requests get documented answers in documented shapes, and never break the server."""

import datetime as dt
import io
import os
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from PIL import Image
from schemathesis import checks
from schemathesis.generation import GenerationMode

from archive import register, routing, work_files
from archive.models import Document, PageRow
from tests import engines
from tests.archive import offices as rows
from tests.server.offices import Office

EXAMPLES = 6
LONG = os.environ.get("VANTHU_FUZZ") == "1"
EXAMPLES_OF_A_ROLE = 100 if LONG else 2
CHECKS = [
    checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip


@pytest.fixture
def office(engine_settings):
    office = Office(engine_settings)
    office.app.wsgi_app = closing(office.app.wsgi_app)
    yield office
    office.close()


@pytest.fixture
def known(office):
    """Ids that exist, for addresses: random ones only ever find nothing."""
    out = io.BytesIO()
    Image.new("L", (60, 80), 255).save(out, "PNG")
    out.seek(0)
    scan = office.ask("POST", "/api/v1/scans", data={"file": (out, "a.png")}).json["id"]
    fields = {"number": rows.field("7"), "date": rows.field(None, partial="2026-03")}
    with office.sessions.begin() as session:
        session.add(PageRow(scan_id=scan, number=1, source="ocr"))
        paper = Document(scan_id=scan, pages=[1], fields=fields, text="phòng chống dịch", subject="về")
        session.add(paper)
        session.flush()
        register.register(session, paper, "den", dt.date(2026, 3, 25), actor="lan")
        route = routing.decide(session, paper, "Phòng Văn xã", actor="sep").id
        file = work_files.open_file(session, 2026, "01.TH", "Hồ sơ", "10 năm", actor="lan").id
        ours = {"route_id": route, "move": "receive", "day": "2026-11-24", "file_id": file}
        return ours | {"document_id": paper.id, "scan_id": scan, "number": 1, "book_id": "den", "year": 2026}


def closing(app):
    """The same application; a sent file is closed at once, which this client leaves to the garbage."""

    def call(environ, start):
        body = app(environ, start)
        try:
            return [b"".join(body)]
        finally:
            getattr(body, "close", lambda: None)()

    return call


def operations(office):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", office.app)
    return [result.ok() for result in schema.get_all_operations()]


def hammer(operation, mode, office, known, role="admin", examples=EXAMPLES):
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=examples, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    def ask(case):
        made_up = repr(case.path_parameters)
        if case.path_parameters and len(made_up) % 4:
            case.path_parameters = {name: known[name] for name in case.path_parameters}
        headers = {"Authorization": f"Bearer {office.keys[role]}"} if role else {}
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_random_requests_get_documented_answers_and_never_break_the_server(office, known, mode):
    for operation in operations(office):
        hammer(operation, mode, office, known)


@pytest.mark.fuzz
@pytest.mark.parametrize("role", ["", "staff", "clerk", "admin"] if LONG else ["staff", "clerk"])
@pytest.mark.parametrize("engine", [engines.DATABASE], indirect=True)
def test_whoever_asks_the_answers_are_documented(office, known, role):
    for operation in operations(office):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if LONG else (GenerationMode.POSITIVE,):
            hammer(operation, mode, office, known, role, EXAMPLES_OF_A_ROLE)


def test_a_stranger_gets_nothing_but_401(office, known):
    for operation in operations(office):

        @given(case=operation.as_strategy())
        @settings(max_examples=2, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        def ask(case):
            assert case.call().status_code in (401, 404), case

        ask()


def test_every_view_is_described_and_every_description_documented(office):
    described = {(op.method.upper(), op.path) for op in operations(office)}
    views = {
        (method, str(rule).replace("<int:", "{").replace("<", "{").replace(">", "}"))
        for rule in office.app.url_map.iter_rules()
        if str(rule).startswith("/api/v1/") and not str(rule).endswith("openapi.json")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == views
    docs = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    short = {
        "{document_id}": "{id}",
        "{scan_id}": "{id}",
        "{book_id}": "{book}",
        "{number}.webp": "{n}.webp",
        "{route_id}": "{id}",
        "{file_id}": "{id}",
    }
    for method, path in views:
        for name, word in short.items():
            path = path.replace(name, word)
        assert f"`{method} {path}" in docs, path
