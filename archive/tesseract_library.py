"""Tesseract inside our own process, through tesserocr: the second engine behind archive/tesseract.py.

An optional extra (`pip install vanthu[tesserocr]`). Its wheels carry Tesseract itself but no language: those are the
system's, found where the program says they are. It saves the start of a program and the loading of the language for
every page. tesserocr is not safe to use from several threads; a child that reads has one.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from typing import Any

from PIL.Image import Image

from archive.errors import BadSettings, TookTooLong

_ABSENT = (
    "Chưa cài tesserocr; người quản trị hãy cài gói này hoặc đặt VANTHU_OCR_ENGINE=tesseract. "
    "Các bản quét vẫn được lưu an toàn."
)
_NO_LANGUAGE = (
    "Chưa cài ngôn ngữ “{language}” của Tesseract; người quản trị hãy cài gói tesseract-ocr-{language}. "
    "Các bản quét vẫn được lưu an toàn."
)
_LATE = "Nhận dạng chữ mất quá nhiều thời gian nên đã dừng. Bản quét vẫn an toàn."


def tsv(image: Image, psm: int, whitelist: str, dpi: int, language: str, timeout: float) -> str:
    """What `tesseract … tsv` would answer, without its heading line; `timeout` in seconds."""
    api = _loaded(language)
    api.SetPageSegMode(psm)
    api.SetVariable("tessedit_char_whitelist", whitelist)
    grey = image.convert("L")
    api.SetImageBytes(grey.tobytes(), grey.width, grey.height, 1, grey.width)
    api.SetSourceResolution(dpi)
    try:
        if not api.Recognize(round(timeout * 1000)):
            raise TookTooLong(_LATE)
        return str(api.GetTSVText(0))
    finally:
        api.Clear()


def version() -> str:
    """The version of Tesseract that tesserocr carries; BadSettings when it is not installed."""
    return str(_module().tesseract_version().split()[1])


@functools.lru_cache(maxsize=2)
def _loaded(language: str) -> Any:
    """Tesseract with its language; kept, since loading takes a tenth of a second."""
    module = _module()
    try:
        return module.PyTessBaseAPI(path=_languages(), lang=language, oem=module.OEM.LSTM_ONLY)
    except RuntimeError as error:
        raise BadSettings(_NO_LANGUAGE.format(language=language)) from error


def _module() -> Any:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        import tesserocr
    except ImportError as error:
        raise BadSettings(_ABSENT) from error
    return tesserocr


@functools.cache
def _languages() -> str:
    """The folder of the system's languages: TESSDATA_PREFIX, else what the program says."""
    if given := os.environ.get("TESSDATA_PREFIX"):
        return given
    program = shutil.which("tesseract") or "tesseract"
    try:
        said = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise BadSettings(_NO_LANGUAGE.format(language="vie")) from error
    found = re.search(r'"(.+?)"', said.stdout + said.stderr)
    return found[1] if found else ""
