"""/scan (Quét): a scanner of the server or of the network is driven from here, page by page, up to the one intake.

The scanner runs in a child (archive/scanner/runs.py); these pages only look at the folder of the batch.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from archive.errors import ArchiveError, BadValue, Conflict, NotFound
from archive.scanner import RESOLUTIONS, Wanted, allowed, handing
from archive.scanner.batch import SHEET, WHOLE, Batch
from server import errors, rooted
from server.auth import require
from server.pages import scanned
from server.pages.images import GONE
from server.speech import gettext as _
from server.state import state

pages = Blueprint("scanning", __name__)
COOKIE = "scan"
"""What this browser scanned with last."""
KEPT = ("device", "source", "resolution", "colour", "files", "every", "drops")
YEAR = 365 * 24 * 3600
NO_DEVICE = "Chưa thấy máy quét này: có thể đang tìm, đã tắt, hoặc chưa được cho phép. Chưa quét gì; hãy chọn lại máy."
NO_WAY = "Máy quét này không có nguồn giấy, màu hoặc độ phân giải đã chọn; chưa quét gì. Hãy chọn cách khác."
NO_NUMBER = "Số trang của mỗi tệp phải từ 1 đến 999; chưa đổi gì. Hãy gõ lại."


@pages.get("/scan")
@require("ingest")
def look() -> Any:
    """The form, and the batches of this person that wait."""
    return show(None)


def show(batch: Batch | None, sentence: str = "", status: int = 200) -> Any:
    """The page, of one batch or of none yet."""
    batches = state().batches
    others = [] if batch else [scanned.shown(batches, one) for one in batches.open_of(g.user.id)]
    typed = request.form if sentence else {}
    return render_template(
        "pages/scanning.html", batch=batch, choice=scanned.choice(batch, request.cookies.get(COOKIE, ""), typed),
        shown=batch and scanned.shown(batches, batch), devices=devices(), resolutions=RESOLUTIONS, sentence=sentence,
        waiting=[one for one in others if one.sheets or one.running], did=request.args.get("did", ""),
        files=number if (number := request.args.get("files", "")).isdecimal() else "",
    ), status  # fmt: skip


@pages.get("/scan/devices")
@require("ingest")
def find() -> Any:
    """The choice of scanners, asked for until it is known which there are."""
    chosen = scanned.choice(None, request.cookies.get(COOKIE, ""))
    return render_template("parts/scanners.html", devices=devices(), choice=chosen)


@pages.post("/scan/devices")
@require("ingest")
def find_again() -> Any:
    """Look for scanners once more: one was switched on."""
    with state().readers() as session:
        state().roster.look(allowed.urls(session, state().settings), again=True)
    back = request.form.get("back", "")
    return redirect(back if scanned.is_back(back) else "/scan", 303)


@pages.post("/scan")
@require("ingest")
def begin() -> Any:
    """A new batch, and the scanner starts."""
    try:
        chosen = choose(Batch("", g.user.id, "", wanted()))
        handing.sweep(state().batches, state().sessions, state().blobs, state().settings)
        batch = state().batches.begin(chosen)
        state().runs.start(batch)
    except (BadValue, Conflict) as error:
        return show(None, str(error), errors.status_of(error))
    return remember(redirect(f"/scan/{batch.id}", 303))


@pages.get("/scan/<batch_id>")
@require("ingest")
def watch(batch_id: str) -> Any:
    """The pages of a batch as they come; one that was handed in leads to the next."""
    batch = state().batches.find(batch_id, g.user.id)
    if state().batches.handed(batch) is not None:
        return redirect("/scan", 303)
    return show(batch)


@pages.get("/scan/<batch_id>/progress")
@require("ingest")
def progress(batch_id: str) -> Any:
    """The pages alone, for the browser that asks again; 204 when none has come."""
    batch = state().batches.find(batch_id, g.user.id)
    now = scanned.shown(state().batches, batch)
    return Response(status=204) if request.args.get("seen") == now.digest else part(batch, now)


def part(batch: Batch, now: scanned.Shown | None = None) -> Any:
    """The pages of a batch, as a part of the page."""
    return render_template("parts/batch.html", batch=batch, shown=now or scanned.shown(state().batches, batch))


@pages.get("/scan/<batch_id>/pages/<int:number>.webp")
@require("ingest")
def view(batch_id: str, number: int) -> Any:
    """A page that was scanned, to be looked at closely."""
    return picture(batch_id, f"{number:04}.view.webp")


@pages.get("/scan/<batch_id>/pages/<int:number>.thumb.webp")
@require("ingest")
def thumb(batch_id: str, number: int) -> Any:
    """The same, small."""
    return picture(batch_id, f"{number:04}.thumb.webp")


def picture(batch_id: str, name: str) -> Any:
    """A picture we made ourselves; nobody has looked yet at what the paper is, so the browser does not keep it."""
    batch = state().batches.find(batch_id, g.user.id)
    try:
        answer = make_response((state().batches.folder(batch.id) / name).read_bytes())
    except OSError:
        raise NotFound(GONE) from None
    answer.mimetype = "image/webp"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@pages.post("/scan/<batch_id>/pages")
@require("ingest")
def change(batch_id: str) -> Any:
    """Leave a page out, bring it back, turn it, move it, begin a file with it: `do` is `3 right`."""
    batch = state().batches.find(batch_id, g.user.id)
    number, _blank, what = request.form.get("do", "").partition(" ")
    state().batches.change(batch, int(number) if number.isdecimal() and len(number) < 6 else 0, what)
    return answered(batch)


@pages.post("/scan/<batch_id>/choose")
@require("ingest")
def choose_files(batch_id: str) -> Any:
    """Other files, blank pages kept or not, urgent, secret: of the pages that are there."""
    batch = state().batches.find(batch_id, g.user.id)
    try:
        batch = choose(batch)
        state().batches.save(batch)
    except (BadValue, Conflict) as error:
        return part(batch) if errors.wants_part() else show(batch, str(error), errors.status_of(error))
    return answered(batch)


@pages.post("/scan/<batch_id>/go")
@require("ingest")
def go_on(batch_id: str) -> Any:
    """The scanner goes on, behind the pages that are there."""
    batch = state().batches.find(batch_id, g.user.id)
    try:
        batch = choose(batch, wanted())
        state().runs.start(batch)
    except (BadValue, Conflict) as error:
        return show(batch, str(error), errors.status_of(error))
    return remember(redirect(f"/scan/{batch.id}", 303))


@pages.post("/scan/<batch_id>/stop")
@require("ingest")
def stop(batch_id: str) -> Any:
    """The scanner ends after the page it is at."""
    batch = state().batches.find(batch_id, g.user.id)
    state().runs.stop(batch)
    return answered(batch)


@pages.post("/scan/<batch_id>/receive")
@require("ingest")
def receive(batch_id: str) -> Any:
    """Nhận: the files go to the intake, the pages go, and the next batch may begin."""
    app = state()
    batch = app.batches.find(batch_id, g.user.id)
    try:
        if app.batches.plan(batch) is None and app.batches.handed(batch) is None:
            batch = choose(batch)
            app.batches.save(batch)
        scans = handing.hand_in(app.batches, batch, app.sessions, app.blobs, app.settings, user=g.user)
    except ArchiveError as error:
        return show(batch, str(error), errors.status_of(error))
    return remember(redirect(f"/scan?did={'secret' if batch.secret else 'received'}&files={len(scans)}", 303))


@pages.post("/scan/<batch_id>/discard")
@require("ingest")
def discard(batch_id: str) -> Any:
    """The pages are thrown away; an event says how many there were."""
    batch = state().batches.find(batch_id, g.user.id)
    try:
        handing.discard(state().batches, batch, state().sessions, actor=g.user.name)
    except Conflict as error:
        return show(batch, str(error), 409)
    return redirect("/scan?did=discarded", 303)


def devices() -> Any:
    """The scanners this server may use; None while it is not known which there are."""
    with state().readers() as session:
        return state().roster.look(allowed.urls(session, state().settings))


def wanted() -> Wanted:
    """How the form wants pages scanned; only scanners that were found, or allowed, are used, as far as they can."""
    asked = request.form.get("device", "")
    device = next((one for one in devices() or () if one.id == asked), None)
    if device is None:
        raise BadValue(_(NO_DEVICE))
    dots = request.form.get("resolution", "")
    how = Wanted(
        asked, request.form.get("source", ""), int(dots) if dots in map(str, RESOLUTIONS) else 0,
        request.form.get("colour", ""),
    )  # fmt: skip
    can = how.source in device.sources and how.colour in device.colours and how.resolution in device.resolutions
    if not can and not device.trouble:
        raise BadValue(_(NO_WAY))
    return how


def choose(batch: Batch, how: Wanted | None = None) -> Batch:
    """The batch as the form says it is to become."""
    files = request.form.get("files", batch.files)
    if files == "every":
        files = request.form.get("every", "").strip()
        if not files.isdecimal() or not 1 <= int(files[:4]) <= 999:
            raise BadValue(_(NO_NUMBER))
        files = str(int(files))
    elif files not in (WHOLE, SHEET):
        files = batch.files
    return Batch(
        batch.id, batch.owner, batch.begun, how or batch.wanted, files, bool(request.form.get("drops")),
        bool(request.form.get("urgent")), bool(request.form.get("secret")),
    )  # fmt: skip


def answered(batch: Batch) -> Any:
    """The part that changed for scripts, the page for plain forms."""
    return part(batch) if errors.wants_part() else redirect(f"/scan/{batch.id}", 303)


def remember(answer: Any) -> Any:
    """This browser's choice, for the next batch."""
    if "device" not in request.form:
        return answer
    told = scanned.told({name: request.form.get(name, "")[:200] for name in KEPT})
    secure = state().settings.secure_cookies
    answer.set_cookie(COOKIE, told, max_age=YEAR, httponly=True, samesite="Lax", secure=secure,
                      path=rooted.below("/scan"))  # fmt: skip
    return answer
