"""Fixtures for authors of plugins; pytest finds them through the entry point `pytest11`.

def test_the_desk_is_found(vanthu_read):
    paper = vanthu_read("UBND TỈNH … Số: 12/UBND-VX …", plugins_dir="plugins", province="lai_chau")
    assert paper["documents"][0]["fields"]["number"]["value"] == "12"
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.reading import Page, Text

Read = Callable[..., dict[str, Any]]


@pytest.fixture
def vanthu_text() -> Callable[[str], Text]:
    """Turns recognised text into a `Text`, as `extract` gets it; a form feed begins a page."""

    def text(recognised: str) -> Text:
        return Text([Page.of_text(n, page) for n, page in enumerate(recognised.split("\f"), 1)])

    return text


@pytest.fixture
def vanthu_read(tmp_path: Path) -> Read:
    """Reads recognised text as `vanthu read FILE.txt` does, with the plugins of a folder beside the built-in ones."""

    def read(recognised: str, *, plugins_dir: str | Path | None = None, province: str | None = None) -> dict[str, Any]:
        from archive import config, pipeline  # not at import: pytest loads this module in every run

        file = tmp_path / "paper.txt"
        file.write_text(recognised, encoding="utf-8")
        settings = config.Settings(data=tmp_path)
        folder = Path(plugins_dir) if plugins_dir else None
        return pipeline.read_file(file, settings, province=province, plugins_dir=folder)

    return read
