"""The one module that runs LibreOffice (`soffice`), which makes a PDF of a file of an office program.

Called in the killable child only. LibreOffice is a program of its own, not a part of ours, and optional. It gets a
profile of its own for each run, in which macros never run, links are not followed and the network is a closed door;
where bubblewrap may be used it sees besides neither network nor any file but programs, fonts and the paper itself.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from archive import office_copy
from archive.children import walls
from archive.errors import NotConverted
from archive.office_files import FORMS, ODT, is_locked

PROGRAMS = ("soffice", "libreoffice")
"""As it is called on PATH."""
PACKAGES = "libreoffice-writer-nogui libreoffice-calc-nogui fonts-croscore fonts-crosextra-carlito"
"""Of Debian and Ubuntu: the smallest set, and letters as wide as those of Times New Roman, Arial and Calibri."""
MOST = 200 << 20
"""Bytes of a PDF that is taken."""
FAILED = (
    "LibreOffice không chuyển được tệp này sang PDF (tệp hỏng, có mật khẩu, hoặc không đúng dạng). Tệp gốc vẫn được "
    "lưu an toàn; hãy mở tệp, xuất ra PDF rồi gửi lại."
)
LOCKED = (
    "Tệp có mật khẩu nên không chuyển sang PDF được. Tệp gốc vẫn được lưu an toàn; hãy bỏ mật khẩu, hoặc xuất ra PDF "
    "rồi gửi lại."
)
GONE = (
    "Máy chủ không có LibreOffice nên chưa chuyển được tệp này sang PDF. Tệp gốc vẫn được lưu an toàn; hãy báo quản "
    "trị viên cài LibreOffice rồi bấm “Thử lại”, hoặc xuất ra PDF rồi gửi lại."
)
_SETTINGS: tuple[tuple[str, str, object], ...] = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", 3),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", True),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", True),
    ("Office.Common/Security/Scripting", "DisableActiveContent", True),  # since 24.2
    ("Office.Writer/Content/Update", "Link", 0),  # 0: never
    ("Office.Writer/Content/Update", "Field", False),
    ("Office.Calc/Content/Update", "Link", 1),  # 1: never
    ("Inet/Settings", "ooInetProxyType", 2),  # by hand: to where nobody listens
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", 9),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", 9),
    ("Inet/Settings", "ooInetNoProxy", ""),
    # A sheet's dates are written as the reader's country writes them: 3 February is 03/02 here.
    ("Setup/L10N", "ooSetupSystemLocale", "vi-VN"),
)
"""What a profile says, by path below `org.openoffice`; what a version does not know it passes over."""
_SEEN = (
    "/usr",
    "/opt",
    "/etc/fonts",
    "/etc/libreoffice",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/var/cache/fontconfig",
)
"""What LibreOffice may read beside its own folder and the paper's."""


def program() -> str | None:
    """LibreOffice's program; None where it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def to_pdf(path: str, media_type: str, pages: int) -> bytes:
    """The file as a PDF of at most `pages` pages. NotConverted: LibreOffice cannot, and will not the next time."""
    office = program()
    if office is None:
        raise NotConverted(GONE)
    if is_locked(path):
        raise NotConverted(LOCKED)
    with tempfile.TemporaryDirectory(prefix="office-") as made:
        home = Path(made)
        paper = home / f"paper.{FORMS[media_type].ending}"
        office_copy.make(path, paper, media_type)
        _write_profile(home / "profile")
        if office_copy.may_be_struck(paper, media_type):
            paper, media_type = _as_odt(office, home, paper), ODT
        _convert(office, home, paper, f"pdf:{FORMS[media_type].writes}:{_options(pages)}")
        return _taken(home / "out" / "paper.pdf")


def _as_odt(office: str, home: Path, paper: Path) -> Path:
    """The file as OpenDocument, of which what was struck out can be taken away."""
    _convert(office, home, paper, "odt:writer8")
    made, still = home / "out" / "paper.odt", home / "paper.odt"
    if not made.is_file():
        raise NotConverted(FAILED)
    office_copy.make(str(made), still, ODT)
    return still


def _options(pages: int) -> str:
    return json.dumps({
        "PageRange": {"type": "string", "value": f"1-{pages}"},
        "ExportFormFields": {"type": "boolean", "value": "false"},
        "ExportBookmarks": {"type": "boolean", "value": "false"},
    })  # fmt: skip


def _convert(office: str, home: Path, paper: Path, form: str) -> None:
    """Make a file of this form in `home/out`, named as the paper."""
    words = [
        office, "--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard", "--nolockcheck",
        f"-env:UserInstallation={(home / 'profile').as_uri()}",
        "--convert-to", form, "--outdir", str(home / "out"), str(paper),
    ]  # fmt: skip
    _run([*_walls(office, home), *words], home)


def _run(words: list[str], home: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    subprocess.run(  # noqa: S603 - LibreOffice's own program, no shell
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, check=False,
        env={**kept, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"},
    )  # fmt: skip


def _taken(pdf: Path) -> bytes:
    """What was made; the exit status says nothing, it is 0 for what could not be loaded."""
    try:
        with pdf.open("rb") as file:
            content = file.read(MOST + 1)
    except FileNotFoundError:
        raise NotConverted(FAILED) from None
    if not content.startswith(b"%PDF-") or len(content) > MOST:
        raise NotConverted(FAILED)
    return content


def _write_profile(profile: Path) -> None:
    """A profile that says no to all a paper could ask for."""
    items = "".join(
        f'<item oor:path="/org.openoffice.{place}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</value></prop></item>"
        for place, name, value in _SETTINGS
    )
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{items}</oor:items>",
        encoding="utf-8",
    )


def _walls(office: str, home: Path) -> list[str]:
    """What is said before the command: own walls, else those of the other decoders (where /proc may not be mounted
    anew), else none: bubblewrap is not there or may not.
    """
    own = str(Path(office).resolve().parents[1])
    words = _tried(own)
    return [*words, "--bind", str(home), str(home), "--"] if words else list(walls())


@functools.cache
def _tried(own: str) -> tuple[str, ...]:
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        return ()
    seen = [word for place in (*_SEEN, own) for word in ("--ro-bind-try", place, place)]
    links = [word for name in ("lib", "lib64", "bin", "sbin") for word in _linked(name)]
    words = (bubblewrap, "--unshare-all", "--die-with-parent", *seen, *links, "--dev", "/dev", "--proc", "/proc")
    tried = subprocess.run([*words, "--", "true"], capture_output=True, timeout=10, check=False)  # noqa: S603 - our own
    return () if tried.returncode else words


def _linked(name: str) -> tuple[str, ...]:
    """`/lib` as it is on this system: a link into /usr, or a folder."""
    place = Path("/") / name
    return (
        ("--symlink", str(place.readlink()), str(place)) if place.is_symlink() else ("--ro-bind-try", *[str(place)] * 2)
    )
