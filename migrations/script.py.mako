"""${message}

A rule for whoever writes this: batch moves on SQLite drop the triggers of the table they rebuild; make the
triggers of `event` again. Move data in plain SQL, never through archive.models, which will change.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
