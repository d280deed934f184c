"""On SQLite no event is written over by INSERT OR REPLACE, which deletes without asking the trigger on DELETE."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """A place in the chain that is taken is not given again; PostgreSQL knows no such INSERT."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(
        "CREATE TRIGGER event_no_replace BEFORE INSERT ON event "
        "WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq OR hash = NEW.hash) "
        "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
    )
