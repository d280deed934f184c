"""Hộp đến: a clerk looks, corrects, confirms, and the paper is in the book."""

import re
import threading

import pytest

from archive import history, register, register_books
from archive.models import Confirmation, Document, PageRow, RegisterEntry, Scan, Task, now
from archive.pipeline import quarantine
from server.pages import sheet
from tests.server.desk import Desk, settled, shelve


def standing(makers, document_id):
    with makers() as session:
        return session.get(Document, document_id)


def test_confirming_needs_no_edit(desk, makers):
    van, paper = desk(), shelve(makers)
    answer = van.decide(paper)
    assert answer.status_code == 303 and answer.headers["Location"].endswith(f"?done=den.{sheet.today().year}.1")
    assert "Đã vào sổ" in van.page(answer.headers["Location"])
    document = standing(makers, paper)
    assert document.status == "registered" and document.fields["number"]["source"] == "person"
    assert "471/UBND-VX" in van.page("/register")


def test_a_corrected_value_is_kept_beside_what_the_machine_said(desk, makers):
    van, paper = desk(), shelve(makers, fields={"number": settled("477", sure=False, confidence=0.6)})
    van.decide(paper, number="471")
    document = standing(makers, paper)
    assert (document.number, document.full_code) == ("471", "471/UBND-VX")
    assert document.fields["number"]["others"][0]["value"] == "477"
    with makers() as session:
        assert session.get(Confirmation, (paper, "number")).machine == "477"
    text = van.page(f"/documents/{paper}")
    assert "Số: 477 → 471" in text and "máy đọc: <del>477</del> · clerk-x sửa" in text
    assert text.count("<del>") == 1


def test_what_is_in_doubt_comes_first_with_its_reason_crop_and_candidates(desk, makers):
    rival = {"value": "417", "confidence": 0.3}
    doubt = settled("471", sure=False, confidence=0.6, reason="Số viết tay.", others=[rival])
    van, paper = desk(), shelve(makers, fields={"number": doubt})
    text = van.page(f"/review/{paper}")
    names = re.findall(r'class="f (?:\w+)" data-name="([^"]+)"', text)
    assert names[0] == "number"
    line = text[text.index('data-name="number"') : text.index('data-name="arrival"')]
    assert "Số viết tay, 60 %" in line and f"/documents/{paper}/pages/1.webp" in line and 'value="number=417"' in line
    assert "1 ô cần xem" in text


def test_a_sure_field_says_why_but_shows_no_crop(desk, makers):
    van, paper = desk(), shelve(makers)
    line = re.search(
        r'<div class="f ok" data-name="symbol">.*?</div>\s*</div>', van.page(f"/review/{paper}"), re.DOTALL
    )[0]
    assert "✓ 98 %" in line and "<svg" not in line


def test_a_candidate_is_taken_without_scripts(desk, makers):
    doubt = settled("471", sure=False, confidence=0.6, others=[{"value": "417", "confidence": 0.3}])
    van, paper = desk(), shelve(makers, fields={"number": doubt})
    answer = van.client.post(f"/review/{paper}", data=van.form(f"/review/{paper}") | {"take": "number=417"})
    assert answer.status_code == 200 and 'name="f.number" value="417"' in answer.text
    assert standing(makers, paper).status == "review"


def test_a_paper_that_a_door_calls_secret_after_somebody_decided_says_so(desk, makers):
    van, paper = desk(), shelve(makers)
    scan_id = standing(makers, paper).scan_id
    assert "nói văn bản này là mật" not in van.page(f"/review/{paper}")
    with makers.begin() as session:
        for source in ("folder", "mail", "folder"):
            quarantine.note_said(session, scan_id, source, "x", now())
    text = van.page(f"/review/{paper}")
    assert "Nơi gửi nói văn bản này là mật (Thư mục theo dõi, Thư điện tử)." in text and "ghi Độ mật rồi lưu" in text
    with makers.begin() as session:
        history.append(session, "x", quarantine.RELEASED, scan_id, {})
    assert "nói văn bản này là mật" not in van.page(f"/review/{paper}")


def test_a_paper_of_which_nothing_was_found_is_not_ready(desk, makers):
    paper = shelve(makers)
    with makers.begin() as session:
        document = session.get(Document, paper)
        document.fields, document.full_code = {}, None
    text = desk().page(f"/review/{paper}")
    assert "6 ô cần xem" in text and "Sẵn sàng" not in text


def test_what_lies_under_the_fold_is_not_confirmed_unseen(desk, makers):
    van, paper = (
        desk(),
        shelve(makers, fields={"signer_title": settled("PHÓ CHỦ TỊCH J}/MJZ", sure=False, confidence=0.5)}),
    )
    van.decide(paper)
    assert standing(makers, paper).fields["signer_title"]["sure"] is False


def test_a_day_is_typed_as_people_type_it(desk, makers):
    van, paper = desk(), shelve(makers)
    answer = van.decide(paper, date="5.4.20", arrived_on="6/4/2020")
    assert answer.status_code == 303
    with makers() as session:
        entry = session.query(RegisterEntry).one()
    assert (entry.year, entry.document_date, f"{entry.arrived_on}") == (2020, "2020-04-05", "2020-04-06")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"date": "hôm qua"}, "Không hiểu ngày"),
        ({"arrived_on": ""}, "Hãy ghi ngày đến"),
        ({"arrived_on": "1/1/2999"}, "hợp lệ|tương lai|Không hiểu"),
        ({"arrival": "một"}, "Số đến chỉ gồm chữ số"),
        ({"number": "bốn bảy một"}, "không hợp lệ"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_a_sentence_and_nothing_typed_is_lost(desk, makers, changes, sentence):
    van, paper = desk(), shelve(makers)
    answer = van.decide(paper, subject="về việc khác", **changes)
    assert answer.status_code == 422 and re.search(sentence, answer.text) and "về việc khác" in answer.text
    document = standing(makers, paper)
    assert document.status == "review" and document.version == 1


def test_two_clerks_at_one_paper_see_both_values(desk, makers):
    van, mai, paper = desk("clerk"), desk("admin"), shelve(makers)
    before = mai.form(f"/review/{paper}")
    van.decide(paper, action="save", subject="của Vân", signer_name="Nguyễn Văn A")
    answer = mai.decide(paper, form=before, subject="của Mai")
    assert answer.status_code == 409 and "Người khác vừa sửa văn bản này" in answer.text
    assert re.findall(r'class="f (\w+)" data-name="([^"]+)"', answer.text)[0] == ("bad", "subject")
    assert "clerk-x vừa ghi khác bạn" in answer.text and 'value="Nguyễn Văn A"' in answer.text
    assert re.findall(r'name="take" value="subject=([^"]+)"', answer.text)[:2] == ["của Vân", "của Mai"]
    assert standing(makers, paper).subject == "của Vân"


def test_a_conflict_is_settled_by_choosing_and_only_then_written(desk, makers):
    van, mai, paper = desk("clerk"), desk("admin"), shelve(makers)
    before = mai.form(f"/review/{paper}")
    van.decide(paper, action="save", subject="của Vân")
    mine = before | {"f.subject": "của Mai"}
    chosen = mai.client.post(f"/review/{paper}", data=mine | {"take": "subject=của Vân"})
    assert chosen.status_code == 200 and "vừa ghi khác bạn" not in chosen.text and "của Vân</textarea>" in chosen.text
    refused = mai.client.post(f"/review/{paper}", data=mine | {"action": "save"})
    version = re.search(r'name="version" value="(\d+)"', refused.text)[1]
    again = mine | {"was.subject": "của Vân", "version": version, "action": "save"}
    assert mai.client.post(f"/review/{paper}", data=again).status_code == 303
    assert standing(makers, paper).subject == "của Mai"


def test_a_form_that_says_no_version_overwrites_nothing(desk, makers):
    van, paper = desk(), shelve(makers)
    form = {name: value for name, value in van.form(f"/review/{paper}").items() if name != "version"}
    assert van.client.post(f"/review/{paper}", data=form | {"f.subject": "lén", "action": "save"}).status_code == 409
    assert standing(makers, paper).subject != "lén"


def test_who_comes_too_late_sees_by_whom_and_what_was_not_saved(desk, makers):
    van, mai, paper = desk("clerk"), desk("admin"), shelve(makers)
    following = shelve(makers, number="472")
    before = mai.form(f"/review/{paper}")
    van.decide(paper, subject="của Vân")
    answer = mai.decide(paper, form=before, subject="của Mai")
    assert answer.status_code == 409 and "vừa được clerk-x vào sổ: số đến 1" in answer.text
    assert "<td>của Mai</td><td>của Vân</td>" in answer.text and f'href="/review/{following}"' in answer.text
    assert standing(makers, paper).subject == "của Vân"


def test_the_second_clerk_is_told_who_has_the_paper_open(desk, makers):
    older, newer = shelve(makers, number="472"), shelve(makers)
    van, mai = desk("clerk"), desk("admin")
    assert van.open(f"/inbox/queue?current={newer}").status_code == 200  # what an open page asks every few seconds
    assert "clerk-x cũng đang mở văn bản này" in mai.page(f"/review/{newer}")
    assert "clerk-x cũng đang mở" not in van.page(f"/review/{newer}")
    assert f'action="/review/{older}"' in mai.page("/")  # the first that nobody else is at
    assert "clerk-x đang mở" in mai.page("/?queue=1")


def test_the_next_paper_is_one_that_nobody_else_has_open(desk, makers):
    third, second, first = (shelve(makers, number=str(n)) for n in (473, 472, 471))
    van, mai = desk("clerk"), desk("admin")
    mai.open(f"/inbox/queue?current={second}")
    assert van.decide(first).headers["Location"].startswith(f"/review/{third}?")
    assert van.decide(third).headers["Location"].startswith(f"/review/{second}?")  # rather than nothing


def test_a_paper_taken_meanwhile_is_passed_over(desk, makers):
    second, first = shelve(makers, number="472"), shelve(makers)
    third = shelve(makers, number="473")
    van, mai = desk("clerk"), desk("admin")
    target = van.decide(third).headers["Location"]
    assert target.startswith(f"/review/{first}?done=")
    mai.decide(first)
    text = van.page(target)
    assert f'action="/review/{second}"' in text and "Đã vào sổ" in text


def test_the_queue_says_what_is_one_of_several_and_poor(desk, makers):
    paper = shelve(makers)
    with makers.begin() as session:
        document = session.get(Document, paper)
        session.query(PageRow).one().advice = ["faint"]
        session.add(Document(scan_id=document.scan_id, ordinal=2, pages=[2]))
    text = desk().page("/?queue=1")
    assert "Văn bản 1 / 2 của bản quét" in text and "Văn bản 2 / 2 của bản quét" in text
    assert "Bản quét xấu" in text and "chữ mờ" in text


def test_what_was_not_found_is_looked_for_where_it_usually_stands(desk, makers):
    missing = settled(None, sure=False, page=None, box=None)
    text = desk().page(f"/review/{shelve(makers, fields={'number': missing})}")
    line = text[text.index('data-name="number"') : text.index('data-name="arrival"')]
    assert 'aria-label="Ảnh cắt: Số"' in line


def test_saving_does_not_register_and_confirms_only_what_was_changed(desk, makers):
    van, paper = desk(), shelve(makers, fields={"number": settled("471", sure=False, confidence=0.6)})
    answer = van.decide(paper, action="save", subject="về việc khác")
    assert answer.headers["Location"] == f"/review/{paper}?done=saved"
    document = standing(makers, paper)
    assert (document.status, document.subject) == ("review", "về việc khác")
    assert document.fields["subject"]["source"] == "person" and document.fields["number"]["sure"] is False


def test_registering_opens_the_next_paper(desk, makers):
    first, second = shelve(makers), shelve(makers, number="472")
    van = desk()
    text = van.page("/")
    assert text.index(f"q-{second}") < text.index(f"q-{first}")  # the newest first
    assert van.decide(second).headers["Location"].startswith(f"/review/{first}?")
    assert van.decide(first).headers["Location"].startswith("/?")


def test_the_next_number_goes_on_when_another_clerk_was_quicker(desk, makers):
    one, two = shelve(makers), shelve(makers, number="472")
    van, mai = desk("clerk"), desk("admin")
    slow = van.form(f"/review/{one}")
    mai.decide(two)
    assert van.decide(one, form=slow).headers["Location"].endswith(".2")


def test_an_office_with_several_books_is_asked_which_and_the_likely_one_is_chosen(desk, makers):
    with makers.begin() as session:
        own = register_books.add(session, "Sổ của các UBND", ["Ủy ban nhân dân"], actor="an").id
    van, one, two = desk(), shelve(makers), shelve(makers, number="472")
    assert f'<option value="{own}" selected>Sổ của các UBND</option>' in van.page(f"/review/{one}")
    assert van.decide(one).headers["Location"].endswith(f"{own}.{sheet.today().year}.1")
    assert 'name="f.arrival" value="2"' in van.page(f"/review/{two}")
    assert 'name="f.arrival" value="1"' in van.page(f"/review/{two}?book=den")
    assert van.decide(two, book="den").headers["Location"].endswith(f"den.{sheet.today().year}.1")


def test_the_stamp_and_the_book_are_two_witnesses(desk, makers):
    year = sheet.today().year
    day = {"field": "date", "value": f"{year}-01-02", "confidence": 0.99, "page": 1, "box": [0.7, 0.2, 0.8, 0.22]}
    number = {"field": "number", "value": "1", "confidence": 0.7, "page": 1, "box": [0.7, 0.15, 0.8, 0.18]}
    agreed = shelve(makers, stamp=[number, day])
    ahead = shelve(makers, stamp=[number | {"value": "1161", "confidence": 0.95}, day])
    van = desk()
    assert "Dấu và sổ cùng ghi 1" in van.page(f"/review/{agreed}")
    text = van.page(f"/review/{ahead}")
    assert "Dấu ghi 1161, sổ chờ 1" in text and 'name="f.arrival" value="1161"' in text and 'value="arrival=1"' in text


def test_an_empty_book_is_asked_where_it_begins(desk, makers):
    year = sheet.today().year
    day = {"field": "date", "value": f"{year}-01-02", "confidence": 0.99, "page": 1, "box": [0.7, 0.2, 0.8, 0.22]}
    number = {"field": "number", "value": "1161", "confidence": 0.95, "page": 1, "box": [0.7, 0.15, 0.8, 0.18]}
    first, second = (shelve(makers, stamp=[number, day], number=n) for n in ("471", "472"))
    van = desk()
    assert 'name="begin"' in van.page(f"/review/{first}") and "Bắt đầu sổ này từ số 1161" in van.page(
        f"/review/{first}"
    )
    asked = van.decide(first)  # the helper sends no choice, as a page that was drawn before would
    assert asked.status_code == 409 and "Hãy chọn sổ bắt đầu từ số 1161" in asked.text
    assert van.decide(first, begin="here").status_code == 303
    assert 'name="begin"' not in van.page(f"/review/{second}")
    assert van.decide(second, arrival="1162").status_code == 303


def test_a_stamp_nobody_can_read_is_never_taken_for_the_book(desk, makers):
    text = desk().page(f"/review/{shelve(makers, stamp=[])}")
    line = text[text.index('data-name="arrival"') - 20 :]
    assert line.startswith('<div class="f warn"') and "Hãy so với số viết tay" in line


def test_a_paper_out_of_order_needs_a_reason(desk, makers):
    van, late = desk(), shelve(makers)
    early = shelve(makers, number="472")
    van.decide(late, arrived_on="10/4/2020")
    answer = van.decide(early, arrived_on="1/4/2020")
    assert answer.status_code == 409 and 'name="reason"' in answer.text
    assert van.decide(early, arrived_on="1/4/2020", reason="Bưu điện chuyển chậm").status_code == 303


def test_a_second_copy_is_only_registered_knowingly(desk, makers):
    van, first, second = desk(), shelve(makers), shelve(makers)
    van.decide(first, anyway="1")
    text = van.page(f"/review/{second}")
    assert "Có thể trùng với" in text and "Có thể trùng</span>" in text
    assert van.decide(second).status_code == 409
    assert van.decide(second, anyway="1").status_code == 303


def test_the_queue_says_what_is_read_what_failed_and_why(desk, makers):
    with makers.begin() as session:
        for n, (status, error) in enumerate([("reading", None), ("failed", "Trang 2 không đọc được.")]):
            scan = Scan(sha256=str(n), filename=f"to_{n}.pdf", media_type="application/pdf", size=1, status=status,
                        error=error, received_by="van", priority=10 if n else 100)  # fmt: skip
            session.add(scan)
            session.flush()
            for page in range(6):
                state = "dead" if error and not page else "done" if page < 3 else "ready"
                session.add(Task(scan_id=scan.id, step="read", part=page, state=state, priority=100, rank=0, queued=0))
    text = desk().page("/")
    assert "Trang 4/6" in text and "Trang 2 không đọc được." in text and "Đọc lại" in text
    assert text.index("to_1.pdf") < text.index("to_0.pdf")  # urgent first


def test_a_failed_scan_is_tried_again(desk, makers):
    with makers.begin() as session:
        scan = Scan(
            sha256="x", filename="a.pdf", media_type="application/pdf", size=1, status="failed", received_by="v"
        )
        session.add(scan)
        session.flush()
        session.add(Task(scan_id=scan.id, step="survey", state="dead", priority=100, rank=0, queued=0))
        scan_id = scan.id
    assert desk().send(f"/scans/{scan_id}/retry").status_code == 303
    with makers() as session:
        assert session.get(Scan, scan_id).status == "reading"
    assert desk("auditor").send(f"/scans/{scan_id}/retry").status_code == 403


def test_the_queue_asks_again_and_hears_nothing_new(desk, makers):
    van = desk()
    shelve(makers)
    seen = re.search(r"seen=(\w+)", van.page("/"))[1]
    assert van.open(f"/inbox/queue?seen={seen}").status_code == 204
    shelve(makers)
    assert van.open(f"/inbox/queue?seen={seen}").status_code == 200


@pytest.mark.parametrize("role", ["staff", "head", "leader", "auditor", "it"])
def test_only_clerks_review(desk, makers, role):
    paper, person = shelve(makers), desk(role)
    assert person.open(f"/review/{paper}").status_code == 403
    assert person.send(f"/review/{paper}", {"action": "register"}).status_code == 403 if role != "it" else True


def test_a_paper_in_the_book_is_not_reviewed_again(desk, makers):
    van, paper = desk(), shelve(makers)
    van.decide(paper)
    assert van.open(f"/review/{paper}").headers["Location"] == f"/documents/{paper}"


def test_many_clerks_at_once_get_numbers_without_gaps(app, makers, desk):
    papers = [shelve(makers, number=str(n)) for n in range(1, 9)]
    desks = [desk("clerk"), desk("admin")]
    forms = [desks[n % 2].form(f"/review/{paper}") for n, paper in enumerate(papers)]

    def work(n):
        Desk.decide(desks[n % 2], papers[n], form=forms[n])

    threads = [threading.Thread(target=lambda k=k: [work(n) for n in range(k, 8, 2)]) for k in (0, 1)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    with makers() as session:
        assert sorted(entry.number for entry in session.query(RegisterEntry)) == list(range(1, 9))
        assert register.missing(session, "den", sheet.today().year) == []


def test_the_page_shows_evidence_as_boxes_without_inline_style(desk, makers):
    text = desk().page(f"/review/{shelve(makers)}")
    assert 'viewBox="0 0 1000 1414"' in text and re.search(r'<g class="okc" data-name="number"><rect x="196"', text)
    assert "style=" not in text and "<script>" not in text


def test_a_number_too_long_for_any_book_or_version_breaks_nothing(desk, makers):
    paper = shelve(makers)
    van = desk()
    assert van.open(f"/?done=den.{'9' * 25}.1").status_code == 200
    form = van.form(f"/review/{paper}") | {"version": "1" * 5000}
    assert van.decide(paper, form=form, arrived_on="30/3/2020").status_code == 409
