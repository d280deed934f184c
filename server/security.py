"""What every answer carries, and which requests from other sites are refused."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from archive.errors import BadValue, Forbidden, NotFound
from server import errors

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
SAFE = {"GET", "HEAD", "OPTIONS"}
FOREIGN = (
    "Yêu cầu này đến từ một trang khác nên không được thực hiện; không văn bản nào bị đổi. Hãy mở lại trang và làm lại."
)
UPLOADS = {"upload.upload", "api_scans.send", "paperless_uploads.send"}
"""Their forms are files: read by the view, once it is known who sends them."""
FILES = {*UPLOADS, "book_import.upload"}
"""Where files are taken; Flask's MAX_CONTENT_LENGTH holds there."""
LARGEST_FORM = 2 << 20
PUBLIC = {"static", "health.alive", "health.ready", "health.metrics", "api_description.openapi"}
"""What is the same for everybody: a proxy may keep it. All else is for one person, once."""
NUL = "Chữ gửi lên có ký tự điều khiển không lưu được; không văn bản nào bị đổi. Hãy gõ lại rồi gửi."
STALE = "Trang đã mở quá lâu nên không được nhận; không văn bản nào bị đổi. Hãy tải lại trang và làm lại."


def init_app(app: Flask) -> None:
    """Refuse foreign requests before any view, harden every answer after it."""
    app.before_request(limit_size)
    app.before_request(refuse_foreign)
    app.before_request(refuse_nul)
    app.after_request(harden)


def limit_size() -> None:
    """Only where files are taken is a request large, and only as a file: a stranger's form does not fill the memory."""
    if request.endpoint not in FILES or request.mimetype != "multipart/form-data":
        request.max_content_length = LARGEST_FORM


def refuse_foreign() -> None:
    """A changing request must come from our own pages; keys for programs (Bearer) are not sent by browsers unasked."""
    if request.method in SAFE or g.get("by_token"):
        return
    if not from_here():
        raise Forbidden(FOREIGN)
    if g.get("csrf") and not hmac.compare_digest(sent_token(), g.csrf):
        raise Forbidden(STALE)


def refuse_nul() -> None:
    """No NUL in what was typed: PostgreSQL keeps none, and nobody types one."""
    if "\0" in request.path:
        raise NotFound(errors.SAYS[404])
    typed = [request.args] if request.endpoint in UPLOADS else [request.args, request.form]
    if any("\0" in word for given in typed for pair in given.items(multi=True) for word in pair):
        raise BadValue(NUL)


def from_here() -> bool:
    """Whether the browser says that one of our own pages sent this; programs say nothing and hold no cookie."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def sent_token() -> str:
    """The CSRF token of a script's header or of a form's field; ASCII, so that it can be compared."""
    # The header first: reading the form field would read a whole upload before it is known to be ours.
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    return sent if sent.isascii() else ""


def harden(response: Response) -> Response:
    """Add what a view did not say itself (a downloaded original brings its own, stricter policy)."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    elif request.endpoint not in PUBLIC and "private" not in response.headers.get("Cache-Control", ""):
        response.headers["Cache-Control"] = "private, no-store"  # send_file says public where nothing else is said
    if current_app.extensions["vanthu"].settings.secure_cookies:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
