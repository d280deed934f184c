"""Who stands in for whom, from when to when."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing yet."""
