"""The seeds as papers to print: their recognised texts back on the sheets they came from.

What a text lacks (a cut-off heading, a missing number) its paper lacks, too; scribbles read as words are drawn as
scribbles. A web article is no scan and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive.vietnamese import fold
from server.demo.paper import Arrival, Paper

_MARKUP = re.compile(r"\*\*|^#+ |\\?\*(?!\w)|(?<!\w)\*(?=\w)|(?<=\w)\*", re.MULTILINE)
_INITIALS = re.compile(r"\*Luật\*|^- (?:Cai|Lê) Thị\s*$|^Ha Anh\s*$", re.MULTILINE)


def papers_of(text: str, golden: list[dict]) -> list[Paper]:
    """The papers of one seed, in their order; `golden`: its documents in golden/seeds.json."""
    lines = _INITIALS.sub("", text).split("\n")
    return [_paper(lines[one["lines"][0] - 1 : one["lines"][1]], one) for one in golden if one["kind"] == "document"]


def _paper(lines: list[str], golden: dict) -> Paper:
    lines = [_MARKUP.sub("", line).strip() for line in lines]
    start = next(n for n, line in enumerate(lines) if len(line) > 110)
    end = next(n for n, line in enumerate(lines) if line.startswith("Nơi nhận"))
    head = [line for line in lines[:start] if line and not re.fullmatch(r"[-*\s]+", line)]
    recipients, signer = _foot([line for line in lines[end + 1 :] if line])
    title = _title(head, golden)
    room = 30.0 if title else 0.0
    return Paper(
        slug=f"seed_{golden['id']}", system=golden["system"], organ_lines=tuple(_organs(head, golden)),
        issuing_organ=golden["issuing_organ"] or "", document_type=golden["document_type"],
        number=golden["number"] or "", symbol=golden["symbol"] or "", place=_place(head), date=golden["date"] or "",
        subject=golden["subject"], body=tuple(_paragraphs(lines[start:end])), recipients=recipients,
        signer=signer[:-1], signer_name=signer[-1] if signer else "", seal="BAN CHẤP HÀNH ĐẢNG BỘ TỈNH",
        title=title, addressees=tuple(_addressees(head)), arrival=_arrival(golden), header_room=room,
    )  # fmt: skip


def _organs(head: list[str], golden: dict) -> Iterator[tuple[str, bool]]:
    """The organ's lines; a heading that was cut off has none."""
    for line in head if golden["number"] else ():
        if line.isupper() and not re.match(r"(?:CỘNG HÒA|ĐẢNG CỘNG SẢN)", line):
            yield line, True


def _place(head: list[str]) -> str:
    """As it stands, with the marks it lost."""
    return next((line.split(",")[0] for line in head if ", ngày" in line), "")


def _title(head: list[str], golden: dict) -> tuple[str, ...]:
    """Type, organ and subject; nothing for a letter, whose subject stands under its number."""
    first = next((n for n, line in enumerate(head) if fold(line) == fold(golden["document_type"])), None)
    return () if first is None else tuple(part for line in head[first:] for part in _broken(line))


def _broken(line: str, most: int = 62) -> list[str]:
    lines = [""]
    for word in line.split():
        if lines[-1] and len(lines[-1]) + len(word) >= most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _addressees(head: list[str]) -> Iterator[str]:
    first = next((n for n, line in enumerate(head) if line.startswith("Kính gửi")), len(head))
    listed = " ".join(head[first:]).removeprefix("Kính gửi:").strip()
    yield from (item.strip(" ;,.") for item in re.split(r"(?:^|(?<=[;,]))\s*- ", listed) if item.strip())


def _paragraphs(lines: list[str]) -> list[str]:
    """The body; a paragraph that a page cut in two is one again."""
    paragraphs: list[str] = []
    for line in filter(None, lines):
        if paragraphs and (line[0].islower() or (paragraphs[-1][-1] not in '.:;,/)”"' and line[0] != "(")):
            paragraphs[-1] += f" {line}"
        else:
            paragraphs.append(line)
    return paragraphs


def _foot(lines: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Nơi nhận, and the lines of the signature with the name last."""
    recipients = [line.removeprefix("- ").rstrip(" ;,.") for line in lines if line.startswith("- ")]
    signer = [line.strip("☆ ") for line in lines if not line.startswith("- ")]
    return tuple(recipients), tuple(filter(None, signer))


def _arrival(golden: dict) -> Arrival | None:
    stamp = golden["stamp"]
    if not stamp:
        return None
    day = "/".join((stamp["date"][8:], stamp["date"][6:7], stamp["date"][2:4]))
    return Arrival(stamp["organ"].upper(), stamp["number"], day, stamp["date"], (60, 38), layout="older")
