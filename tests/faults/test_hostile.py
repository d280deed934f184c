"""Files made to hurt: each ends, read or refused with a reason, and the next good one is read at once.

A decoder gets few seconds of processor time here, so that a file without end ends soon; `./run bench hostile` takes the
whole line, its real limits and folders of such files.
"""

import pytest
from PIL import Image

from archive import scans
from archive.children import Child
from archive.errors import Aborted, ArchiveError, PageTooLarge, Refused, TooManyPages, TooMuchWork, Unreadable
from bench import _hostile_files
from bench.hostile import Line, good, resident

CPU = 2.0
ENDLESS = (Aborted, TooMuchWork)
"""How a file ends that would be read for ever, or takes more memory than there is."""
ENDS = {
    "paths.pdf": ENDLESS,
    "forms_in_forms.pdf": ENDLESS,
    "many_pages.pdf": TooManyPages,
    "pages_in_a_ring.pdf": Unreadable,
    "wide_png.png": PageTooLarge,
    "lying_png.png": PageTooLarge,
    "lying_jpeg.jpg": PageTooLarge,
    "lying_tiff.tif": PageTooLarge,
    "many_in_tiff.tif": TooManyPages,
    "wide_webp.webp": PageTooLarge,
}
LONG = {"many_such_pages.pdf", "slow_page.pdf", "long_text_layer.pdf", "jpeg_of_scans.jpg"}
"""More of the endless ones: for the bench."""


@pytest.fixture(scope="module")
def child():
    with Child() as child:
        yield child


def first_page(child, path):
    survey = child.run("archive.scans:survey", str(path), wall=90, cpu=CPU)
    child.run("archive.scans:read_page", str(path), 1, wall=90, cpu=CPU)
    return survey.pages


@pytest.mark.parametrize("name", ENDS)
def test_a_file_made_to_hurt_ends_with_its_reason(child, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(_hostile_files.MAKERS[name]())
    with pytest.raises(ENDS[name]) as caught:
        first_page(child, path)
    assert str(caught.value)
    Image.new("L", (400, 560), 255).save(tmp_path / "good.png")
    assert first_page(child, tmp_path / "good.png") == 1


@pytest.mark.parametrize("name", sorted(_hostile_files.MAKERS.keys() - ENDS.keys() - LONG))
def test_a_file_that_lies_is_read_or_refused(child, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(_hostile_files.MAKERS[name]())
    try:
        scans.sniff(path.read_bytes()[: scans.HEAD])
        assert first_page(child, path) >= 1
    except Refused:
        pytest.fail("every one of them has a head that is taken")
    except ArchiveError as error:
        assert str(error)


def test_the_worker_stays_as_it_was_and_the_next_good_scan_is_read(tmp_path):
    line = Line(tmp_path)
    line.end("good.png", good(0))
    before = resident("self")
    for name in ("vast_box.pdf", "many_in_tiff.tif", "wide_png.png"):
        ended = line.end(name, _hostile_files.MAKERS[name]())
        assert ended.how == "read" or ended.why, ended
    assert line.end("good.png", good(1)).how == "read"
    assert resident("self") - before < 64 << 20
    line.close()
