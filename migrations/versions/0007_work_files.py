"""Work files and the list they follow."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing yet."""
