"""What an archive that was restored must ask before it gives numbers."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nothing yet."""
