"""The clerk's word stands, beside the machine's; nothing is overwritten unseen."""

import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from archive import answer, records, register, review
from archive.errors import BadValue, Conflict
from archive.findings import Finding
from archive.models import Confirmation, Document, Event, Outbox, Scan, StampRow
from archive.pipeline import Archive
from archive.pipeline.understanding import keep_extract
from archive.steps import Extraction
from tests.archive import offices

NOW = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)


def correct(session, document, values, **more):
    return review.correct(session, document, values, actor="lan", at=NOW, **more)


def test_a_corrected_value_stands_and_the_machine_s_is_kept(sessions):
    with sessions.begin() as session:
        paper = offices.document(session, fields={"subject": offices.field("ve phong dich")}, subject="ve phong dich")
        correct(session, paper, {"subject": "về  phòng\ndịch"})
        assert paper.subject == "về phòng dịch"
        field = paper.fields["subject"]
        assert (field["value"], field["sure"], field["confidence"], field["source"]) == (
            "về phòng dịch", True, 1.0, "person",
        )  # fmt: skip
        assert field["others"][0]["value"] == "ve phong dich"
        assert field["box"] == [0.1, 0.1, 0.2, 0.2]
        kept = session.get(Confirmation, (paper.id, "subject"))
        assert (kept.machine, kept.value, kept.by) == ("ve phong dich", "về phòng dịch", "lan")
        correct(session, paper, {"subject": "khác"})
        assert session.get(Confirmation, (paper.id, "subject")).machine == "ve phong dich"


def test_a_correction_counts_up_the_version_leaves_an_event_and_is_indexed(sessions):
    with sessions.begin() as session:
        paper = offices.document(session, fields={"place": offices.field("Hà Nôi"), "date": offices.field(None)})
        correct(session, paper, {"place": "Hà Nội"})
        assert (paper.version, paper.doubts) == (2, 1)
        assert session.scalars(sa.select(Outbox.document_id)).all() == [paper.id]
        event = session.scalars(sa.select(Event)).one()
        assert (event.action, event.actor, event.subject) == ("corrected", "lan", paper.id)
        assert '"place":["Hà Nôi","Hà Nội"]' in event.data


def test_a_stale_version_changes_nothing(sessions):
    with sessions.begin() as session:
        paper = offices.document(session)
        correct(session, paper, {"place": "Hà Nội"}, if_version=1)
        with pytest.raises(Conflict, match="người khác"):
            correct(session, paper, {"place": "Huế"}, if_version=1)
        assert paper.fields["place"]["value"] == "Hà Nội"


def test_the_handwritten_number_completes_the_code(sessions):
    with sessions.begin() as session:
        fields = {
            "number": offices.field(None), "symbol": offices.field("UBND-KTTH", 0.98, True),
            "full_code": offices.field(None, partial="/UBND-KTTH"),
        }  # fmt: skip
        paper = offices.document(session, fields=fields, symbol="UBND-KTTH", system="state")
        correct(session, paper, {"number": "574"})
        assert (paper.number, paper.full_code) == ("574", "574/UBND-KTTH")
        assert paper.fields["full_code"]["sure"]


@pytest.mark.parametrize(
    ("system", "symbol", "code", "number", "expected"),
    [
        ("party", "CV/TU", None, "182", "182-CV/TU"),
        ("state", "NĐ-CP", "3/2020/NĐ-CP", "30", "30/2020/NĐ-CP"),
        ("state", "UBND-VX", "47/UBND-VX", "471", "471/UBND-VX"),
        (None, "UBND-VX", None, "15a", "15a/UBND-VX"),
    ],
)
def test_a_number_goes_into_the_code_the_way_its_system_writes_it(
    office_sessions, system, symbol, code, number, expected
):
    with office_sessions.begin() as session:
        fields = {"full_code": offices.field(code)}
        paper = offices.document(session, system=system, symbol=symbol, full_code=code, fields=fields)
        assert correct(session, paper, {"number": number}).full_code == expected


def test_a_typed_code_is_taken_apart(office_sessions):
    with office_sessions.begin() as session:
        paper = correct(session, offices.document(session), {"full_code": "30/2020/NĐ-CP"})
        assert (paper.number, paper.symbol) == ("30", "NĐ-CP")


@pytest.mark.parametrize("typed", ["2020-03-30", "30/3/2020", "30.3.20", "30-03-2020", "ngày 30 tháng 3 năm 2020"])
def test_dates_are_read_day_first(office_sessions, typed):
    with office_sessions.begin() as session:
        assert correct(session, offices.document(session), {"date": typed}).date == "2020-03-30"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "31/2/2020"), ("date", "hôm qua"), ("date", "30/3"), ("number", "năm"), ("number", "1; DROP"),
        ("secrecy", "hơi mật"), ("nonsense", "x"), ("stamp.nonsense", "x"), ("subject", "a\x00b"),
        ("subject", "x" * 6000), ("full_code", "x" * 81), ("subject", ["x"]), ("recipients", "x"), ("date", 20200330),
        ("recipients", ["x"] * 301), ("../x.y", "x"), ("place", "\ud800"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_changes(office_sessions, name, value):
    with office_sessions.begin() as session:
        paper = offices.document(session)
        with pytest.raises(BadValue):
            correct(session, paper, {"place": "Huế", name: value})
        assert (paper.version, paper.fields) == (1, {})


def test_nothing_typed_says_that_the_paper_does_not_say(office_sessions):
    with office_sessions.begin() as session:
        paper = offices.document(session, number="7", fields={"number": offices.field("7")})
        correct(session, paper, {"number": "  "})
        assert paper.number is None
        assert (paper.fields["number"]["value"], paper.fields["number"]["sure"]) == (None, True)


def test_urgency_is_written_as_the_law_writes_it(office_sessions):
    with office_sessions.begin() as session:
        assert correct(session, offices.document(session), {"urgency": "HOẢ TỐC"}).urgency == "Hỏa tốc"


def test_lists_and_a_plugin_s_own_fields_can_be_corrected(office_sessions):
    with office_sessions.begin() as session:
        paper = correct(
            session, offices.document(session), {"recipients": ["Như trên", " "], "cao_bang.file_code": "H1"}
        )
        assert list(paper.lists["recipients"]) == ["Như trên"]
        assert paper.fields["cao_bang.file_code"]["value"] == "H1"


def test_the_stamp_shows_what_the_clerk_says(office_sessions):
    with office_sessions.begin() as session:
        paper = offices.document(session)
        read = {"field": "number", "value": "1167", "confidence": 0.5, "page": 1, "box": [0, 0, 0.1, 0.1],
                "partial": None, "reason": "", "witness": "pen", "source": "pen 1"}  # fmt: skip
        session.add(StampRow(scan_id=paper.scan_id, document_id=paper.id, page=1, findings=[read]))
        session.flush()
        correct(session, paper, {"stamp.number": "1161", "stamp.date": "25/3/20"})
        shown = answer.of_document(session, paper)["stamp"]["fields"]
        assert (shown["number"]["value"], shown["number"]["sure"]) == ("1161", True)
        assert shown["date"]["value"] == "2020-03-25"
        assert session.get(Confirmation, (paper.id, "stamp.number")).machine == "1167"


def test_a_new_reading_stands_beside_the_clerk_s_word(office_sessions):
    with office_sessions.begin() as session:
        paper = offices.document(session, fields={"subject": offices.field("ve phong dich")})
        correct(session, paper, {"subject": "về phòng dịch"})
        again = Finding("subject", "về phòng địch", 0.99, page=1, box=(0.1, 0.2, 0.3, 0.4), source="national 2.0")
        records.keep_findings(session, paper, [again], NOW)
        records.resettle(session, paper)
        field = paper.fields["subject"]
        assert (paper.subject, field["sure"], field["source"]) == ("về phòng dịch", True, "person")
        assert (field["page"], field["box"]) == (1, [0.1, 0.2, 0.3, 0.4])
        assert [one["value"] for one in field["others"]] == ["về phòng địch"]


def test_confirming_accepts_what_stands_and_leaves_the_unread_in_doubt(sessions):
    with sessions.begin() as session:
        fields = {
            "subject": offices.field("về"),
            "number": offices.field(None),
            "urgency": offices.field(None, 1, True),
        }
        paper = offices.document(session, fields=fields)
        review.confirm(session, paper, "lan", at=NOW)
        assert paper.fields["subject"]["sure"] and paper.fields["urgency"]["sure"]
        assert not paper.fields["number"]["sure"]
        assert (paper.doubts, paper.version) == (1, 2)
        assert {row.field for row in session.scalars(sa.select(Confirmation))} == {"subject", "urgency"}


def test_a_correction_after_registering_goes_into_the_book_with_a_trace(office_sessions):
    with office_sessions.begin() as session:
        paper = offices.document(session, issuing_organ="UBND A")
        entry = register.register(session, paper, "den", dt.date(2026, 3, 25), actor="lan", at=NOW)
        correct(session, paper, {"issuing_organ": "UBND tỉnh A"})
        assert entry.issuer == "UBND tỉnh A"
        actions = session.scalars(sa.select(Event.action).order_by(Event.seq)).all()
        assert actions == ["registered", "entry_amended", "corrected"]


def test_a_void_document_is_not_changed(office_sessions):
    with office_sessions.begin() as session:
        paper = offices.document(session, status="void")
        with pytest.raises(Conflict, match="huỷ"):
            correct(session, paper, {"place": "Huế"})


def test_what_is_confirmed_while_a_step_is_finished_is_not_overwritten(engine_settings, sessions, monkeypatch):
    said = Finding("subject", "ve phong địch", 0.99, source="national 2.0")
    with sessions.begin() as session:
        paper = offices.document(session, fields={"subject": offices.field("ve phong dich")})
        # Read before: a finding that is written now would lock the document by its foreign key.
        records.keep_findings(session, paper, [said], NOW)
    keep = records.keep

    def clerk():
        with sessions.begin() as session:
            correct(session, session.get(Document, paper.id), {"subject": "về phòng dịch"})

    hand = threading.Thread(target=clerk)

    def keep_slowly(document, record):
        hand.start()
        hand.join(timeout=0.7)  # on the way to the desk
        keep(document, record)

    monkeypatch.setattr(records, "keep", keep_slowly)
    with sessions.begin() as session:
        scan = session.get(Scan, paper.scan_id, with_for_update=True)
        keep_extract(session, Archive.of(engine_settings, sessions), scan, None, [Extraction((said,))])
    hand.join()
    with sessions() as session:
        assert session.get(Document, paper.id).subject == "về phòng dịch"
