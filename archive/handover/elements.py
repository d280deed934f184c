"""XML of the three formats: names in their namespaces, text that XML can hold, moments as Vietnam writes them."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

from archive.workdays import HANOI

METS = "http://www.loc.gov/METS/"
"""METS 1.12.1 (Library of Congress, 2019)."""
EAD = "http://ead3.archivists.org/schema/"
"""EAD3 1.1: EAD 2002 is kept up no more, and METS names both EAD."""
PREMIS = "http://www.loc.gov/premis/v3"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
for _prefix, _space in (("mets", METS), ("ead", EAD), ("premis", PREMIS), ("xlink", XLINK), ("xsi", XSI)):
    ET.register_namespace(_prefix, _space)
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Builder:
    """Makes elements of one namespace."""

    def __init__(self, space: str) -> None:
        self._space = space

    def __call__(self, tag: str, *inside: ET.Element | str | None, **attributes: object) -> ET.Element:
        """An element with texts and elements in it; what is None is left out. `xlink_href` is of that namespace."""
        made = ET.Element(f"{{{self._space}}}{tag}")
        for name, value in attributes.items():
            if value is not None:
                made.set(_name(name), clean(str(value)))
        for one in inside:
            if isinstance(one, str):
                made.text = (made.text or "") + clean(one)
            elif one is not None:
                made.append(one)
        return made


def _name(attribute: str) -> str:
    prefix, _, local = attribute.partition("_")
    space = {"xlink": XLINK, "xsi": XSI}.get(prefix)
    return f"{{{space}}}{local}" if space else attribute


def clean(text: str) -> str:
    """The text without what XML 1.0 has no letter for."""
    return _NO_XML.sub("\ufffd", text)


def written(root: ET.Element) -> bytes:
    """As a file: UTF-8, indented."""
    ET.indent(root, " ")
    content: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return content + b"\n"


def moment(at: dt.datetime) -> str:
    """ISO 8601 to the second in the time of Vietnam: `2026-03-25T08:00:00+07:00`."""
    return at.astimezone(HANOI).isoformat(timespec="seconds")
