"""What the page of the scanner shows of a batch: its pages in their files, and how the last run ended, in sentences."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

from archive.scanner.batch import SHEET, WHOLE, Batch, Leaf, files, is_in
from archive.scanner.folders import DAYS, Batches
from server.pages.shown import moment
from server.speech import gettext as _

STARTS = {"device": "", "source": "feeder", "resolution": "300", "colour": "colour", "files": WHOLE, "every": "2",
          "drops": "1", "urgent": "", "secret": ""}  # fmt: skip
KEPT = "Các trang đã quét vẫn còn ở đây."
ENDS = {
    "done": ("ok", "✓", "Đã quét hết giấy.", ""),
    "stopped": ("warn", "■", "Đã dừng theo yêu cầu.", "Bấm Quét tiếp để quét thêm, hoặc Nhận."),
    "full": ("warn", "⚠", "Lô đã đủ số trang cho phép.", "Hãy bấm Nhận rồi quét phần còn lại thành lô khác."),
    "empty": ("warn", "⚠", "Khay nạp không có giấy.", "Hãy đặt giấy vào khay rồi bấm Quét tiếp."),
    "jam": ("bad", "✕", "Kẹt giấy ở trang {next}.", "Gỡ giấy, đặt lại từ tờ của trang {next} rồi bấm Quét tiếp."),
    "cover": ("bad", "✕", "Nắp máy quét đang mở.", "Đóng nắp, đặt lại từ tờ của trang {next} rồi bấm Quét tiếp."),
    "busy": ("bad", "✕", "Máy quét đang bận việc khác.", "Đợi máy rảnh rồi bấm Quét tiếp."),
    "gone": ("bad", "✕", "Không liên lạc được với máy quét.",
             "Kiểm tra nguồn, dây và mạng, đặt lại từ tờ của trang {next} rồi bấm Quét tiếp."),
    "refused": ("bad", "✕", "Máy chủ không được phép dùng máy quét này.", "Hãy báo quản trị viên."),
    "setting": ("bad", "✕", "Máy quét không nhận cách quét đã chọn.", "Hãy chọn nguồn giấy hay độ phân giải khác."),
    "late": ("bad", "✕", "Máy quét không gửi trang nào trong thời gian cho phép.",
             "Kiểm tra máy, đặt lại từ tờ của trang {next} rồi bấm Quét tiếp."),
    "strange": ("bad", "✕", "Máy quét gửi dữ liệu không phải là hình của trang.", "Hãy báo quản trị viên."),
    "trouble": ("bad", "✕", "Máy quét báo lỗi.",
                "Xem màn hình của máy, đặt lại từ tờ của trang {next}, rồi bấm Quét tiếp."),
    "disk": ("bad", "✕", "Ổ đĩa của máy chủ hết chỗ.", "Hãy báo quản trị viên, rồi quét tiếp từ tờ của trang {next}."),
    "crashed": ("bad", "✕", "Chương trình quét dừng đột ngột.", "Đặt lại từ tờ của trang {next} rồi bấm Quét tiếp."),
    "broken_off": ("bad", "✕", "Máy chủ dừng giữa lúc quét.", "Đặt lại từ tờ của trang {next} rồi bấm Quét tiếp."),
}  # fmt: skip
"""How a run ended (archive/scanner, `Ended.why`): look, sign, what happened, what to do."""
TROUBLES = {why: ends[2] for why, ends in ENDS.items()}


@dataclass(frozen=True)
class Sheet:
    """One page on the screen."""

    leaf: Leaf
    is_in: bool
    file: int
    """Number of the file it goes into; 0 for none."""
    begins: bool
    """The first page of that file."""

    @property
    def number(self) -> int:
        return self.leaf.facts.number


@dataclass(frozen=True)
class Shown:
    """A batch on the screen."""

    id: str
    sheets: list[Sheet]
    kept: int
    blank: int
    """Pages left out because nothing is on them."""
    files: int
    running: bool
    frozen: bool
    look: str
    sign: str
    says: str
    todo: str
    digest: str
    since: str
    until: str
    """The day on which it would be swept."""


def shown(batches: Batches, batch: Batch) -> Shown:
    """A batch as it is now."""
    leaves, run, frozen = batches.leaves(batch), batches.run(batch), batches.plan(batch) is not None
    parts = files(batch, leaves)
    of = {leaf.facts.number: n for n, part in enumerate(parts, 1) for leaf in part}
    first = {part[0].facts.number for part in parts}
    sheets = [Sheet(one, is_in(batch, one), of.get(one.facts.number, 0), one.facts.number in first) for one in leaves]
    running = run.why == "scanning"
    look, sign, says, todo = _ending(run.why, len(leaves), batches.halved(batch) or len(leaves) + 1)
    seen = repr((leaves, run, frozen, batch.files, batch.drops_blank, running))
    return Shown(
        batch.id, sheets, len(of), sum(one.leaf.facts.is_blank and not one.is_in for one in sheets), len(parts),
        running, frozen, look, sign, says, todo, hashlib.sha256(seen.encode()).hexdigest()[:12],
        moment(batch.begun), moment(batches.touched(batch) + timedelta(days=DAYS)),
    )  # fmt: skip


def _ending(why: str, pages: int, again: int) -> tuple[str, str, str, str]:
    """Look, sign, sentence and advice for how the last run ended; `again`: the page from whose sheet on."""
    look, sign, says, todo = ENDS.get(why, ("off", "", "", ""))
    if why == "done" or not says:
        return look, sign, _(says) if says else "", ""
    before = _("Đã quét {} trang.").format(pages) + " " if pages else ""
    kept = " " + _(KEPT) if pages else ""
    return look, sign, before + _(says).format(next=pages + 1) + kept, _(todo).format(next=again)


def choice(batch: Batch | None, cookie: str, typed: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the form is filled with: what was typed, else what the batch has, else what this browser chose last."""
    kept = STARTS | {name: text for name, text in parse_qsl(cookie[:1000], keep_blank_values=True) if name in STARTS}
    if batch:
        wanted, own = batch.wanted, batch.files in (WHOLE, SHEET)
        kept |= {
            "device": wanted.device, "source": wanted.source, "resolution": str(wanted.resolution),
            "colour": wanted.colour, "files": batch.files if own else "every",
            "every": kept["every"] if own else batch.files, "drops": "1" if batch.drops_blank else "",
            "urgent": "1" if batch.urgent else "", "secret": "1" if batch.secret else "",
        }  # fmt: skip
    if typed:
        kept |= {name: typed.get(name, "") for name in STARTS}
    return kept


def told(values: Mapping[str, str]) -> str:
    """The same as a cookie keeps it."""
    return urlencode(values)


def is_back(path: str) -> bool:
    """Whether a form may lead back there."""
    return bool(re.fullmatch(r"/scan(/[0-9a-f]{32})?", path))
