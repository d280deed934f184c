"""The project's own sample papers."""

import json
import unicodedata

import numpy as np
import pytest
import sqlalchemy as sa

from archive.models import Scan
from server import demo
from server.demo import fonts
from tests import papers


def test_the_same_seed_draws_the_same_page():
    first, again = (demo.draw(demo.papers()[1], dpi=72)[0].tobytes() for _ in range(2))
    assert first == again


def test_a_file_does_not_tell_when_it_was_drawn():
    assert b"/CreationDate (D:20260821000000Z)" in papers.party_paper().pdf


def test_another_seed_writes_with_another_hand():
    paper = demo.papers()[0]
    first, other = demo.draw(paper, dpi=72), demo.draw(paper, dpi=72, seed=2)
    assert first[0].tobytes() != other[0].tobytes()


def test_pages_are_a4_at_the_resolution_asked_for():
    assert {page.size for page in papers.state_paper().pages} == {(1654, 2339)}


def test_a_bundle_holds_two_papers_and_its_stamp_is_on_the_second():
    first, second = papers.bundle().truth["documents"]
    assert first["pages"] == [1]
    assert second["pages"] == [2]
    assert first["stamp"] is None
    assert second["stamp"]["page"] == 2


def test_a_blank_back_belongs_to_the_paper_before_it():
    assert papers.stamped_paper().document["pages"] == [1, 2, 3]
    assert papers.stamped_paper().pages[2].getextrema()[0] > 200


def test_papers_come_in_colour_and_in_grey():
    assert papers.state_paper().pages[0].mode == "RGB"
    assert papers.stamped_paper().pages[0].mode == "L"


def test_every_value_of_the_truth_is_printed_on_the_paper():
    for sample in demo.samples():
        text = " ".join(demo.recognised(sample).split()).casefold()
        for paper in sample.papers:
            printed = [paper.full_code, paper.subject, paper.signer_name, *paper.addressees]
            printed += [cited.code for cited in paper.citations] + list(paper.signer)
            assert [value for value in printed if value.casefold() not in text] == []


def test_texts_are_composed_unicode():
    for sample in demo.samples():
        assert unicodedata.is_normalized("NFC", demo.recognised(sample))


def test_the_stamp_box_of_the_truth_holds_red_ink():
    stamp = papers.state_paper().document["stamp"]
    page = np.asarray(papers.state_paper().pages[0], int)
    red = page[: page.shape[0] // 2, :, 0] - page[: page.shape[0] // 2, :, 1] > 60
    left, top, right, bottom = (round(v * page.shape[1 - i % 2]) for i, v in enumerate(stamp["box"]))
    assert red.sum() > 5000
    assert red[top - 3 : bottom + 3, left - 3 : right + 3].sum() == red.sum()


def test_files_are_written_with_their_truth_beside_them(tmp_path):
    files = demo.write(tmp_path)
    assert [file.name for file in files] == [f"{sample.slug}.pdf" for sample in demo.samples()]
    told = json.loads(files[0].with_suffix(".json").read_text(encoding="utf-8"))
    assert told["documents"][0]["fields"]["full_code"] == "1846/UBND-NC"


def test_a_font_without_vietnamese_letters_is_not_used(monkeypatch):
    poor = fonts._installed("LiberationSerif-Regular.ttf")
    if poor is None or not fonts.lacks(poor):
        pytest.skip("no font here that lacks Vietnamese letters")
    monkeypatch.setattr(fonts, "_FACES", (("LiberationSerif-{}.ttf", "LiberationSans-Bold.ttf"),))
    with pytest.raises(fonts.NoFont, match="fonts-croscore"):
        fonts._family.__wrapped__()


def test_samples_come_in_through_the_door_once(settings, office_sessions):
    first, again = demo.load(settings), demo.load(settings)
    assert [received.new for received in first] == [True] * len(demo.samples())
    assert again == []
    with office_sessions() as session:
        urgent = session.scalars(sa.select(Scan).order_by(Scan.priority)).first()
    assert urgent.filename == "cong_dien_hoa_toc.pdf"
    assert urgent.source == "demo"
