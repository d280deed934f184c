"""vanthu user and token."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from archive.config import ROLES
from archive.errors import NotFound
from server.commands import ACTOR, Desk, show

if TYPE_CHECKING:
    from archive.models import User


@click.group()
def user() -> None:
    """The people who may sign in."""


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--unit", help="Name of the unit; made when there is none.")
@click.option("--full-name", default="", help="As it is shown.")
@click.option("--password", help="Asked for when left out.")
@click.pass_obj
def add(desk: Desk, name: str, role: str, unit: str | None, full_name: str, password: str | None) -> None:
    """Add a person."""
    from archive import people

    password = password or click.prompt("Mật khẩu", hide_input=True, confirmation_prompt=True)
    with desk.sessions.begin() as session:
        made = people.add_user(session, name, role, unit, password, full_name=full_name, actor=ACTOR)
    click.echo(f"Đã thêm {made.name} ({role}).")


@user.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(desk: Desk, as_json: bool) -> None:
    """Who may sign in."""
    from archive.models import User

    with desk.readers() as session:
        for one in session.scalars(sa.select(User).order_by(User.name)):
            facts = {"name": one.name, "role": one.role, "unit": one.unit_id, "active": one.active}
            if as_json:
                show(facts)
            else:
                click.echo("  ".join(str(value) for value in facts.values()))


@user.command("password")
@click.argument("name")
@click.option("--password", help="Asked for when left out.")
@click.pass_obj
def password_(desk: Desk, name: str, password: str | None) -> None:
    """Set a new password; signs the person out everywhere."""
    from archive import people

    password = password or click.prompt("Mật khẩu mới", hide_input=True, confirmation_prompt=True)
    with desk.sessions.begin() as session:
        people.change_password(session, _known(session, name), password, actor=ACTOR)
    click.echo(f"Đã đổi mật khẩu của {name}.")


@user.command("disable")
@click.argument("name")
@click.pass_obj
def disable(desk: Desk, name: str) -> None:
    """Let a person in no more: signed out everywhere, keys revoked."""
    from archive import people

    with desk.sessions.begin() as session:
        people.disable_user(session, _known(session, name), actor=ACTOR)
    click.echo(f"{name} không vào được nữa; các khoá đã thu hồi.")


@user.command("unlock")
@click.argument("name")
@click.pass_obj
def unlock(desk: Desk, name: str) -> None:
    """Let a person try again at once who mistyped too often, or whom strangers kept out."""
    from archive import lockout

    with desk.sessions.begin() as session:
        lockout.unlock(session, _known(session, name), actor=ACTOR)
    click.echo(f"{name} thử lại được ngay.")


@user.command("second-factor")
@click.argument("name")
@click.option("--off", is_flag=True, required=True, help="The telephone is lost and so are the recovery codes.")
@click.pass_obj
def second_factor_(desk: Desk, name: str, off: bool) -> None:  # noqa: ARG001
    """Take a person's second factor off; signs the person out everywhere."""
    from archive import second_factor

    with desk.sessions.begin() as session:
        second_factor.switch_off(session, _known(session, name), actor=ACTOR)
    click.echo(f"{name} vào được chỉ bằng mật khẩu, cho đến khi đăng ký điện thoại mới.")


@user.command("identity")
@click.argument("name")
@click.option("--email", default="", help="A mail address that the sign-in server has verified.")
@click.option("--sub", default="", help="What the sign-in server calls the person.")
@click.pass_obj
def identity(desk: Desk, name: str, email: str, sub: str) -> None:
    """Say who a person is at the sign-in server of VANTHU_OIDC_ISSUER; with neither option: nobody."""
    from archive import identities

    with desk.sessions.begin() as session:
        person = _known(session, name)
        if email or sub:
            identities.name(session, person, desk.settings.oidc_issuer, email=email, subject=sub, actor=ACTOR)
        else:
            identities.forget(session, person, actor=ACTOR)
    click.echo(f"Đã ghi danh tính của {name}.")


@click.group()
def token() -> None:
    """Keys for programs."""


@token.command("new")
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, help="read,write,admin")
@click.option("--user", "owner", metavar="NAME", help="Whose rights it has; default: the user called NAME.")
@click.option("--days", type=click.IntRange(1, 3660), help="How long it opens anything; for ever when left out.")
@click.pass_obj
def new(desk: Desk, name: str, scopes: str, owner: str | None, days: int | None) -> None:
    """Print a new key, alone; it cannot be shown again.

    It acts as --user, else as the user called NAME, else as an administrator.
    """
    from archive import people
    from archive.models import now

    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with desk.sessions.begin() as session:
        person = _known(session, owner) if owner else _find(session, name) or _administrator(session)
        end = now() + dt.timedelta(days=days) if days else None
        plain = people.new_token(session, person, name, wanted, actor=ACTOR, expires_at=end)
        click.echo(f"Khoá {name} có quyền của {person.name} ({person.role}).", err=True)
    click.echo(plain)


@token.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_tokens(desk: Desk, as_json: bool) -> None:
    """The keys there are, by how each begins, whose rights they have, and those that were revoked."""
    from archive.models import Token

    with desk.readers() as session:
        for one in session.scalars(sa.select(Token).order_by(Token.created_at)):
            facts = {"id": one.id, "name": one.name, "begins": one.prefix, "user": one.user.name, "scopes": one.scopes,
                     "revoked": one.revoked_at is not None}  # fmt: skip
            if as_json:
                show(facts)
            else:
                click.echo("  ".join(str(value) for value in facts.values()))


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke(desk: Desk, token_id: str) -> None:
    """From now on nobody gets in with the key of this ID (see list)."""
    from archive import people

    with desk.sessions.begin() as session:
        people.revoke_token(session, token_id, actor=ACTOR)
    click.echo("Đã thu hồi khoá.")


def _find(session: Session, name: str) -> User | None:
    from archive.models import User

    return session.scalar(sa.select(User).where(User.name == name.strip().casefold()))


def _known(session: Session, name: str) -> User:
    found = _find(session, name)
    if found is None:
        raise NotFound(f"Không có người dùng {name!r}.")
    return found


def _administrator(session: Session) -> User:
    from archive.models import User

    first = sa.select(User).where(User.role == "admin", User.active).order_by(User.created_at).limit(1)
    found = session.scalar(first)
    if found is None:
        raise NotFound("Chưa có quản trị viên nào. Hãy thêm một người trước: vanthu user add TÊN --role admin")
    return found
