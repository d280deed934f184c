"""Phiếu giải quyết văn bản đến (NĐ 30/2020/NĐ-CP, Appendix IV): what leader, head of unit and handler say, with days.

What is known stands in print; what is not is left to the pen on dotted lines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from archive import forms, routing
from archive.models import Document, RegisterEntry, RouteRow
from archive.register import type_and_subject
from archive.workdays import HANOI

TITLE = "PHIẾU GIẢI QUYẾT VĂN BẢN ĐẾN"
DOTS = "Ngày ...... tháng ...... năm ........"


def pdf(
    document: Document, entry: RegisterEntry | None, *, office: str = "", superior: str = "", printed: str = ""
) -> bytes:
    """The slip of one paper, A4."""
    live = [one for one in routing.decided(document) if one.state in routing.LIVE]
    acting = [one for one in live if one.role != "inform"]
    blocks: list[forms.Block] = [
        forms.letterhead(office, superior), forms.Title(TITLE), *_paper(document, entry), *_leader(live),
        *_units(acting), *_handler(acting),
    ]  # fmt: skip
    name = f"Phiếu giải quyết văn bản đến {document.full_code or ''}".strip()
    return forms.make(blocks, name=name, footer=printed)


def _paper(document: Document, entry: RegisterEntry | None) -> list[forms.Block]:
    day = "/".join(reversed(document.date.split("-"))) if document.date else "........"
    arrived = f"{entry.arrived_on:%d/%m/%Y}" if entry and entry.arrived_on else "........"
    number = f"{entry.number:02}" if entry else "........"
    urgent = f" – {document.urgency.upper()}" if document.urgency else ""
    subject = type_and_subject(document).removeprefix(document.document_type or "").strip()
    said = (
        f"{document.document_type or 'Văn bản'} số {document.full_code or '........'} ngày {day} của "
        f"{document.issuing_organ or '........................'}"
    )
    return [
        forms.Text(f"Số đến: {number} – Ngày đến: {arrived}{urgent}", align="center"),
        forms.Text(f"{said}{': ' + subject if subject else ''}", align="center"),
        forms.Gap(3),
    ]


def _leader(live: Sequence[RouteRow]) -> list[forms.Block]:
    """Part 1: who leads, who cooperates, by when each, and the day of the decision."""
    blocks: list[forms.Block] = [forms.Text("1. Ý kiến của lãnh đạo cơ quan, tổ chức", bold=True)]
    labels = {"lead": "Đơn vị, cá nhân chủ trì", "support": "Đơn vị, cá nhân phối hợp", "inform": "Để biết"}
    for role, label in labels.items():
        routes = [one for one in live if one.role == role]
        if routes:
            blocks.append(forms.Text(f"- {label}: " + "; ".join(_given(one) for one in routes) + "."))
        elif role != "inform" and not live:  # nobody has decided yet: the pen does
            blocks += [forms.Text(f"- {label}:"), forms.Leaders(1)]
    instructions = list(dict.fromkeys(one.instruction for one in live if one.instruction))
    blocks += [forms.Text(f"- Ý kiến chỉ đạo: {text}") for text in instructions] or [forms.Leaders(2)]
    first = min((one for one in live if one.decided_at), key=lambda one: str(one.decided_at), default=None)
    return [*blocks, _day(first.decided_at if first else None), forms.Gap(4)]


def _given(route: RouteRow) -> str:
    person = f" ({route.person.full_name or route.person.name})" if route.person and not route.opinion else ""
    return f"{route.unit}{person}" + (f", thời hạn {route.due:%d/%m/%Y}" if route.due else "")


def _units(acting: Sequence[RouteRow]) -> list[forms.Block]:
    """Part 2: to whom the head of the unit gives it, by when, and when that was said."""
    blocks: list[forms.Block] = [forms.Text("2. Ý kiến của lãnh đạo đơn vị", bold=True)]
    said = [one for one in acting if one.person or one.opinion]
    for one in said:
        name = (one.person.full_name or one.person.name) if one.person else "........................"
        due = f", thời hạn {one.person_due:%d/%m/%Y}" if one.person_due else ""
        blocks.append(forms.Text(f"- {one.unit}: giao {name}{due}."))
        blocks += [forms.Text(one.opinion, indent=5)] if one.opinion else []
        blocks.append(_day(one.assigned_at))
    if not said:
        blocks += [forms.Text("- Giao cá nhân giải quyết, thời hạn:"), forms.Leaders(2), _day(None)]
    return [*blocks, forms.Gap(4)]


def _handler(acting: Sequence[RouteRow]) -> list[forms.Block]:
    """Part 3: what the one who handles it proposes, and when."""
    blocks: list[forms.Block] = [forms.Text("3. Ý kiến đề xuất của người giải quyết", bold=True)]
    said = [one for one in acting if one.proposal or one.reply]
    for one in said:
        who = (one.person.full_name or one.person.name) if one.person else one.unit
        reply = f" Văn bản trả lời: {one.reply}." if one.reply else ""
        blocks += [forms.Text(f"- {who}: {one.proposal}{reply}"), _day(one.proposed_at or one.closed_at)]
    return blocks if said else [*blocks, forms.Leaders(4), _day(None)]


def _day(at: dt.datetime | None) -> forms.Text:
    here = at.astimezone(HANOI) if at else None
    said = f"Ngày {here:%d} tháng {here:%m} năm {here:%Y}" if here else DOTS
    return forms.Text(said, italic=True, align="right")
