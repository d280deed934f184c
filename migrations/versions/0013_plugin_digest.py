"""What code of a drop-in plugin was switched on: those that ran before are to be switched on once."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """SHA-256 of the plugin's files, empty where nobody has agreed to them."""
    op.add_column("plugin", sa.Column("digest", sa.String(length=64), server_default="", nullable=False))
