"""What the folder tells the people who use it: a reason beside a refused file, a list of each day's archived ones."""

from __future__ import annotations

import csv
import datetime as dt
import io

from archive.arrival import Taken
from archive.vietnamese import printable
from archive.watched.folder import Folder
from archive.workbook import safe
from archive.workdays import HANOI

DONE, REFUSED = "done", "refused"
LIST = "nhat-ky.csv"
BOM = b"\xef\xbb\xbf"
"""By which Notepad and Excel know that it is UTF-8."""
WITHHELD = (
    "Tệp được báo là có dấu chỉ mức độ mật, hoặc kho đã biết là tệp mật. Bản trong kho đã được cách ly, không ai xem "
    "được; bản này vẫn nằm trong thư mục chung. Hãy báo người phụ trách bảo mật để đưa tệp này khỏi máy nối mạng."
)
_COLUMNS = ("Lúc", "Tệp", "Kết quả", "Mã")


def reason(name: str, why: str, at: dt.datetime) -> bytes:
    """The text beside a refused file."""
    text = (
        f"Tệp: {printable(name)}\r\nLúc: {_moment(at)}\r\n\r\n{why}\r\n\r\n"
        "Tệp vẫn nằm cạnh ghi chú này, không bị đổi. Sửa xong, hãy chép lại vào thư mục theo dõi.\r\n"
    )
    return BOM + text.encode()


def note(day: Folder, name: str, received: Taken, at: dt.datetime) -> None:
    """One line in the list of a day."""
    first = received.first
    result = "đã nhận" if first.new else "đã có trong kho từ trước"
    result += f"; {len(received.left_out)} tệp bên trong không nhận" if received.left_out else ""
    titles, line = _line(_COLUMNS), _line((_moment(at), safe(printable(name)), result, first.scan_id))
    day.append(LIST, line, first=BOM + titles)


def beside_the_list(name: str) -> str:
    """The name a file gets in `done`: never that of the list, in which lines are written."""
    stem, ending = LIST.split(".")
    return f"{stem} (2).{ending}" if name.rstrip(" .").casefold() == LIST else name


def _line(cells: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _moment(at: dt.datetime) -> str:
    return f"{at.astimezone(HANOI):%d/%m/%Y %H:%M}"
