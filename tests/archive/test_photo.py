"""A photograph of a paper is set straight; a scan never is."""

import numpy as np
import pytest
from PIL import Image

from archive import photo, plates, scans
from tests.archive.paper import letter, saved

CORNERS = ((90.0, 110.0), (820.0, 70.0), (860.0, 1100.0), (50.0, 1130.0))
WOOD = (125, 85, 50)


def photographed(page, corners=CORNERS, ground=WOOD, size=(920, 1220), light=0.6):
    """`page` on a table, seen askew, with light from the left."""
    spots = np.array([[0, 0], [page.width, 0], [page.width, page.height], [0, page.height]], float)
    rows, values = [], []
    for (u, v), (x, y) in zip(spots, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    how = tuple(np.linalg.solve(np.array(rows), np.array(values)))
    laid, mask = (
        image.transform(size, Image.Transform.PERSPECTIVE, how, Image.Resampling.BICUBIC)
        for image in (page, Image.new("L", page.size, 255))
    )
    grain = np.random.default_rng(1).normal(0, 12, (size[1], 1, 1))
    table = Image.fromarray((np.full((size[1], size[0], 3), ground, float) + grain).clip(0, 255).astype("u1"))
    seen = np.asarray(Image.composite(laid, table, mask)) * np.linspace(1, light, size[0])[None, :, None]
    return Image.fromarray(seen.astype("u1"))


@pytest.mark.parametrize("ground", [WOOD, (40, 40, 45), (140, 135, 130)])
@pytest.mark.parametrize("light", [1.0, 0.6])
def test_the_corners_of_the_sheet_are_found(ground, light):
    found = photo.sheet(photographed(letter(dpi=100), ground=ground, light=light))
    assert found is not None
    assert np.abs(np.subtract(found, CORNERS)).max() < 6


def test_a_photograph_is_shown_read_and_copied_as_the_straight_sheet(tmp_path):
    path = saved(photographed(letter(dpi=100), light=1.0), tmp_path / "a.jpg", quality=95)
    with scans.source(path, 1, scans.Limits()) as source:
        assert source.objection() == "a photograph, its paper set straight"
    straight = scans.page_image(path, 1)
    assert straight.height / straight.width == pytest.approx(2**0.5, rel=0.01)
    # What stands on a line of the letter stands there again: its ink is where it was.
    ours, theirs = (
        np.asarray(image.convert("L").resize((83, 117), Image.Resampling.BOX), float)
        for image in (straight, letter(dpi=100))
    )
    assert np.corrcoef(ours[3:-3, 3:-3].ravel(), theirs[3:-3, 3:-3].ravel())[0, 1] > 0.8
    copied = plates.plate(path, 1, 0, scans.Limits())
    assert (copied.width, copied.height) == straight.size


def scan_on_a_lid(tilt):
    page = letter(dpi=80)
    lid = Image.new("RGB", (page.width + 200, page.height + 200), (25, 25, 25))
    lid.paste(page, (100, 100))
    return lid.rotate(tilt, fillcolor=(25, 25, 25), resample=Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    "picture",
    [
        letter(dpi=100),
        letter(dpi=100, colour="#d8cfb8"),
        scan_on_a_lid(0),
        scan_on_a_lid(2),
        Image.new("RGB", (800, 1100), (60, 60, 60)),
        Image.new("RGB", (3, 2), "white"),
        photographed(letter(dpi=100), ((-60.0, 110.0), (820.0, 70.0), (860.0, 1100.0), (-90.0, 1130.0))),
        photographed(
            Image.new("RGB", (400, 100), "white"), ((90.0, 510.0), (820.0, 500.0), (820.0, 690.0), (90.0, 700.0))
        ),
    ],
    ids=["scan", "yellow", "lid", "tilted", "dark", "dot", "beyond the picture", "a card"],
)
def test_what_is_not_plainly_one_sheet_stays_as_it_is(picture):
    assert photo.straightened(picture) is None


def test_noise_is_no_sheet():
    rng = np.random.default_rng(2)
    for size in ((300, 200, 3), (200, 300)):
        assert photo.straightened(Image.fromarray(rng.integers(0, 256, size, dtype="u1"))) is None
