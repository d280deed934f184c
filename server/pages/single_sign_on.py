"""/login/oidc: to the province's sign-in server and back."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, render_template, request

from archive import half_way, identities
from archive.errors import ArchiveError, BadSettings, Forbidden, NotFound, Transient
from server import door
from server.errors import SAYS, status_of
from server.pages.sign_in import go_on, inside
from server.speech import gettext as _
from server.state import state

pages = Blueprint("single_sign_on", __name__)
NOBODY = (
    "Bạn đã đăng nhập ở máy chủ chung, nhưng ở đây chưa có tài khoản gắn với bạn. Hãy nhờ quản trị viên gắn tài khoản."
)
OVER = "Lần đăng nhập này đã quá lâu hoặc đã dùng rồi. Hãy bắt đầu lại."


@pages.get("/login/oidc")
def ask() -> Any:
    """Send the browser there."""
    provider = state().provider
    if provider is None:
        raise NotFound(SAYS[404])
    try:
        where, kept = provider.ask(back())
    except (Transient, BadSettings) as error:
        return refused(error)
    kept["next"] = inside(request.args.get("next"))
    with state().sessions.begin() as session:
        cookie = half_way.begin(session, "oidc", told=kept)
    return door.give_step(make_response(redirect(where, 303)), cookie)


@pages.get("/login/oidc/back")
def come_back() -> Any:
    """The server has sent the browser back with a code."""
    if state().provider is None:
        raise NotFound(SAYS[404])
    try:
        entry, target = _let_in(_kept())
    except (Forbidden, Transient, BadSettings) as error:
        return door.drop_step(make_response(refused(error)))
    answer = go_on(entry, target)
    return answer if entry.wants_code else door.drop_step(answer)


def _kept() -> dict[str, Any]:
    """What was remembered of this browser's question, once; Forbidden when it asked none or not this one."""
    cookie = request.cookies.get(door.step_name(), "")
    with state().sessions.begin() as session:
        step = half_way.find(session, "oidc", cookie)
        kept = step.told if step else {}
        taken = half_way.end(session, cookie)
    sent = request.args.get("state", "")
    if not kept or not taken or not hmac.compare_digest(sent.encode(), kept["state"].encode()):
        raise Forbidden(_(OVER))
    # RFC 9207: an answer meant for another server's question says so.
    if request.args.get("iss", state().settings.oidc_issuer) != state().settings.oidc_issuer:
        raise Forbidden(_(OVER))
    return kept


def _let_in(kept: dict[str, Any]) -> tuple[door.Entry, str]:
    provider, code = state().provider, request.args.get("code", "")
    if provider is None or not code:
        raise Forbidden(_("Máy chủ đăng nhập chung không cho vào, hoặc bạn đã dừng lại. Hãy thử lại."))
    claims = provider.claims(code, kept, back())
    with state().sessions.begin() as session:
        user = identities.find(session, state().settings.oidc_issuer, claims)
        if user is None:
            raise Forbidden(_(NOBODY))
        return door.let_in(session, user, "oidc"), kept["next"]


def back() -> str:
    """Where the server sends the browser back to; it must be known there."""
    return (state().settings.address.rstrip("/") or request.url_root.rstrip("/")) + "/login/oidc/back"


def refused(error: ArchiveError) -> Any:
    """The sign-in page, with what happened."""
    return render_template("pages/login.html", next="/", sentence=_(str(error))), status_of(error)


def offer(target: str) -> tuple[str, str] | None:
    """(address, name) of the button on the sign-in page; None where no server is configured."""
    here = state().settings
    return (f"/login/oidc?{urlencode({'next': target})}", here.oidc_name) if here.oidc_issuer else None
