"""Bring server/translations up to date: `python tools/translate.py` after writing or changing a sentence.

New sentences get an empty line in messages.po to fill in; those nobody says any more go; messages.mo is compiled.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "server" / "translations" / "en" / "LC_MESSAGES"


def main() -> None:
    """Rewrite both files; the sentences without English are named."""
    sys.path.insert(0, str(ROOT))
    from tests.server.pages.test_speech import LABELS, said

    old = _old()
    new = Catalog(
        locale="en", project="vanthu", charset="utf-8", fuzzy=False, header_comment="# English of the pages of vanthu.",
        creation_date=old.creation_date, revision_date=old.creation_date, last_translator="vanthu",
        msgid_bugs_address="vanthu", language_team="vanthu", version="1",
    )  # fmt: skip
    for sentence in sorted({*said(), *LABELS}):
        known = old.get(sentence)
        several = "%(num)d" in sentence
        new.add((sentence, sentence) if several else sentence, known.string if known else "")
    for file, write in (("messages.po", _write_po), ("messages.mo", write_mo)):
        with (FOLDER / file).open("wb") as out:
            write(out, new)
    print("\n".join(str(message.id) for message in new if message.id and not message.string))


def _old() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def _write_po(out: object, catalog: Catalog) -> None:
    write_po(out, catalog, width=120, omit_header=False, ignore_obsolete=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
