"""/admin/plugins/SLUG: what a plugin would change on papers that people have confirmed; nothing is written."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, g, render_template, request

from archive import access, switchboard
from archive.errors import PluginRefused, Transient
from archive.kit import Report, Sample, backtest, run_samples
from archive.kit.warnings import warnings
from server.auth import allow
from server.speech import gettext as _
from server.state import state

pages = Blueprint("plugins", __name__)
MOST = 30
"""Documents a page waits for; the command `vanthu plugins backtest` takes them all."""
SHOWN = 200
_turn = threading.Lock()
"""A plugin may take minutes over its papers, and the threads of the web are few."""


@pages.get("/admin/plugins/<slug>")
def look(slug: str) -> Any:
    """What the plugin is and how it does; `?samples=1` reads its samples, else it is replayed over confirmed papers."""
    allow("plugins")
    report, samples = None, []
    try:
        with turn(), state().readers() as session:
            if request.args.get("samples"):
                samples = list(run_samples(slug, state().settings))
            else:
                report = backtest(session, state().settings, slug, limit=MOST)
    except PluginRefused as error:
        return show(slug, None, [], str(error)), 422
    return show(slug, report, samples)


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """One trial at a time; who comes meanwhile is told so at once."""
    if not _turn.acquire(blocking=False):
        raise Transient(_("Một plugin khác đang được thử. Không có gì bị đổi; hãy mở lại trang này sau ít phút."))
    try:
        yield
    finally:
        _turn.release()


def show(slug: str, report: Report | None, samples: Sequence[Sample], sentence: str = "") -> str:
    """The page; who may read no paper sees how many values change, not which."""
    reads = access.can(g.user, "read")
    with state().readers() as session:
        plugin = next((one for one in state().plugins(session) if one.slug == slug), None)
        standing = switchboard.standings(session, [plugin])[slug] if plugin else ""
        return render_template(
            "pages/plugins.html", slug=slug, plugin=plugin, standing=standing, said=said,
            warned=warnings(session).get(slug), report=report, samples=samples, sentence=sentence,
            counts=report.by_field() if report else {}, becomes=becomes,
            changes=report.changes[:SHOWN] if report and reads else (),
        )  # fmt: skip


def said(value: Any) -> str:
    """A value of a sample in words."""
    if isinstance(value, list | tuple):
        return "; ".join(map(said, value)) or "—"
    return {None: "—", True: _("có"), False: _("không")}.get(value) or str(value)


def becomes(word: str) -> tuple[str, str]:
    """Kind of a state badge, and its words."""
    return {
        "right": ("ok", _("thành đúng")), "wrong": ("bad", _("thành sai")), "other": ("warn", _("vẫn sai")),
        "unchecked": ("off", _("chưa ai xác nhận")),
    }[word]  # fmt: skip
