"""Files are there whole or not at all."""

import pytest

from archive import durable
from archive.derived import Derived


@pytest.mark.parametrize("durably", [True, False])
def test_a_file_is_replaced_whole_and_nothing_stays_beside_it(tmp_path, durably):
    file = tmp_path / "word.json"
    for content in (b"the first", b"another"):
        durable.write(file, content, durably=durably)
        assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_get_its_name_leaves_what_was_there(tmp_path):
    taken = tmp_path / "taken"
    (taken / "by a folder").mkdir(parents=True)
    with pytest.raises(OSError):
        durable.write(taken, b"new")
    assert list(tmp_path.iterdir()) == [taken]


def test_what_is_half_made_hides_from_who_watches_the_folder_and_goes(tmp_path):
    with pytest.raises(ZeroDivisionError), durable.half_of(tmp_path / "out.edxml") as half:
        half.write_bytes(b"half")
        assert half.parent == tmp_path and half.name.startswith(".") and half.name.endswith(durable.HALF)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_projection_that_a_power_cut_left_empty_was_never_made(tmp_path):
    derived = Derived(tmp_path)
    derived.put("0123456789", "1.webp", b"a picture")
    assert derived.get("0123456789", "1.webp") == b"a picture"
    (tmp_path / "derived" / "01" / "0123456789" / "1.webp").write_bytes(b"")
    assert derived.get("0123456789", "1.webp") is None
