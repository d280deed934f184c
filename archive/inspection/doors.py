"""Are the doors open that work by themselves: the watched folder, the mailboxes?"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

from archive import doors
from archive.config import Settings
from archive.errors import BadSettings
from archive.inspection.checks import Check
from archive.models import now
from archive.workdays import HANOI

FOLDER, MAIL = "thư mục theo dõi", "hộp thư"
SILENT = dt.timedelta(minutes=10)
"""Without a word for so long a door does not run."""


def look(settings: Settings) -> Iterator[Check]:
    """A check for each that is set; none where none is."""
    if settings.inbox:
        yield _folder(settings)
    for account in settings.mail:
        try:
            account.secret()
        except BadSettings as error:
            yield Check(MAIL, ok=False, says=str(error), todo="Hãy xem lại password_file và quyền đọc tệp ấy.")
    if settings.mail:
        said = ", ".join(account.label for account in settings.mail)
        yield _running(settings, doors.MAIL, MAIL, said, "vanthu fetch")


def _folder(settings: Settings) -> Check:
    root = Path(settings.inbox)
    if not root.is_dir():
        return Check(FOLDER, ok=False, says=f"không có {root}", todo="Hãy tạo hoặc gắn thư mục ấy.")
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        todo = "Hãy cho người dùng chạy vanthu quyền đọc và ghi trong thư mục ấy."
        return Check(FOLDER, ok=False, says=f"không được ghi vào {root}", todo=todo)
    refused = sum(1 for path in (root / "refused").rglob("*.txt") if path.with_suffix("").exists())
    said = f"{root}; {refused} tệp bị từ chối đang nằm trong refused" if refused else str(root)
    return _running(settings, doors.FOLDER, FOLDER, said, "vanthu watch")


def _running(settings: Settings, door: str, name: str, said: str, command: str) -> Check:
    """That it does not run is told, and no error: another machine may do it."""
    last = doors.last(settings.data, door)
    if last is None or now() - last.at > SILENT:
        when = f"lần cuối {last.at.astimezone(HANOI):%H:%M %d/%m/%Y}" if last else "chưa lần nào"
        return Check(name, ok=True, says=f"{said}; nhìn {when}", todo=f"Hãy chạy vanthu up hoặc {command}.")
    if last.trouble:
        todo = "Không mất gì: tệp, thư vẫn ở chỗ cũ và sẽ được nhận khi hết lỗi."
        return Check(name, ok=False, says=f"{said}; {last.trouble}", todo=todo)
    return Check(name, ok=True, says=f"{said}; nhìn lúc {last.at.astimezone(HANOI):%H:%M}, {last.waiting} đang chờ")
