"""What went wrong, told to whoever asked: a page for people, problem+json for programs."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask, Response, g, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from archive import errors, intake
from archive.errors import ArchiveError

log = logging.getLogger("vanthu.web")


class NotSignedIn(ArchiveError):
    """Nobody is signed in; the sign-in page or 401 follows."""


STATUS: tuple[tuple[type[ArchiveError], int], ...] = (  # the first that fits
    (NotSignedIn, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.ScanTooLarge, 413),
    (errors.UnknownFormat, 415),
    (errors.NoOffice, 415),
    (errors.DiskFull, 507),
    (errors.NotTaken, 503),
    (errors.Transient, 503),
    (errors.BadQuery, 400),
    (errors.BadSettings, 500),
    (ArchiveError, 422),
)
TITLES = {
    400: "Yêu cầu không hợp lệ",
    401: "Chưa đăng nhập",
    403: "Không được phép",
    404: "Không tìm thấy",
    405: "Không làm được ở đây",
    409: "Đã có người sửa",
    413: "Tệp quá lớn",
    415: "Không nhận được loại tệp này",
    422: "Không nhận được",
    503: "Tạm thời chưa làm được",
    507: "Hết chỗ trên ổ đĩa",
}
SAYS = {
    404: "Không có trang hoặc văn bản này, hoặc bạn không được xem. Không văn bản nào bị mất. Hãy tìm lại.",
    405: "Trang này không nhận thao tác đó; không văn bản nào bị đổi. Hãy quay lại trang trước.",
    413: "Tệp lớn hơn mức cho phép nên chưa được nhận; bản gốc vẫn ở máy bạn. Hãy chia nhỏ, hoặc quét ở 200–300 dpi.",
    500: "Máy chủ gặp lỗi; giấy tờ đã nhận vẫn an toàn. Hãy thử lại; nếu còn lỗi, báo quản trị kèm giờ xảy ra.",
    503: "Cơ sở dữ liệu chưa trả lời; giấy tờ đã nhận vẫn an toàn, việc vừa rồi chưa ghi. Hãy thử lại sau ít phút.",
    507: "Ổ đĩa của máy chủ hết chỗ; giấy tờ đã nhận vẫn an toàn, việc vừa rồi chưa được ghi. Hãy báo quản trị viên.",
}


def init_app(app: Flask) -> None:
    """Answer every error of the tree, every HTTP error, and what nobody foresaw."""
    app.register_error_handler(ArchiveError, on_archive_error)
    app.register_error_handler(HTTPException, on_http_error)
    for away in (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError):
        app.register_error_handler(away, on_no_database)
    app.register_error_handler(Exception, on_surprise)
    app.logger.addFilter(without_path)


def without_path(record: logging.LogRecord) -> bool:
    """A filter of Flask's and waitress's logs: the path of a request that broke off may be a set-up link's secret."""
    if record.exc_info:
        record.msg, record.args = "an answer broke off", ()
    return True


def status_of(error: ArchiveError) -> int:
    """The HTTP status that says what `error` says."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def on_archive_error(error: ArchiveError) -> Any:
    """An error that has a sentence of its own."""
    if isinstance(error, NotSignedIn) and not for_programs():
        return to_sign_in()
    return tell(status_of(error), str(error))


def on_http_error(error: HTTPException) -> Any:
    """An error of HTTP itself: no such page, method not allowed, body too large."""
    code = error.code or 500
    if code < 400:
        return error
    if isinstance(error, RequestEntityTooLarge):
        code = 413
    return tell(code, SAYS.get(code, SAYS[500] if code >= 500 else TITLES[400]))


def on_no_database(error: sa.exc.SQLAlchemyError) -> Any:
    """The database is locked, away or out of room: nothing was written."""
    log.error("no database endpoint=%s kind=%s", request.endpoint, type(error).__name__)
    status = 507 if intake.is_full(error) else 503
    return tell(status, SAYS[status])


def on_surprise(error: Exception) -> Any:
    """A defect of ours: logged whole for us, one calm sentence for the clerk."""
    # Not the path: a set-up link is a secret that stands in it.
    log.error("unforeseen endpoint=%s kind=%s", request.endpoint, type(error).__name__, exc_info=error)
    return tell(500, SAYS[500])


def tell(status: int, sentence: str) -> Any:
    """The page or the problem+json for `status`."""
    title = TITLES.get(status, "Máy chủ gặp lỗi")
    if for_programs():
        return problem(status, title, sentence)
    if wants_part():
        return Response(sentence, status, mimetype="text/plain")
    if status >= 500:
        g.user = None  # the navigation counts papers, and what just failed may be the database
    return render_template("pages/error.html", title=title, sentence=sentence, status=status), status


def problem(status: int, title: str, detail: str) -> Response:
    """RFC 9457."""
    answer = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail})
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    return answer


def for_programs() -> bool:
    """Whether the interface for programs was asked, not a page."""
    return request.path.startswith("/api/") or bool(g.get("by_token"))


def wants_part() -> bool:
    """Whether a script of ours asked for a part of a page."""
    return "HX-Request" in request.headers or "X-CSRF-Token" in request.headers


def to_sign_in() -> BaseResponse:
    """The sign-in page, which leads back here; a part of a page makes the browser load it whole."""
    target = f"/login?{urlencode({'next': request.full_path.rstrip('?')})}" if request.method == "GET" else "/login"
    if not wants_part():
        return redirect(target, 303)
    return Response(status=401, headers={"HX-Redirect": "/login"})
