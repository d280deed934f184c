"""Second factors, addresses that failed, identities of other servers; signed-in browsers get an id and an address.

Everybody signs in once more after this: what browsers were signed in with is let go.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """The tables of the door."""
    _change_session()
    op.create_table(
        "second_factor",
        _user(), sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger(), nullable=False), sa.Column("recovery", sa.JSON(), nullable=False),
        _of_user("second_factor"), sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )  # fmt: skip
    op.create_table(
        "known_place", _user(), *_failures(), _of_user("known_place"),
        sa.PrimaryKeyConstraint("user_id", "address", name=op.f("pk_known_place")),
    )  # fmt: skip
    op.create_table("failed_place", *_failures(), sa.PrimaryKeyConstraint("address", name=op.f("pk_failed_place")))
    op.create_index(op.f("ix_failed_place_seen_at"), "failed_place", ["seen_at"])
    op.create_table(
        "sign_in_step",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        _user(nullable=True), sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _of_user("sign_in_step"), sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sign_in_step")),
    )  # fmt: skip
    op.create_table(
        "identity",
        sa.Column("id", sa.String(length=32), nullable=False), _user(),
        sa.Column("issuer", sa.String(length=300), nullable=False), sa.Column("email", sa.String(length=200)),
        sa.Column("subject", sa.String(length=255)), _of_user("identity"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("user_id", name=op.f("uq_identity_user_id")),
        sa.UniqueConstraint("issuer", "email", name=op.f("uq_identity_issuer_email")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identity_issuer_subject")),
    )  # fmt: skip


def _change_session() -> None:
    op.execute(sa.delete(sa.table("session")))
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("id", sa.String(length=32), nullable=False))
        batch.add_column(sa.Column("address", sa.String(length=45), nullable=False))
        batch.create_unique_constraint(op.f("uq_session_id"), ["id"])


def _user(*, nullable: bool = False) -> sa.Column[str]:
    return sa.Column("user_id", sa.String(length=32), nullable=nullable)


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{table}_user_id_user"), ondelete="CASCADE")


def _failures() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True)),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    ]
