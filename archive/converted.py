"""The PDF of a file of an office program: a projection of which its pages are read and drawn, made by LibreOffice.

The original stays the original. Another LibreOffice, or other fonts, may break pages elsewhere: where the PDF is made
again its pages are looked at anew only when somebody has the scan read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.blobs import Blobs
from archive.children import Child
from archive.derived import Derived
from archive.errors import TookTooLong
from archive.models import Scan
from archive.office_files import FORMS
from archive.scans import Limits

NAME = "converted.pdf"
SECONDS, CPU = 180.0, 60.0
"""Wall clock and processor time of one file, of which its pages need some, too; 500 pages of text take 10 s."""
SLOW = (
    "LibreOffice mất quá nhiều thời gian mà chưa chuyển được tệp này sang PDF nên đã dừng. Tệp gốc vẫn được lưu an "
    "toàn; hãy mở tệp, xuất ra PDF rồi gửi lại."
)


@dataclass(frozen=True, slots=True)
class Original:
    """A scan's file; a plain value, so that no transaction is open while it is made into a PDF."""

    scan_id: str
    sha256: str
    media_type: str

    @classmethod
    def of(cls, scan: Scan) -> Original:
        """The file of a scan."""
        return cls(scan.id, scan.sha256, scan.media_type)

    @property
    def is_office(self) -> bool:
        """Whether a PDF stands for it."""
        return self.media_type in FORMS


def path(blobs: Blobs, derived: Derived, one: Original) -> str:
    """The file whose pages are read and drawn; `is_missing` says whether it has to be made first."""
    return str(derived.path(one.scan_id, NAME) if one.is_office else blobs.path(one.sha256).absolute())


def is_missing(derived: Derived, one: Original) -> bool:
    """Whether it is an office file whose PDF was never made, or was thrown away."""
    if not one.is_office:
        return False
    pdf = derived.path(one.scan_id, NAME)
    return not pdf.is_file() or not pdf.stat().st_size  # empty: a power cut came before its bytes


def made(blobs: Blobs, derived: Derived, one: Original, limits: Limits) -> str:
    """`path`, after the file was made where it has to be. NotConverted, TookTooLong; errors of the child."""
    if is_missing(derived, one):
        make(blobs, derived, one, limits)
    return path(blobs, derived, one)


def make(
    blobs: Blobs, derived: Derived, one: Original, limits: Limits, beat: Callable[[], None] | None = None
) -> None:  # fmt: skip
    """Make the PDF of an office file and keep it. NotConverted, TookTooLong; errors of the child."""
    derived.put(one.scan_id, NAME, to_pdf(blobs.path(one.sha256), one.media_type, limits, beat))


def to_pdf(file: Path, media_type: str, limits: Limits, beat: Callable[[], None] | None = None) -> bytes:
    """The PDF of an office file, with one page more than is taken where it has so many. Errors as of `make`.

    The child stands outside the walls of the others, for within walls nobody but root may raise more: LibreOffice gets
    its own, which are higher (archive/soffice.py).
    """
    asked = (str(file.absolute()), media_type, limits.pages + 1)
    try:
        with Child(name="office") as child:
            pdf: bytes = child.run("archive.soffice:to_pdf", *asked, wall=SECONDS, cpu=CPU, beat=beat)
    except TookTooLong as error:  # or TooMuchWork: whether it is tried again is told by the kind
        raise type(error)(SLOW) from error
    return pdf
