"""A form that is sent after its session has lapsed: the answer holds all that was typed, to be sent once more."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, request

from server import auth, errors
from server.errors import NotSignedIn
from server.speech import gettext as _

SECRETS = {"password", "old", "again", "code"}
"""Names of fields that no answer repeats."""


def init_app(app: Flask) -> None:
    """Answer those who are not signed in any more."""
    app.register_error_handler(NotSignedIn, on_not_signed_in)


def on_not_signed_in(error: NotSignedIn) -> Any:
    """The typed form, or the way to the sign-in page."""
    if errors.for_programs() or not is_kept():
        return errors.on_archive_error(error)
    sentence = _(
        "Bạn đã bị đăng xuất vì lâu không thao tác; việc vừa gửi chưa được ghi, nhưng những gì bạn gõ còn nguyên ở "
        "đây. Hãy mở trang đăng nhập ở một thẻ khác, đăng nhập, rồi quay lại đây gửi lần nữa."
    )
    if errors.wants_part():
        return errors.tell(401, sentence)
    typed, address = list(request.form.items(multi=True)), request.full_path.rstrip("?")
    return render_template("pages/lapsed.html", sentence=sentence, typed=typed, address=address), 401


def is_kept() -> bool:
    """Whether this is a form of who was signed in here before; files and passwords are not kept."""
    was_here = auth.cookie_name() in request.cookies and request.method == "POST"
    return was_here and request.mimetype != "multipart/form-data" and not SECRETS & request.form.keys()
