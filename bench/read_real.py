"""Reading of real and hostile files: real scans against raw Tesseract, and the 527 files made to break decoders.

python -m bench.read real [--pages 2]    for each real scan the words that could be Vietnamese, raw and ours;
                                         characters wrong on three pages typed by hand (bench/transcripts)
python -m bench.read copy [--pages 2]    words that come back out of searchable copies by pdfium, poppler and
                                         Chromium's viewer; what pdfsig says of the original before and after
python -m bench.read photo [--pages 2]   pages typed by hand as a telephone takes them, so many photographs each
python -m bench.read robust [--every 10] [--decode]
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pypdfium2
from playwright.sync_api import BrowserContext, sync_playwright

from archive import pageimage, plates, scans, searchable, tesseract
from archive.blobs import open_blobs
from archive.children import Child
from archive.errors import ArchiveError
from archive.reading import Word
from archive.vietnamese import syllables
from bench import _photographs

SHARED = Path(os.environ.get("VANTHU_MATERIAL", Path(__file__).parents[2] / "shared" / "material")).parent
SCANS = SHARED / "material" / "scans" / "vbhc"
TRANSCRIPTS = Path(__file__).parent / "transcripts"
WHAT = ("real", "validity", "copy", "photo", "robust")


def real(pages: int) -> int:
    """Real scans, raw Tesseract and ours in turns; 1 when ours is behind on a file."""
    behind = []
    for path in _scans():
        raw: list[Word] = []
        ours: list[Word] = []
        sources: Counter[str] = Counter()
        for n in range(1, min(pages, scans.survey(path).pages) + 1):
            page, bare = scans.read_page(path, n).page, _raw(path, n)
            ours += page.words
            raw += bare
            sources[page.source] += 1
            wrong = _transcribed(path, n, {"raw": bare, "ours": page.words})
            if wrong and wrong["ours"] > wrong["raw"]:
                behind.append(path.name)
        shares = [100 * syllables(_spoken(words)) for words in (raw, ours)]
        kinds = ", ".join(f"{count} {kind}" for kind, count in sources.items())
        print(
            f"{path.name[:14]:14} pages {kinds}; syllables: raw {shares[0]:.2f} % of {len(_spoken(raw))} words, "
            f"ours {shares[1]:.2f} % of {len(_spoken(ours))}",
            flush=True,
        )
        # A layer is what the paper's author wrote: no reading can be truer.
        if shares[1] < shares[0] and "layer" not in sources:
            behind.append(path.name)
    print("ours is behind on:", ", ".join(sorted(set(behind))) or "none")
    return int(bool(behind))


def _spoken(words: Sequence[Word]) -> list[str]:
    """Words of letters, without those in capitals that are no syllables (UBND, TM, XII): they are not to be spoken."""
    bare = [word.text.strip(".,;:!?()[]\"'“”…/-–") for word in words]
    return [text for text in bare if text.isalpha() and not (text.isupper() and syllables([text]) == 0)]


def _scans() -> list[Path]:
    folder = SHARED / "material" / "scans"
    return [*sorted(SCANS.glob("*.pdf")), *sorted(folder.glob("*/*.jpg")), *sorted(folder.glob("*/*.png"))]


def _raw(path: Path, n: int) -> tuple[Word, ...]:
    """What Tesseract makes of the page as it lies in the file."""
    image = scans.page_image(path, n).convert("L")
    return tesseract.read(image, dpi=round(pageimage.likely_dpi(image.size, None)))


def _transcribed(path: Path, n: int, read: dict[str, Sequence[Word]]) -> dict[str, float] | None:
    """Characters wrong in a hundred of a page that was typed by hand (bench/transcripts); None for another page."""
    file = TRANSCRIPTS / f"{path.name}.{n}.txt"
    if not file.exists():
        return None
    lines = [" ".join(line.split()) for line in re.sub(r"\[\[.*?\]\]", "", file.read_text()).splitlines()]
    size = sum(map(len, lines))
    wrong = {}
    for name, words in read.items():
        text = " ".join(word.text for word in words)
        wrong[name] = 100 * sum(_apart(line, text) for line in lines) / size
    told = ", ".join(f"{name} {value:.2f} %" for name, value in wrong.items())
    print(f"{path.name[:14]:14} page {n}, {size} characters typed by hand, wrong: {told}")
    return wrong


def _apart(line: str, text: str) -> int:
    """Characters to change, add or drop to find `line` somewhere in `text`: the order of lines is another question."""
    letters, places = np.array([ord(letter) for letter in text]), np.arange(len(text) + 1)
    row = np.zeros(len(text) + 1, int)
    for letter in line:
        step = np.empty_like(row)
        step[0] = row[0] + 1
        step[1:] = np.minimum(row[:-1] + (letters != ord(letter)), row[1:] + 1)
        row = np.minimum.accumulate(step - places) + places
    return int(row.min())


def photographs(seeds: int) -> int:
    """Pages typed by hand as a telephone would take them: raw Tesseract, ours as they are, ours set straight."""
    for name, n in (("11CT.pdf", 2), ("47_QĐ_UB.signed_(1).pdf", 1)):
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                taken = _photographs.photographed(scans.page_image(SCANS / name, n), seed)
                taken.save(jpeg := Path(folder, "a.jpg"), quality=88)
                taken.save(tiff := Path(folder, "a.tif"))  # a TIFF is never taken for a photograph
                read = {"raw": _raw(jpeg, 1), "as it is": scans.read_page(tiff, 1).page.words}
                page = scans.read_page(jpeg, 1).page
            print(f"photograph {seed}, {page.reason}, {page.advice}")
            _transcribed(SCANS / name, n, read | {"straight": page.words})
    return 0


# ------------------------------------------------------------------------------------------------ copies


def copy(pages: int) -> int:
    """Searchable copies of real scans: words that come back in order, and originals that stay; 1 when they do not."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder, _viewer(Path(folder)) as viewer:
        for path in _scans():
            before = _signed(path)
            read = [scans.read_page(path, n + 1).page for n in range(min(pages, scans.survey(path).pages))]
            copied = Path(folder, "copy.pdf")
            with copied.open("wb") as file:
                searchable.write(
                    file, read, lambda page, of=path: plates.plate(of, page.number, page.rotation, scans.Limits())
                )
            want = [word for page in read for word in page.plain.split()]
            got = {
                "pdfium": _pdfium(copied),
                "pdftotext": _run("pdftotext", copied, "-"),
                "pdftotext -raw": _run("pdftotext", "-raw", copied, "-"),
                "Chromium": viewer("copy.pdf"),
            }
            kept = open_blobs("file:", Path(folder)).put(path)
            after = _signed(open_blobs("file:", Path(folder)).path(kept.sha256))
            bad |= after != before
            told = ", ".join(f"{name} {_shares(want, text)}" for name, text in got.items() if text is not None)
            print(
                f"{path.name[:14]:14} {len(want)} words in order (anywhere): {told}; {path.stat().st_size >> 10} -> "
                f"{copied.stat().st_size >> 10} KB; pdfsig {'the same' if after == before else 'DIFFERS'}, "
                f"{before.count('Signature is Valid')} valid",
                flush=True,
            )
    return bad


def _shares(want: Sequence[str], text: str) -> str:
    got = text.split()
    blocks = difflib.SequenceMatcher(None, want, got, autojunk=False).get_matching_blocks()
    anywhere = (Counter(want) & Counter(got)).total()
    return f"{100 * sum(block.size for block in blocks) / len(want):.1f} ({100 * anywhere / len(want):.1f}) %"


def _pdfium(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()


def _run(*command: str | Path) -> str | None:
    """What a program of poppler says; None where it is not installed."""
    if not shutil.which(command[0]):
        return None
    return subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")


def _signed(path: Path) -> str:
    """What pdfsig says of the file, without its name; its bytes where pdfsig is not installed or it is no PDF."""
    said = _run("pdfsig", path) if path.suffix != ".jpg" else None
    return said.split("\n", 1)[-1] if said else hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _viewer(folder: Path) -> Iterator[Callable[[str], str | None]]:
    """A function that copies all text of a file in `folder` out of Chromium's own PDF viewer, as a person would."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        yield lambda _name: None
        return
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as play:
        # Only the new headless mode has the viewer; playwright's own switch would start the old one.
        browser = play.chromium.launch(
            executable_path=program, headless=False, args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context()
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        yield lambda name: _copied(context, f"{address}/{name}")
        browser.close()
    server.shutdown()


def _copied(context: BrowserContext, url: str) -> str:
    page = context.new_page()
    page.goto(url)
    page.wait_for_timeout(4000)
    page.mouse.click(640, 300)
    for keys in ("Control+a", "Control+c"):
        page.keyboard.press(keys)
        page.wait_for_timeout(1500)
    page.close()
    paper = context.new_page()
    paper.set_content("<textarea></textarea>")
    paper.focus("textarea")
    paper.keyboard.press("Control+v")
    paper.wait_for_timeout(500)
    text = paper.input_value("textarea")
    paper.close()
    return text


# ------------------------------------------------------------------------------------------------ hostile files


def decoded(path: str, n: int) -> tuple[int, int]:
    """A page decoded and drawn but not recognised: what a decoder can break, without the minutes Tesseract takes."""
    with scans.source(Path(path), n, scans.Limits()) as source:
        image = source.image()
        source.objection()
        source.view()
        source.overlaid()
    return image.size


def robust(every: int, step: str) -> int:
    """Takes each file as the worker does; 1 when one ends in something else than pages or a reason."""
    bad = 0
    files = sorted(path for path in (SHARED / "material" / "robust").rglob("*") if path.is_file())[::every]
    outcomes: Counter[str] = Counter()
    slowest = (0.0, "")
    memory: list[int] = []
    with Child() as child:
        for path in files:
            begin = time.monotonic()
            outcome = _outcome(child, path, step)
            taken = time.monotonic() - begin
            slowest = max(slowest, (taken, path.name))
            memory.append(_resident(child))
            outcomes[outcome] += 1
            if outcome.startswith("!") or taken > 90:
                bad = 1
            if outcome.startswith(("!", "Crashed", "TookTooLong")) or taken > 20:
                print(f"{path.relative_to(SHARED)}: {outcome} after {taken:.1f} s", flush=True)
    print(f"{len(files)} files: {dict(outcomes)}; the slowest {slowest[0]:.1f} s ({slowest[1]})")
    tenth = max(1, len(memory) // 10)
    halves = [statistics.median(part) for part in (memory[:tenth], memory[-tenth:])]
    print(f"child after a file, MB: first tenth {halves[0]:.0f}, last tenth {halves[1]:.0f}, most {max(memory)}")
    print(f"this process, most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    return bad


def _resident(child: Child) -> int:
    """Megabytes the child holds now; 0 when it was ended."""
    try:
        return int(Path(f"/proc/{child.pid}/statm").read_text().split()[1]) * resource.getpagesize() >> 20
    except OSError:
        return 0


def _outcome(child: Child, path: Path, step: str) -> str:
    try:
        with path.open("rb") as file:
            scans.sniff(file.read(scans.HEAD))
        found = child.run("archive.scans:survey", str(path), wall=60, cpu=30)
        for n in range(1, min(found.pages, 2) + 1):
            child.run(step, str(path), n, wall=80, cpu=60)
    except ArchiveError as error:
        return type(error).__name__ + "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    except Exception as error:
        return f"! {type(error).__name__}: {error}"
    return "read"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.read", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--every", type=int, default=1, help="of the hostile files, each so-manieth")
    parser.add_argument("--decode", action="store_true", help="decode hostile files without recognising them")
    parser.add_argument("--pages", type=int, default=2, help="of each real scan, at most")
    options = parser.parse_args()
    if options.what == "robust":
        return robust(options.every, "bench.read_real:decoded" if options.decode else "archive.scans:read_page")
    if options.what == "photo":
        return photographs(options.pages)
    return copy(options.pages) if options.what == "copy" else real(options.pages)


if __name__ == "__main__":
    sys.exit(main())
