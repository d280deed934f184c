"""Review: what the interface itself costs between two papers, and what a day of it leaves in the tab.

    python -m bench review [--reviews 520] [--warm 20] [--database URL]

A real Chromium confirms papers by keyboard against a web process of its own. The papers are written straight into the
database, with page pictures of the demo: no machine reads anything. Measured from Ctrl+Enter until the next form has
the focus and its page is decoded and painted: registering (one durable commit), the next form, drawing it. The heap is
looked at after a collection, once warm and again at the end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archive import database, people
from archive.config import Settings
from archive.derived import Derived
from archive.models import Document, PageRow, Scan, now
from archive.scans import Options, _views
from migrations import upgrade
from server import demo

PASSWORD = "mat khau dai"
LIMIT_MS, LIMIT_MB = 300, 10
WATCH = """
window.took = [];
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey && event.key === "Enter")) return;
  const began = performance.now(), before = document.querySelector("#review")?.getAttribute("action");
  const look = async () => {
    const form = document.querySelector("#review"), picture = document.querySelector("#trang-1 img");
    const there = form && form.getAttribute("action") !== before && form.contains(document.activeElement);
    if (!there || !picture?.complete) { requestAnimationFrame(look); return; }
    await picture.decode();
    requestAnimationFrame(() => setTimeout(() => window.took.push(performance.now() - began)));
  };
  requestAnimationFrame(look);
}, true);
"""


def settled(value: str, *, sure: bool, page_box: tuple[float, ...]) -> dict[str, Any]:
    """A field as the line leaves it."""
    rivals = [] if sure else [{"value": "417", "confidence": 0.3}]
    return {"value": value, "confidence": 0.98 if sure else 0.6, "sure": sure, "partial": None, "reason": "", "page": 1,
            "box": list(page_box), "source": "bench 1", "others": rivals}  # fmt: skip


def fill(settings: Settings, count: int) -> None:
    """`count` papers that wait for a clerk, one doubt each, with real pictures."""
    engine = database.open_engine(settings.database_url)
    upgrade(engine)
    pictures = [_views(image, Options()) for paper in demo.papers()[:3] for image in demo.draw(paper)[:1]]
    derived = Derived(settings.data)
    with database.sessions(engine).begin() as session:
        people.add_user(session, "van", "clerk", None, PASSWORD)
        for n in range(1, count + 1):
            scan = Scan(sha256=f"{n:064x}", filename=f"{n}.pdf", media_type="application/pdf", size=9, pages=1,
                        status="review", received_by="van", read_at=now())  # fmt: skip
            session.add(scan)
            session.flush()
            for name, content in zip(("1.webp", "1.thumb.webp"), pictures[n % len(pictures)], strict=True):
                derived.put(scan.id, name, content)
            session.add(PageRow(scan_id=scan.id, number=1, source="ocr", width=1654, height=2339, plain="Số: 471"))
            session.add(paper(scan.id, n))
    engine.dispose()


def paper(scan_id: str, n: int) -> Document:
    """One paper."""
    said = {"number": str(n), "symbol": "UBND-VX", "full_code": f"{n}/UBND-VX", "date": "2020-03-30",
            "issuing_organ": "Ủy ban nhân dân tỉnh Sóc Trăng", "document_type": "Công văn",
            "subject": "triển khai Thông báo của Bộ Chính trị về công tác phòng chống dịch"}  # fmt: skip
    fields = {
        name: settled(value, sure=name != "number", page_box=(0.2, 0.1 + 0.02 * at, 0.4, 0.12 + 0.02 * at))
        for at, (name, value) in enumerate(said.items())
    }
    return Document(scan_id=scan_id, pages=[1], fields=fields, text="Số: 471", **said)


@contextmanager
def web(settings: Settings) -> Iterator[str]:
    """A web process; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {"VANTHU_DATA": str(settings.data), "VANTHU_DATABASE": settings.database}
    command = [sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **ours}, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"{address}/healthz").close()
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def work(address: str, reviews: int, warm: int) -> tuple[list[float], dict[str, float], dict[str, float]]:
    """Reviews by keyboard; milliseconds each, and the tab warm and at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCH)
        page.goto("/login")
        page.fill("#name", "van")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#review")
        tab = page.context.new_cdp_session(page)
        tab.send("Performance.enable")
        for n in range(1, reviews + 1):
            page.keyboard.press("Enter")  # the doubt was looked at
            page.wait_for_timeout(150)  # a clerk's moment: the picture of the next paper comes meanwhile
            page.keyboard.press("Control+Enter")
            while page.evaluate("window.took.length") < n:
                page.wait_for_timeout(20)
            if n == warm:
                before = weighed(tab)
        after, took = weighed(tab), page.evaluate("window.took")
        browser.close()
    return took, before, after


def weighed(tab: Any) -> dict[str, float]:
    """What the tab holds after a collection."""
    for _twice in range(2):
        tab.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in tab.send("Performance.getMetrics")["metrics"]}
    return {name: told[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}


def report(took: list[float], before: dict[str, float], after: dict[str, float]) -> bool:
    """Prints the numbers; whether they are what was asked."""
    median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    grown = (after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 1e6
    print(f"{len(took)} reviews, from Ctrl+Enter to the next paper: median {median:.0f} ms, p95 {p95:.0f} ms")
    print(
        f"JS heap {before['JSHeapUsedSize'] / 1e6:.2f} → {after['JSHeapUsedSize'] / 1e6:.2f} MB ({grown:+.2f}), "
        f"nodes {before['Nodes']:.0f} → {after['Nodes']:.0f}, "
        f"listeners {before['JSEventListeners']:.0f} → {after['JSEventListeners']:.0f}"
    )
    return median < LIMIT_MS and grown < LIMIT_MB


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench review")
    parser.add_argument("--reviews", type=int, default=520)
    parser.add_argument("--warm", type=int, default=20)
    parser.add_argument("--database", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vanthu-review-") as folder:
        settings = Settings(data=Path(folder), database=given.database)
        fill(settings, given.reviews + 80)
        with web(settings) as address:
            reached = report(*work(address, given.reviews, given.warm))
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
