"""The books of the office, days closed, lines written by hand."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
