"""When the bytes of each original were last looked at."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
