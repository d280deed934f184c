"""EAD.xml: the file and its papers as a finding aid (EAD3, Society of American Archivists, 2018)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from archive.handover.contents import Item, Package
from archive.handover.elements import EAD, Builder, moment, written
from archive.version import VERSION

_ead = Builder(EAD)
_DAY = re.compile(r"\d{4}(-\d\d){0,2}")


def ead(package: Package, hrefs: Mapping[int, str]) -> bytes:
    """The finding aid; `hrefs`: where the copy (else the original) of the paper at a place lies."""
    return written(
        _ead("ead", _control(package), _ead("archdesc", _did(package), *_notes(package), _dsc(package, hrefs),
                                            level="file", relatedencoding="NĐ 30/2020/NĐ-CP"))
    )  # fmt: skip


def _control(package: Package) -> ET.Element:
    event = _ead(
        "maintenanceevent", _ead("eventtype", value="created"),
        _ead("eventdatetime", moment(package.at), standarddatetime=moment(package.at)),
        _ead("agenttype", value="machine"), _ead("agent", f"Văn Thư {VERSION}"),
    )  # fmt: skip
    return _ead(
        "control", _ead("recordid", package.identity),
        _ead("filedesc", _ead("titlestmt", _ead("titleproper", package.title))),
        _ead("maintenancestatus", value="new"),
        _ead("maintenanceagency", _ead("agencycode", package.organ_id) if package.organ_id else None,
             _ead("agencyname", package.organ or "Văn thư cơ quan")),
        _ead("languagedeclaration", _ead("language", "Tiếng Việt", langcode="vie"),
             _ead("script", "Latin", scriptcode="Latn")),
        _ead("maintenancehistory", event),
    )  # fmt: skip


def _did(package: Package) -> ET.Element:
    return _ead(
        "did", _ead("unitid", package.code), _ead("unittitle", package.title), _span(package),
        _ead("origination", _ead("corpname", _ead("part", package.organ or "Văn thư cơ quan")), label="Cơ quan"),
        _ead("origination", _ead("persname", _ead("part", package.keeper)), label="Người lập hồ sơ")
        if package.keeper else None,
        _ead("physdesc", f"{len(package.items)} văn bản"), _language(),
    )  # fmt: skip


def _language() -> ET.Element:
    return _ead("langmaterial", _ead("language", "Tiếng Việt", langcode="vie"))


def _span(package: Package) -> ET.Element | None:
    if package.span is None:
        return None
    first, last = (_date(tag, day) for tag, day in zip(("fromdate", "todate"), package.span, strict=True))
    return _ead("unitdatestructured", _ead("daterange", first, last))


def _date(tag: str, day: str) -> ET.Element:
    return _ead(tag, day, standarddate=day if _DAY.fullmatch(day) else None)


def _notes(package: Package) -> list[ET.Element]:
    said = [_ead("appraisal", _ead("head", "Thời hạn bảo quản"), _ead("p", package.keep))]
    if package.left_out:
        places = ", ".join(map(str, package.left_out))
        text = f"Văn bản số thứ tự {places} của hồ sơ không nằm trong gói này."
        said.append(_ead("accessrestrict", _ead("head", "Không gồm"), _ead("p", text)))
    return [*said, _ead("odd", _ead("p", package.note))] if package.note else said


def _dsc(package: Package, hrefs: Mapping[int, str]) -> ET.Element:
    return _ead("dsc", *(_component(one, hrefs.get(one.place)) for one in package.items), dsctype="in-depth")


def _component(item: Item, href: str | None) -> ET.Element:
    date = _ead("unitdatestructured", _date("datesingle", item.date)) if item.date else None
    title = " ".join(filter(None, (item.kind, item.subject))) or item.code or item.name
    did = _ead(
        "did", _ead("unitid", item.code or item.name), _ead("unittitle", title), date,
        _ead("origination", _ead("corpname", _ead("part", item.organ))) if item.organ else None,
        _ead("physdesc", f"{item.pages} trang"), _language(),
        _ead("dao", daotype="derived", href=href) if href else None,
    )  # fmt: skip
    genre = _ead("controlaccess", _ead("genreform", _ead("part", item.kind))) if item.kind else None
    arrival = _ead("odd", _ead("p", "Số đến {} năm {}".format(*item.arrival[:2]))) if item.arrival else None
    return _ead("c", did, genre, arrival, level="item", id=f"doc-{item.place:04}")
