"""What a person does at the desk, in the person's verbs: forms are sent as a browser without scripts sends them."""

import html
import io
import re

from archive.models import Document, PageRow, Scan, StampRow, now

FIELDS = {
    "number": "471", "symbol": "UBND-VX", "full_code": "471/UBND-VX", "date": "2020-03-30",
    "issuing_organ": "Ủy ban nhân dân tỉnh Sóc Trăng", "document_type": "Công văn",
    "subject": "triển khai Thông báo của Bộ Chính trị về công tác phòng chống dịch Covid-19",
}  # fmt: skip


class Desk:
    PASSWORD = "mat khau dai"

    def __init__(self, app):
        self.client = app.test_client()

    def sign_in(self, name, password=PASSWORD):
        return self.client.post("/login", data={"name": name, "password": password})

    def open(self, path, **options):
        return self.client.get(path, buffered=True, **options)

    def page(self, path):
        """The text of a page that must open."""
        answer = self.open(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    @property
    def token(self):
        return re.search(r'name="csrf" content="([^"]+)"', self.client.get("/search").text or "")[1]

    def send(self, path, data=None, **options):
        """A form with its token."""
        return self.client.post(path, data={"csrf": self.token, **(data or {})}, **options)

    def upload(self, content, name="scan.pdf", **options):
        return self.send("/upload", {"file": (io.BytesIO(content), name)}, **options)

    def form(self, path):
        """The inputs of the review form as they stand."""
        text = self.page(path)
        text = text[text.index('id="review"') :]
        found = dict(re.findall(r'<input(?=[^>]*type="hidden")[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text))
        found |= dict(re.findall(r'<input(?![^>]*type="hidden")[^>]*name="(f\.[^"]+)"[^>]*value="([^"]*)"', text))
        found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', text))
        for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
            found[name] = next(iter(re.findall(r"<option selected>([^<]*)", options)), "")
        return {name: html.unescape(value) for name, value in found.items()}

    def form_of(self, text, name):
        """What the form with this id would send as it stands; several values of one name as a list."""
        text = re.search(rf'<form id="{name}".*?</form>', text, re.DOTALL)[0]
        found = dict(re.findall(r'<input(?=[^>]*type="hidden")[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text))
        found |= dict(re.findall(r'<input(?![^>]*type=)[^>]*name="([^"]+)"[^>]*value="([^"]*)"', text))
        found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', text))
        for key, value in re.findall(r'type="checkbox" name="([^"]+)" value="([^"]*)" checked', text):
            found[key] = [*found.get(key, []), html.unescape(value)]
        for key, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
            found[key] = next(iter(re.findall(r"<option(?: value=\"[^\"]*\")? selected>([^<]*)", options)), "")
        return {key: html.unescape(value) if isinstance(value, str) else value for key, value in found.items()}

    def decide(self, document_id, action="register", **changes):
        """Send the review form with `changes`; the form is the one shown, or the one given as `form`."""
        form = changes.pop("form", None) or self.form(f"/review/{document_id}")
        typed = {f"f.{name}" if name in TYPED else name: value for name, value in changes.items()}
        return self.client.post(f"/review/{document_id}", data=form | typed | {"action": action})


TYPED = {*FIELDS, "arrival", "arrived_on", "signer_name", "urgency", "secrecy", "place"}


def settled(value, **more):
    place = {"page": 1, "box": [0.2, 0.1, 0.3, 0.13], "source": "test 1"}
    return (
        {"value": value, "confidence": 0.98, "sure": True, "partial": None, "reason": "", "others": []} | place | more
    )


def shelve(
    makers, *, number="471", stamp=None, status="review", scan_status="review", fields=None, derived=None, **more
):
    """A paper as the line leaves it for review; its id."""
    said = FIELDS | {"number": number, "full_code": f"{number}/UBND-VX"}
    known = {name: settled(value) for name, value in said.items()} | (fields or {})
    columns = {name: known[name]["value"] for name in FIELDS if name in known}
    with makers.begin() as session:
        scan = Scan(sha256=now().isoformat() + str(id(more)), filename="scan.pdf", media_type="application/pdf", size=9,
                    pages=1, status=scan_status, received_by="van", read_at=now())  # fmt: skip
        session.add(scan)
        session.flush()
        session.add(PageRow(scan_id=scan.id, number=1, source="ocr", width=1654, height=2339, plain="Số: 471/UBND-VX"))
        document = Document(
            scan_id=scan.id, pages=[1], status=status, fields=known, text="Số: 471/UBND-VX", **columns | more
        )
        session.add(document)
        session.flush()
        if stamp is not None:
            session.add(
                StampRow(scan_id=scan.id, document_id=document.id, page=1, box=[0.6, 0.1, 0.9, 0.3], findings=stamp)
            )
        if derived:
            derived.put(scan.id, "1.webp", b"RIFFxxxxWEBP")
        return document.id
