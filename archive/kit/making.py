"""Makes the folder of a new plugin: a province on the declarative helper, and one made-up paper as its sample."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from pathlib import Path

from archive.errors import BadValue, Conflict
from archive.provinces import current_of, kind_of, name_of
from archive.rulebook import FILE

_IN_PYTHON = '''\
"""{name}: its offices, the desks in its symbols, and who gets which paper."""

from __future__ import annotations

from collections.abc import Iterator

from archive import Finding, Office, Province, Record, Route, Rule, Stamp, Text, hookimpl

VERSION = "1.0"

OFFICE = Office(
    slug="{slug}",
    name={quoted},
    current={current},
    organs=({organs},),
    places=(),  # districts and towns that date their papers with their own name
    desks={{"VX": "Phòng Văn xã", "TH": "Phòng Tổng hợp"}},
    rules=(Rule(r"dich benh|y te|giao duc", "Phòng Văn xã", "Lĩnh vực văn hóa, xã hội.", days=5),),
)


@hookimpl
def province() -> Province:
    """The province this plugin speaks for."""
    return OFFICE.province


@hookimpl
def extract(text: Text, stamp: Stamp | None) -> Iterator[Finding]:
    """Desks, places and signers of the province."""
    return OFFICE.extract(text, stamp)


@hookimpl
def route(record: Record) -> Iterator[Route]:
    """Where its own office sends a paper."""
    return OFFICE.route(record)
'''
_IN_TOML = """\
# {name}. Sửa xong chạy: vanthu plugins test {slug}
name = {quoted}
version = "1.0"
current = {current}
organs = [{organs}]
places = []  # huyện, thị xã ghi tên mình ở dòng ngày tháng

[desks]
VX = "Phòng Văn xã"
TH = "Phòng Tổng hợp"

[[rules]]
words = 'dich benh|y te|giao duc'  # chữ thường không dấu; | là hoặc
unit = "Phòng Văn xã"
reason = "Lĩnh vực văn hóa, xã hội."
days = 5
"""
_PAPER = """\
ỦY BAN NHÂN DÂN
{owner}
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Số: 318/UBND-VX
V/v phòng, chống dịch bệnh mùa hè
{place}, ngày 14 tháng 6 năm 2021

Kính gửi: Các sở, ban, ngành.

Ủy ban nhân dân {kind} yêu cầu các đơn vị thực hiện.

Nơi nhận:
- Như trên;
- Lưu: VT, VX.

KT. CHỦ TỊCH
PHÓ CHỦ TỊCH

Lò Văn Mẫu
"""


def check_slug(slug: str) -> None:
    """BadValue unless `slug` can be the name of a folder, a module and a field's prefix."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", slug) or keyword.iskeyword(slug):
        raise BadValue(
            f"Tên plugin {slug!r} không dùng được: chỉ gồm chữ thường không dấu, số và dấu gạch dưới, bắt đầu bằng "
            "chữ, từ 2 đến 40 ký tự; ví dụ lai_chau."
        )


def make(folder: Path, slug: str, name: str, *, toml: bool = False) -> Path:
    """The folder of a new plugin in `folder`, whole or not at all; `toml`: without a line of Python."""
    check_slug(slug)
    name = _name(name)
    home = folder / slug
    if home.exists() or (folder / f"{slug}.py").exists():
        raise Conflict(f"Đã có {home}: không ghi đè. Hãy chọn tên khác, hoặc sửa plugin đang có.")
    files = _files(slug, name, toml)
    folder.mkdir(parents=True, exist_ok=True)
    # Under a name that no host looks at, so that nobody loads half a plugin.
    half = folder / f"_{slug}.new"
    (half / "samples").mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (half / path).write_text(content, encoding="utf-8")
    return half.rename(home)


def _name(name: str) -> str:
    """`Lai Châu` for `tỉnh Lai Châu`; a name that is no province's (a ministry's) stays as it is."""
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    if not plain or len(plain) > 80 or not plain.isprintable():
        raise BadValue("Hãy ghi tên tỉnh, ví dụ: vanthu plugins new lai_chau “Lai Châu”.")
    return name_of(plain) or plain


def _files(slug: str, name: str, toml: bool) -> dict[str, str]:
    kind, current = kind_of(name, "2021-06-14") or "tỉnh", current_of(name) or ""
    organ = f"Ủy ban nhân dân {kind} {name}"
    values = {
        "slug": slug, "name": name.replace("\\", " ").replace('"', " "), "quoted": _quoted(name),
        "current": _quoted(current if current != name else ""),
        "organs": ", ".join(map(_quoted, (organ, f"UBND {kind} {name}"))),
    }  # fmt: skip
    paper = _PAPER.format(place=name if current else "Hà Nội", kind=kind, owner=f"{kind} {name}".upper())
    return {
        FILE if toml else "__init__.py": (_IN_TOML if toml else _IN_PYTHON).format(**values),
        "samples/letter.txt": paper,
        "samples/letter.json": json.dumps(_expected(slug, name, organ), ensure_ascii=False, indent=1) + "\n",
    }


def _quoted(text: str) -> str:
    """A string as Python and TOML both write it."""
    return json.dumps(text, ensure_ascii=False)


def _expected(slug: str, name: str, organ: str) -> dict[str, object]:
    fields = {"full_code": "318/UBND-VX", "date": "2021-06-14", "subject": "phòng, chống dịch bệnh mùa hè"}
    if current := current_of(name):
        fields |= {"issuing_organ": organ, "province_at_issue": name, "province_current": current}
    fields[f"{slug}.desk"] = "Phòng Văn xã"
    return {"fields": fields, "addressees": ["Các sở, ban, ngành"], "routes": ["Phòng Văn xã"]}
