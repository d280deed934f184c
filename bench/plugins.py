"""What plugins cost: processor time of all of them on a page, against that of the page's OCR.

`./run bench plugins [--plugins 63] [--papers 12] [--shared DIR]`: the real plugins and as many made ones as are
missing, over real scans where there are some, else over the project's own demo papers. Child processes are counted.
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import pstats
import resource
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from archive import host, scans
from archive.findings import settle
from archive.kit.making import make
from archive.provinces import changes
from archive.reading import Page, Text
from archive.recogniser import open_recogniser
from archive.vietnamese import words_of

SHARED = Path(__file__).resolve().parents[2] / "shared"
MOST_PAGES = 6
"""Of one paper: the long ones would drown the others."""


def spent(work: Callable[[], object]) -> tuple[float, object]:
    """(seconds of processor time of this process and of all its children, the answer)."""

    def now() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in both)

    began = now()
    answer = work()
    return now() - began, answer


def make_provinces(folder: Path, how_many: int) -> None:
    """Plugins of provinces that have none yet: every second one a file of rules."""
    known = set(host.find())
    names = [one.name for one in changes() if words_of(one.name).replace(" ", "_") not in known]
    for n, name in enumerate(names[: max(0, how_many - len(known))]):
        make(folder, words_of(name).replace(" ", "_"), name, toml=bool(n % 2))


def papers(shared: Path, most: int) -> Iterator[Path]:
    """Files to read."""
    manifest = shared / "material/scans/manifest.tsv"
    if manifest.exists():
        rows = csv.DictReader(manifest.open(encoding="utf-8"), delimiter="\t")
        yield from [shared / "material" / row["file"] for row in rows][:most]
    else:
        from server.demo import write

        yield from write(Path(tempfile.mkdtemp()))[:most]


def read(paper: Path) -> tuple[float, list[Page]]:
    """(seconds of reading, pages)."""

    def work() -> list[Page]:
        count = min(MOST_PAGES, scans.survey(paper).pages)
        return [scans.read_page(paper, number).page for number in range(1, count + 1)]

    seconds, pages = spent(work)
    return seconds, pages  # type: ignore[return-value]


def ask(folder: Path, pages: list[Page]) -> None:
    """Every question a paper costs that plugins answer without its picture, as the steps of the line ask them."""
    for page in pages:
        host.loaded(folder).begins(page)
    record = settle(host.loaded(folder).extract(Text(pages)), {}, None)
    host.loaded(folder).route(record, "cao_bang")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", type=int, default=63)
    parser.add_argument("--papers", type=int, default=12)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_provinces(Path(folder), chosen.plugins)
        open_recogniser()  # as in a worker's child: a larger process is slower to fork
        loading, asked = spent(lambda: host.loaded(Path(folder)))
        assert isinstance(asked, host.Host)
        print(f"{len(asked.plugins)} plugins, loaded in {loading:.2f} s of processor time")
        measure(Path(folder), list(papers(chosen.shared, chosen.papers)), chosen.profile)
        print("passed over:", asked.failures or "none")


def measure(folder: Path, files: list[Path], profile: bool) -> None:
    shares, plugins_each, ocr_each = [], [], []
    watch = cProfile.Profile()
    for file in files:
        reading, pages = read(file)
        if not any(page.source == "ocr" for page in pages):
            continue
        if profile:
            watch.enable()
        asking, _ = spent(lambda pages=pages: ask(folder, pages))
        watch.disable()
        plugins_each.append(asking / len(pages))
        ocr_each.append(reading / len(pages))
        shares.append(asking / reading)
        print(f"{file.name}: {len(pages)} pages; OCR {ocr_each[-1]:.2f} s a page, "
              f"plugins {1000 * plugins_each[-1]:.0f} ms = {100 * shares[-1]:.1f} %")  # fmt: skip
    print(f"all: plugins {1000 * statistics.mean(plugins_each):.0f} ms a page, OCR {statistics.mean(ocr_each):.2f} s; "
          f"{100 * sum(plugins_each) / sum(ocr_each):.1f} % (worst paper {100 * max(shares):.1f} %)")  # fmt: skip
    if profile:
        pstats.Stats(watch).sort_stats("cumulative").print_stats(35)


if __name__ == "__main__":
    main()
