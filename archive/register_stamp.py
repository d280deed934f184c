"""The electronic ĐẾN stamp: of papers that came without one a copy is stamped, or a label printed; never the original.

NĐ 30/2020, Appendix IV: 50 x 35 mm, the organ, ĐẾN beside Số and Ngày, Chuyển, Số và ký hiệu HS. It stands under the
number and symbol, under the V/v of a công văn or under the date (TT 07/2012), where the page is emptiest. `copy` opens
a foreign file and runs in the killable child; the drawing is ours.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archive.errors import BadValue, Conflict, Unreadable
from archive.forms import MM
from archive.lettering import BOLD, REGULAR, clean, faces, printing, width, wrap

WIDE, HIGH = 50.0, 35.0
"""mm"""
RED = (0.78, 0.05, 0.09)
AREA = (0.02, 0.10, 0.98, 0.46)
"""Where it may stand, in fractions of the page: below the organ's name and the national title, above the body."""
LIKED = (0.29, 0.20)
"""Its middle where the page is equally empty: at the left, under number and symbol."""
SPARE = 1.0
"""mm of white around it."""
MOST_INK = 0.035
"""Of what it covers: about two full lines of print. A stamp on more than that hides what the paper says."""
PER_MM = 2.0
"""Pixels of the picture in which the place is looked for."""
COLUMNS, ROWS = 3, 7
MOST_LABELS = 210


@dataclass(frozen=True)
class Stamp:
    """What is written into it; empty lines are left to the pen."""

    organ: str
    number: str
    day: str
    forward: str = ""
    file: str = ""


def drawn(stamp: Stamp) -> bytes:
    """A PDF of the stamp alone, as large as it is."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    with printing():
        canvas = Canvas(out, pagesize=(WIDE * MM, HIGH * MM), invariant=1)
        _draw(canvas, 0, HIGH * MM, stamp)
        canvas.save()
    return out.getvalue()


def labels(stamps: Sequence[Stamp]) -> bytes:
    """A4 sheets of three by seven labels to be cut and glued; BadValue for none or too many."""
    from reportlab.pdfgen.canvas import Canvas

    if not 1 <= len(stamps) <= MOST_LABELS:
        raise BadValue(f"Mỗi lần in được từ 1 đến {MOST_LABELS} nhãn.")
    out = io.BytesIO()
    gap_x, gap_y = (210 - COLUMNS * WIDE) / (COLUMNS + 1), (297 - ROWS * HIGH) / (ROWS + 1)
    with printing():
        canvas = Canvas(out, pagesize=(210 * MM, 297 * MM), invariant=1, lang="vi")
        canvas.setTitle("Nhãn dấu ĐẾN")
        for index, stamp in enumerate(stamps):
            place = index % (COLUMNS * ROWS)
            if index and not place:
                canvas.showPage()
            row, column = divmod(place, COLUMNS)
            left, top = gap_x + column * (WIDE + gap_x), gap_y + row * (HIGH + gap_y)
            _draw(canvas, left * MM, (297 - top) * MM, stamp)
        canvas.save()
    return out.getvalue()


def _draw(canvas: Any, left: float, top: float, stamp: Stamp) -> None:
    """The frame and its lines; `left`, `top` in points of the canvas."""
    faces()
    canvas.saveState()
    canvas.setStrokeColorRGB(*RED)
    canvas.setFillColorRGB(*RED)
    canvas.setLineWidth(0.9)
    canvas.rect(left, top - HIGH * MM, WIDE * MM, HIGH * MM)
    canvas.line(left, top - 9 * MM, left + WIDE * MM, top - 9 * MM)
    canvas.line(left, top - 23 * MM, left + WIDE * MM, top - 23 * MM)
    canvas.line(left + 15 * MM, top - 9 * MM, left + 15 * MM, top - 23 * MM)
    _organ(canvas, left, top, clean(stamp.organ).upper())
    canvas.setFont(BOLD, 14)
    canvas.drawCentredString(left + 7.5 * MM, top - 17.7 * MM, "ĐẾN")
    for label, value, x, y in (
        ("Số:", stamp.number, 16.5, 14.5), ("Ngày:", stamp.day, 16.5, 21), ("Chuyển:", stamp.forward, 1.5, 27.5),
        ("Số và ký hiệu HS:", stamp.file, 1.5, 33),
    ):  # fmt: skip
        _line(canvas, label, value, left + x * MM, top - y * MM, left + (WIDE - 1.5) * MM)
    canvas.restoreState()


def _organ(canvas: Any, left: float, top: float, organ: str) -> None:
    """In one line or two, as large as goes."""
    size = 9.0
    while size > 4 and len(wrap(organ, BOLD, size, (WIDE - 3) * MM)) > 2:
        size -= 0.5
    lines = wrap(organ, BOLD, size, (WIDE - 3) * MM)[:2]
    canvas.setFont(BOLD, size)
    first = top - 4.5 * MM - size * 0.35 + (len(lines) - 1) * size * 0.55
    for number, line in enumerate(lines):
        canvas.drawCentredString(left + WIDE / 2 * MM, first - number * size * 1.1, line)


def _line(canvas: Any, label: str, value: str, x: float, y: float, end: float) -> None:
    """`Số: …………` with what stands on the dots."""
    canvas.setFont(REGULAR, 9)
    canvas.drawString(x, y, label)
    x += width(label, REGULAR, 9) + 2
    canvas.saveState()
    canvas.setLineWidth(0.5)
    canvas.setDash(0.5, 1.5)
    canvas.line(x, y - 1, end, y - 1)
    canvas.restoreState()
    text, size = clean(value).replace("\n", " "), 10.0
    while size > 5 and width(text, BOLD, size) > end - x:
        size -= 0.5
    canvas.setFont(BOLD, size)
    canvas.drawString(x + 1, y, wrap(text, BOLD, size, max(end - x, 1))[0])


# ------------------------------------------------------------------------------------------------ in the child


def copy(path: str, pages: Sequence[int], turns: Sequence[int], stamp: bytes) -> bytes:
    """A PDF of these pages (from 1) of the PDF at `path`, turned clockwise by `turns`, the first one stamped.

    Conflict where no room is left for it: then a label is the way. Unreadable.
    """
    import pypdfium2

    try:
        made = pypdfium2.PdfDocument.new()
        original = pypdfium2.PdfDocument(path)
        made.import_pages(original, [number - 1 for number in pages])
        for page, turn in zip(made, turns, strict=True):
            page.set_rotation((page.get_rotation() + turn) % 360)
        first = made[0]
        _put(made, first, stamp, _emptiest(first))
        out = io.BytesIO()
        made.save(out)
        original.close()
    except (pypdfium2.PdfiumError, IndexError, ValueError) as error:
        raise Unreadable("Không đóng dấu được lên bản sao của tệp này; bản gốc vẫn an toàn. Hãy in nhãn.") from error
    return out.getvalue()


def _emptiest(page: Any) -> tuple[float, float]:
    """Left and top of the stamp on the upright page, in mm: where least is covered, near where it usually stands."""
    import numpy as np

    wide, high = (side / MM for side in page.get_size())
    if wide < WIDE + 2 * SPARE or high < HIGH + 2 * SPARE:
        raise Conflict("Trang nhỏ hơn dấu ĐẾN nên không đóng lên bản sao được; hãy in nhãn.")
    grey = np.asarray(page.render(scale=PER_MM / MM).to_pil().convert("L"))
    ink = np.pad((grey < 200).astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    tall, broad = (round((side + 2 * SPARE) * PER_MM) for side in (HIGH, WIDE))
    covered = ink[tall:, broad:] - ink[:-tall, broad:] - ink[tall:, :-broad] + ink[:-tall, :-broad]
    share = covered / (tall * broad)
    tops, lefts = (np.arange(count) / PER_MM for count in share.shape)
    lawful = _between(tops, AREA[1] * high, AREA[3] * high - HIGH)[:, None] & _between(
        lefts, AREA[0] * wide, AREA[2] * wide - WIDE
    )
    away = np.hypot(
        (tops[:, None] + HIGH / 2 - LIKED[1] * high) / high, (lefts[None, :] + WIDE / 2 - LIKED[0] * wide) / wide
    )
    cost = np.where(lawful, share + 0.004 * away, np.inf)
    row, column = np.unravel_index(int(cost.argmin()), cost.shape)
    if not np.isfinite(cost[row, column]) or share[row, column] > MOST_INK:
        raise Conflict("Trang đầu không còn chỗ trống cho dấu ĐẾN ở phần trên; bản gốc vẫn nguyên. Hãy in nhãn.")
    return float(lefts[column]) + SPARE, float(tops[row]) + SPARE


def _between(values: Any, low: float, high: float) -> Any:
    return (values >= low - SPARE) & (values <= max(low, high) - SPARE)


def _put(made: Any, page: Any, stamp: bytes, place: tuple[float, float]) -> None:
    """Lay the drawing over the page, upright however the page is turned."""
    import pypdfium2

    drawing = pypdfium2.PdfDocument(stamp)
    form = drawing.page_as_xobject(0, made)
    laid = form.as_pageobject()
    high = page.get_size()[1]
    laid.set_matrix(_matrix(page, place[0] * MM, high - (place[1] + HIGH) * MM))
    page.insert_obj(laid)
    page.gen_content()
    form.close()
    drawing.close()


def _matrix(page: Any, x: float, y: float) -> Any:
    """What sets the lower left corner of an upright form at x, y of the page as it is shown (PDF 32000-1, 8.3.4)."""
    import pypdfium2

    left, bottom, right, top = page.get_cropbox()
    match page.get_rotation():
        case 90:
            return pypdfium2.PdfMatrix(0, 1, -1, 0, right - y, bottom + x)
        case 180:
            return pypdfium2.PdfMatrix(-1, 0, 0, -1, right - x, top - y)
        case 270:
            return pypdfium2.PdfMatrix(0, -1, 1, 0, left + y, top - x)
    return pypdfium2.PdfMatrix(1, 0, 0, 1, left + x, bottom + y)
