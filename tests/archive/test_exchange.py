"""A book goes out as a bag and comes in again the same; a bag that somebody touched does not."""

import hashlib
import io
import json

import pytest
import sqlalchemy as sa

import migrations
from archive import bagit, exchange, history, intake, register, trace
from archive.errors import Conflict, CopyBroken, NotEmpty, NotFound
from archive.models import (
    ClosedDay,
    Document,
    Event,
    ImportedEvent,
    RegisterEntry,
    RouteRow,
    Scan,
    Unit,
    Words,
)
from archive.office_files import DOCX
from archive.pipeline import quarantine
from archive.search import indexing, open_search
from tests import engines, originals
from tests.archive import kept, office_samples, offices
from tests.archive.kept import Office
from tests.archive.paper import letter
from tests.archive.test_quarantine import mark_on


def silent(*_):
    pass


@pytest.fixture
def office(settings, office_engine):
    office = Office(settings, office_engine)
    office.furnish(2)
    kept.close_day(office)
    with office.sessions.begin() as session:  # one paper cites another of the book
        first, second = session.scalars(sa.select(Document).order_by(Document.created_at)).all()[1:]
        second.citations[0].target_id = first.id
    return office


@pytest.fixture
def other(engine, engine_settings, settings, tmp_path):
    """Another, empty archive, on SQLite and on PostgreSQL."""
    if engine.dialect.name == "postgresql" and not engines.SERVERS:
        place = kept.empty(engine_settings, tmp_path / "other", engine_settings.database)
        yield Office(place, engine)
        return
    place = kept.empty(settings, tmp_path / "other")
    office = kept.opened(place)
    migrations.upgrade(office.engine)
    yield office
    office.close()


def export(office, root, book="den"):
    return exchange.export(office.readers, office.blobs, book, 2026, root, tell=silent)


def take(office, root, *, keeps_secrets=True, harmless=()):
    """Without the look for marks of secrecy, which the last tests ask for: it starts a child."""
    return exchange.take_over(
        office.sessions, office.blobs, root, actor="mai", tell=silent, keeps_secrets=keeps_secrets, harmless=harmless
    )


def count(office, kind):
    with office.readers() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(kind))


def manifest(root):
    return (root / "manifest-sha256.txt").read_text()


def bag_of(office, tmp_path):
    export(office, tmp_path / "bag")
    return tmp_path / "bag"


def test_out_in_and_out_again_is_the_same_bag(office, other, tmp_path):
    bag = bag_of(office, tmp_path)
    done = take(other, bag)
    assert (done.documents, done.entries, done.known) == (2, 4, 0)
    index = open_search(engines.SEARCH, other.settings.data, other.settings.database_url)
    indexing.keep_up(other.sessions, index)  # what search writes to a document does not change it
    index.close()
    export(other, tmp_path / "again")
    assert manifest(tmp_path / "again") == manifest(bag)
    with other.readers() as session:
        assert list(history.broken(session)) == []
        assert register.missing(session, "den", 2026) == []
        assert session.query(ClosedDay).one().lines == 3
        second = session.scalars(sa.select(Document).order_by(Document.created_at)).all()[-1]
        assert second.citations[0].target_id is not None
        assert [one.unit for one in sorted(second.routes, key=lambda one: one.id)] == ["Văn phòng", "Phòng dịch"]
        assert second.routes[1].parent_id == second.routes[0].id
        assert [step.event for step in trace.of_document(session, second)] == ["registered"]
        assert other.blobs.verify(second.scan.sha256)


def test_taking_a_bag_over_again_changes_nothing(office, other, tmp_path):
    bag = bag_of(office, tmp_path)
    take(other, bag)
    before, events = kept.rows(other.engine, ()), count(other, Event)
    again = take(other, bag)
    assert (again.documents, again.entries, again.known) == (0, 0, 6)
    assert kept.rows(other.engine, ()) == before and count(other, Event) == events
    assert take(office, bag).known == 6  # nor in the archive it came from
    assert count(office, ImportedEvent) == 0


def test_a_book_goes_on_after_what_was_taken_over(office, other, tmp_path):
    take(other, bag_of(office, tmp_path))
    with other.sessions.begin() as session:
        paper = offices.document(session)
        day = kept.dt.date(2026, 4, 1)
        assert register.register(session, paper, "den", day, actor="mai").number == 5


def test_numbers_that_are_others_here_are_named_and_nothing_is_written(office, other, tmp_path):
    bag = bag_of(office, tmp_path)
    with other.sessions.begin() as session:
        register.register(session, offices.document(session), "den", kept.DAY, 2, actor="mai")
        session.add(Unit(id="van_phong", name="Tên khác"))
    before = kept.rows(other.engine, ())
    with pytest.raises(Conflict, match=r"số 2.*van_phong"):
        take(other, bag)
    assert kept.rows(other.engine, ()) == before and list(other.blobs.walk()) == []


def test_the_same_paper_under_another_id_is_named(office, other, tmp_path):
    bag = bag_of(office, tmp_path)
    other.read(other.receive(2), 2)
    with pytest.raises(Conflict, match="dưới mã khác"):
        take(other, bag)
    assert count(other, RegisterEntry) == 0


def test_a_line_that_awaits_its_paper_here_is_filled(office, other, tmp_path):
    bag = bag_of(office, tmp_path)
    with other.sessions.begin() as session:
        register.register(session, offices.document(session), "den", kept.DAY, 6, actor="mai")
    assert take(other, bag).entries == 4
    with other.readers() as session:
        lines = session.scalars(sa.select(RegisterEntry).order_by(RegisterEntry.number)).all()
        assert [one.status for one in lines] == ["void", "registered", "void", "registered", "awaited", "registered"]


def test_a_paper_in_quarantine_stays_behind(office, tmp_path):
    with office.sessions.begin() as session:
        scan = session.scalars(sa.select(Document).order_by(Document.created_at)).all()[1].scan
        scan.status, sha256 = "quarantined", scan.sha256
    done = export(office, tmp_path / "bag")
    assert (done.documents, done.entries, done.withheld) == (1, 4, 1)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "bag").rglob("*.json"))
    assert sha256.encode() not in everything and not (tmp_path / "bag" / "data" / "originals" / sha256).exists()


def test_a_damaged_original_leaves_no_bag(office, tmp_path):
    with office.readers() as session:
        sha256 = session.scalars(sa.select(Document).order_by(Document.created_at)).all()[1].scan.sha256
    originals.damage(office.blobs, sha256, b"x")
    with pytest.raises(CopyBroken, match=sha256[:12]):
        export(office, tmp_path / "bag")
    assert [path for path in tmp_path.iterdir() if "bag" in path.name] == []
    with pytest.raises(NotFound):
        export(office, tmp_path / "bag", "khong")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(NotEmpty):
        export(office, tmp_path / "full")


# ------------------------------------------------------------------------------------------------ touched bags


def one_byte(bag):
    file = next((bag / "data" / "originals").iterdir())
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def a_missing_file(bag):
    next((bag / "data" / "documents").iterdir()).unlink()


def one_file_more(bag):
    (bag / "data" / "thêm.txt").write_text("x")


def one_tag_file_more(bag):
    (bag / "fetch.txt").write_text("https://example.com/a 1 data/a\n")


def a_way_up(bag):
    rewrite(bag, "manifest-sha256.txt", lambda text: text + f"{'0' * 64}  data/../../etc/passwd\n")


def an_escaped_way_up(bag):
    rewrite(bag, "manifest-sha256.txt", lambda text: text + f"{'0' * 64}  data/%2e%2e/x\n")


def a_link(bag):
    file = next((bag / "data" / "originals").iterdir())
    file.rename(bag.parent / "elsewhere")
    file.symlink_to(bag.parent / "elsewhere")


def a_linked_folder(bag):
    (bag / "data" / "originals").rename(bag.parent / "folder")
    (bag / "data" / "originals").symlink_to(bag.parent / "folder")


def no_tag_manifest(bag):
    (bag / "tagmanifest-sha256.txt").unlink()


def rewrite(bag, name, change):
    (bag / name).write_text(change((bag / name).read_text("utf-8")), "utf-8")


TOUCHES = [one_byte, a_missing_file, one_file_more, one_tag_file_more, a_way_up, an_escaped_way_up, a_link,
           a_linked_folder, no_tag_manifest]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory, _template):
    """A bag, made once; and an empty archive to which nothing ever comes."""
    from archive.config import Settings

    folder = tmp_path_factory.mktemp("bags")
    places = [folder / name for name in ("from", "to")]
    there, here = (Settings(data=one, reserve_mb=1, **engines.at(one, tables=True)) for one in places)
    office = Office(there, engines.migrated(there, _template))
    office.furnish(2)
    export(office, folder / "bag")
    to = Office(here, engines.migrated(here, _template))
    yield folder / "bag", to
    office.close()
    to.close()


@pytest.fixture
def bag(made, tmp_path):
    import shutil

    shutil.copytree(made[0], tmp_path / "bag")
    return tmp_path / "bag"


def refused(made, bag, match=None):
    with pytest.raises(CopyBroken, match=match):
        take(made[1], bag)
    assert count(made[1], Scan) == count(made[1], Event) == 0 and list(made[1].blobs.walk()) == []


@pytest.mark.parametrize("touch", TOUCHES)
def test_a_bag_that_was_touched_is_refused_before_anything_is_written(made, bag, touch):
    touch(bag)
    refused(made, bag)


def sealed(bag):
    """Manifests as if the bag had been made like this."""
    files = [path for path in (bag / "data").rglob("*") if path.is_file()]
    lines = sorted(
        f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.relative_to(bag).as_posix()}" for one in files
    )
    (bag / "manifest-sha256.txt").write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda x: x[66:])))
    tags = [bag / name for name in bagit.TAGS]
    (bag / "tagmanifest-sha256.txt").write_text(
        "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in tags)
    )


def changed(bag, kind, change):
    file = bag / "data" / "book.json" if kind == "book" else sorted((bag / "data" / "documents").iterdir())[0]
    told = json.loads(file.read_text("utf-8"))
    change(told)
    file.write_text(json.dumps(told), "utf-8")
    sealed(bag)


def put(path, value):
    """A change of a told value: `put("document.status", 5)`."""

    def change(told):
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in way:
            told = told[part]
        told[last] = value

    return change


HOSTILE = [
    ("paper", put("document.status", "x" * 50)), ("paper", put("document.id", "../../../etc")),
    ("paper", put("document.doubts", "5")), ("paper", put("document.fields", [1])),
    ("paper", put("document.fields.subject", {"value": {"$ref": 1}})), ("paper", put("unknown", 1)),
    ("paper", put("document.text", "a\0b")), ("paper", put("document.scan_id", "0" * 32)),
    ("paper", put("scan.sha256", "0" * 64)), ("paper", put("scan.status", "quarantined")),
    ("paper", put("scan.media_type", "text/html")),
    ("paper", put("scan.received_at", "hôm qua")), ("paper", put("scan.size", 1 << 70)),
    ("paper", put("history.0.actor", "người khác")), ("paper", put("routes.1.parent", 9)),
    ("paper", put("routes.0.row.unit_id", "mat")), ("paper", put("entries.0.number", 77)),
    ("paper", put("pages.0.words", [["a", [0, 0], 1, 0, 0, 0]])), ("paper", put("pages.0.words", None)),
    ("paper", put("findings.0.confidence", float("nan"))), ("paper", put("document.flags", [["x"]])),
    ("book", put("entries.0.number", 0)), ("book", put("entries.0.number", 2)),
    ("book", put("entries.0.book_id", "khac")),
    ("book", put("last", 9_000_000)), ("book", put("book", "../x")), ("book", put("entries.1.status", "lạ")),
    ("book", put("units.0.id", "A B")), ("book", put("history", [{"seq": 1}])), ("book", put("year", "2026")),
    ("book", put("entries.1.document_id", "0" * 32)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_what_has_not_our_shape_is_refused_though_every_hash_is_right(made, bag, case):
    changed(bag, *HOSTILE[case])
    refused(made, bag)


def test_deep_json_and_files_that_are_no_json_are_refused(made, bag):
    (bag / "data" / "book.json").write_text("[" * 100_000 + "]" * 100_000)
    sealed(bag)
    refused(made, bag, "book.json")
    (bag / "data" / "book.json").write_bytes(b"\xff\xfe")
    sealed(bag)
    refused(made, bag, "book.json")


def test_an_untouched_copy_is_taken(made, bag, settings, office_engine):
    sealed(bag)
    here = Office(settings, office_engine)
    assert take(here, bag).documents == 2
    assert count(here, Words) == 2 and count(here, RouteRow) == 4


@pytest.mark.parametrize(
    "change",
    [put("document.secrecy", "Mật"), lambda told: told["marks"][0].update(kind="secrecy", text="TUYỆT MẬT")],
    ids=["graded", "marked"],
)
def test_a_secret_paper_does_not_come_in_a_bag_where_secrets_are_quarantined(
    made, bag, settings, office_engine, change
):
    """An archive on a network of its own (VANTHU_SECRETS=allow) writes them into its bags."""
    changed(bag, "paper", change)
    here = Office(settings, office_engine)
    with pytest.raises(Conflict, match="mật"):
        take(here, bag, keeps_secrets=False)
    assert count(here, Scan) == count(here, Event) == 0 and list(here.blobs.walk()) == []
    assert take(here, bag).documents == 2


def test_nor_does_a_typed_one_whose_pages_are_made_only_here(libreoffice, settings, office_engine, tmp_path):
    there = Office(settings, office_engine)
    typed = io.BytesIO(office_samples.docx(office_samples.marked("TỐI MẬT") + office_samples.paragraph("Số: 12")))
    got = intake.receive(
        there.sessions, there.blobs, settings, typed, "a.docx", actor="lan", source="cli", media_type=DOCX
    )
    paper = there.read(got.scan_id, 1)
    with there.sessions.begin() as session:
        register.register(session, session.get(Document, paper), "den", kept.DAY, actor="lan")
    bag = bag_of(there, tmp_path)
    here = kept.opened(kept.empty(settings, tmp_path / "other"))
    migrations.upgrade(here.engine)
    with pytest.raises(Conflict, match=f"văn bản {paper}: đầu trang 1 có dấu mật"):
        take(here, bag, keeps_secrets=False)
    assert take(here, bag).documents == 1
    here.close()


def test_a_paper_whose_original_bears_a_mark_nobody_told_of_does_not_come_in(settings, office_engine, tmp_path):
    """Its words say nothing of it: whoever made the bag never looked, or did not find."""
    there = Office(settings, office_engine)
    plain = there.paper(1)
    marked = io.BytesIO()
    mark_on(letter()).save(marked, "PNG", dpi=(200, 200))
    got = intake.receive(
        there.sessions, there.blobs, settings, io.BytesIO(marked.getvalue()), "a.png", actor="lan", source="cli"
    )
    paper = there.read(got.scan_id, 2)
    with there.sessions.begin() as session:
        register.register(session, session.get(Document, paper), "den", kept.DAY, actor="lan")
        history.append(session, "lan", quarantine.RELEASED, got.scan_id, {})  # there; here it is a stranger's word
    bag = bag_of(there, tmp_path)
    here = kept.opened(kept.empty(settings, tmp_path / "other"))
    migrations.upgrade(here.engine)
    with pytest.raises(Conflict, match=f"văn bản {paper}: đầu trang 1 có dấu mật") as said:
        take(here, bag, keeps_secrets=False)
    assert plain not in str(said.value)
    assert count(here, Scan) == count(here, Event) == 0 and list(here.blobs.walk()) == []
    assert take(here, bag, keeps_secrets=False, harmless=[paper]).documents == 2
    with here.readers() as session:
        told = session.scalars(sa.select(Event).where(Event.action == "secrecy_released")).one()
        assert (told.actor, told.subject) == ("mai", got.scan_id)
    here.close()
