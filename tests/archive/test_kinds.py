"""What a file is, and under which name it is saved."""

import pytest

from archive.kinds import saved_as


@pytest.mark.parametrize(
    ("name", "kind", "saved"),
    [
        ("x.exe", "application/pdf", "x.exe.pdf"), ("a.html", "image/jpeg", "a.html.jpg"),
        ("không tên", "image/png", "không tên.png"), ("a.jar", "application/zip", "a.jar.zip"),
    ],
)  # fmt: skip
def test_an_original_is_saved_with_an_ending_of_what_it_is(name, kind, saved):
    assert saved_as(name, kind) == saved


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CV 12.PDF", "application/pdf"),
        ("a.JPEG", "image/jpeg"),
        ("a.tiff", "image/tiff"),
        ("a.doc", "application/rtf"),
    ],
)
def test_a_name_that_fits_stays(name, kind):
    assert saved_as(name, kind) == name
