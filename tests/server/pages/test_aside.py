"""A clerk takes out of the queue what does not go into the book."""

from archive.models import Document
from tests.server.desk import shelve


def test_a_true_copy_leaves_the_queue_with_one_button(desk, makers):
    first, copy = shelve(makers), shelve(makers)
    van = desk("clerk")
    assert f'formaction="/documents/{copy}/aside"' in van.page(f"/review/{copy}")
    form = {"version": "1", "why": "Trùng với 471/UBND-VX"}
    answer = van.send(f"/documents/{copy}/aside", form)
    assert answer.headers["Location"] == f"/review/{first}?did=aside"
    assert "Đã bỏ khỏi hàng đợi" in van.page(f"/review/{first}?did=aside")
    assert "Có thể trùng" not in van.page(f"/review/{first}")
    page = van.page(f"/documents/{copy}")
    assert "Đã huỷ" in page and "Trùng với 471/UBND-VX" in page
    assert van.send(f"/documents/{copy}/bring-back").headers["Location"] == f"/review/{copy}"
    assert "Có thể trùng" in van.page(f"/review/{first}")


def test_a_reason_is_asked_for_and_an_old_form_changes_nothing(desk, makers):
    paper = shelve(makers)
    van = desk("clerk")
    answer = van.send(f"/documents/{paper}/aside", {"because": " "})
    assert answer.status_code == 422 and "Hãy ghi lý do không vào sổ" in answer.text
    assert van.send(f"/documents/{paper}/aside", {"because": "quét nhầm", "version": "7"}).status_code == 409
    assert desk("staff").send(f"/documents/{paper}/aside", {"because": "x"}).status_code in (403, 404)
    with makers() as session:
        assert session.get(Document, paper).status == "review"
