"""The books of the office, by its administrator."""

from archive import register_books
from archive.models import Book


def test_a_book_is_opened_changed_and_given_up(desk, makers):
    admin = desk("admin")
    form = {"title": "Sổ Bộ Công an", "takes": "Bộ Công an\n\nCông an tỉnh\n", "system": "state"}
    assert admin.send("/admin/books", form).status_code == 303
    text = admin.page("/admin/books")
    assert "Sổ Bộ Công an" in text and "Bộ Công an, Công an tỉnh" in text
    again = admin.send("/admin/books", form)
    assert again.status_code == 422 and "Đã có sổ tên" in again.text
    assert admin.send("/admin/books/so_bo_cong_an", {"title": "Sổ A", "takes": "", "system": ""}).status_code == 303
    with makers() as session:
        book = session.get(Book, "so_bo_cong_an")
        assert (book.title, book.takes, book.system, book.active) == ("Sổ A", [], None, False)
        assert [one.id for one in register_books.books(session)] == ["den"]
    last = admin.send("/admin/books/den", {"title": "Sổ đăng ký văn bản đến"})
    assert last.status_code == 422 and "duy nhất" in last.text
    assert admin.send("/admin/books/khong", {"title": "x"}).status_code == 404


def test_a_clerk_opens_no_book(desk):
    assert desk().send("/admin/books", {"title": "Sổ riêng"}).status_code == 403
