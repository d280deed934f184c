"""Cut the printing face of the legal forms to Latin and Vietnamese, once, at development time: `python tools/fonts.py`.

Needs fonttools and Debian's fonts-croscore. Writes archive/data/fonts/ and, in FONTS.toml, the origin, version, licence
and SHA-256 of every file in it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

SOURCE = Path("/usr/share/fonts/truetype/croscore")
TARGET = Path(__file__).parent.parent / "archive" / "data" / "fonts"
LETTERS = (
    "U+0020-007E,U+00A0-017F,U+0192,U+01A0-01A1,U+01AF-01B0,U+0300-0304,U+0306,U+0309,U+031B,U+0323,U+1EA0-1EF9,"
    "U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2032-2033,U+2039-203A,U+20AB-20AC,U+2116,U+2122,U+2190-2193,"
    "U+2212,U+2248,U+2260,U+2264-2265,U+25A0-25A1,U+25CB,U+25CF"
)
"""Letters, digits and signs a printed form may need."""
VERSION = "1.33, Debian fonts-croscore 20201225"


def main() -> None:
    """Cut every style and write the list."""
    lines = ["# Written by tools/fonts.py; tests/archive/test_forms.py holds the hashes."]
    for style in ("Regular", "Bold", "Italic"):
        lines += entry(cut(f"Tinos-{style}.ttf"))
    lines += entry(TARGET / "Tinos.LICENSE")
    (TARGET / "FONTS.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def cut(name: str) -> Path:
    """The face with the wanted letters only, without hints: the printer's pixels are small."""
    target = TARGET / name
    subprocess.run(
        [sys.executable, "-m", "fontTools.subset", str(SOURCE / name), f"--unicodes={LETTERS}", "--no-hinting",
         "--layout-features=", "--name-IDs=*", "--notdef-outline", "--drop-tables+=GSUB,GPOS,GDEF,DSIG,kern",
         f"--output-file={target}"], check=True,
    )  # fmt: skip
    return target


def entry(file: Path) -> list[str]:
    """One [[file]] of FONTS.toml."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    values = {"file": file.name, "name": "Tinos", "version": VERSION, "licence": "OFL-1.1", "sha256": sha256}
    return ["", "[[file]]", *(f'{key} = "{value}"' for key, value in values.items())]


if __name__ == "__main__":
    main()
