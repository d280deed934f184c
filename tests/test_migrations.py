"""Migrations: empty and filled databases reach the head, nothing is lost on the way, and failures change nothing."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations

import migrations
from archive import database
from archive.history import append
from archive.models import Base, Document, Event, PageRow, Scan, Words


def fill(engine):
    with database.sessions(engine).begin() as session:
        scan = Scan(sha256="a" * 64, filename="cv.pdf", media_type="application/pdf", size=9, received_by="lan")
        scan.documents = [Document(subject="về việc thử")]
        scan.page_rows = [PageRow(number=1, source="ocr", words=Words(data=b"x"))]
        session.add(scan)
        append(session, "lan", "received", "1")


def counts(engine):
    with engine.connect() as connection:
        tables = ("scan", "document", "page", "words", "event")
        return [connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) for name in tables]


def rebuild(engine, table, *, foreign_keys):
    """What Alembic's batch mode does to a table, with foreign keys on or off."""
    with engine.connect() as connection:
        connection.connection.cursor().execute(f"PRAGMA foreign_keys={foreign_keys}")
        with connection.begin():
            operations = Operations(MigrationContext.configure(connection, opts={"render_as_batch": True}))
            with operations.batch_alter_table(table, recreate="always") as batch:
                batch.add_column(sa.Column("note", sa.String(10)))


SYNTHETIC = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    with op.batch_alter_table("scan") as batch:  # a wider column: SQLite copies the table, PostgreSQL alters it
        batch.alter_column("filename", type_=sa.String(600), existing_type=sa.String(500))
        batch.add_column(sa.Column("note", sa.String(10)))
    op.execute(sa.text("{more}"))
"""


@pytest.fixture
def one_more(tmp_path, monkeypatch):
    """Adds a migration after the head, as a later version of the product would."""

    def add(more):
        folder = tmp_path / "later"
        folder.mkdir()
        (folder / "v9999.py").write_text(SYNTHETIC.format(head=migrations.head(), more=more))
        plain = migrations._config

        def config(engine):
            made = plain(engine)
            own = made.get_main_option("script_location")
            made.set_main_option("version_locations", f"{own}/versions;{folder}")
            made.set_main_option("path_separator", ";")
            return made

        monkeypatch.setattr(migrations, "_config", config)

    return add


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def own_engine(request):
    """A migrated database that this test may alter: the one of `engine` serves the whole run on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("office_engine")
        return
    engine = database.open_engine(request.getfixturevalue("empty_postgres"))
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


def test_an_empty_database_reaches_the_head(engine):
    assert migrations.current(engine) == migrations.head()


def test_the_models_are_what_the_migrations_make(engine):
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_upgrading_again_changes_nothing(engine):
    fill(engine)
    migrations.upgrade(engine)
    assert counts(engine) == [1, 1, 1, 1, 1]


def test_a_database_without_tables_has_no_revision(tmp_path):
    empty = database.open_engine(f"sqlite:///{tmp_path / 'empty.db'}", durable=False)
    assert migrations.current(empty) is None


@pytest.mark.embedded("SQLite makes a table anew to change it")
def test_rebuilding_a_table_with_foreign_keys_on_would_lose_its_children(office_engine):
    fill(office_engine)
    rebuild(office_engine, "scan", foreign_keys="ON")
    assert counts(office_engine) == [1, 0, 0, 0, 1]


def test_a_later_migration_of_a_filled_database_keeps_every_row(own_engine, one_more):
    fill(own_engine)
    one_more("SELECT 1")
    migrations.upgrade(own_engine)
    assert migrations.current(own_engine) == "9999"
    assert counts(own_engine) == [1, 1, 1, 1, 1]


@pytest.mark.embedded("SQLite makes a table anew to change it")
def test_a_migration_that_leaves_orphans_is_refused_and_undone(office_engine, one_more):
    fill(office_engine)
    before = migrations.current(office_engine)
    one_more("DELETE FROM scan")
    with pytest.raises(RuntimeError, match="without their parents"):
        migrations.upgrade(office_engine)
    assert migrations.current(office_engine) == before
    assert counts(office_engine) == [1, 1, 1, 1, 1]
    assert "note" not in {c["name"] for c in sa.inspect(office_engine).get_columns("scan")}


@pytest.mark.parametrize("statement", [sa.update(Event).values(actor="ai đó"), sa.delete(Event)])
def test_events_can_neither_be_changed_nor_deleted(engine, statement):
    fill(engine)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(statement)
    assert counts(engine)[-1] == 1


@pytest.mark.embedded("only SQLite writes one row over another without deleting it")
@pytest.mark.parametrize("same", ["seq", "hash"])
def test_no_event_is_written_over(office_engine, same):
    fill(office_engine)
    forged = {"seq": "seq + 1", "hash": "'0' || hash", "actor": "'ai đó'"} | {same: same}
    columns = [column.name for column in Event.__table__.columns]
    values = ", ".join(forged.get(name, name) for name in columns)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), office_engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT OR REPLACE INTO event ({', '.join(columns)}) SELECT {values} FROM event")


@pytest.mark.embedded("SQLite makes a table anew to change it")
def test_foreign_keys_are_on_again_after_a_migration(office_engine, one_more):
    one_more("SELECT 1")
    migrations.upgrade(office_engine)
    with office_engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
