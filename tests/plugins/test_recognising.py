"""A plugin may read pages in Tesseract's place, and one that does not want to leaves them to it."""

from archive import pipeline
from tests import papers

PLUGIN = """
from archive import Word, hookimpl


@hookimpl
def recognize(image):
    return {answer}
"""
WORDS = '[Word("Số:", (0.1, 0.1, 0.2, 0.12), 0.9), Word("77/QĐ-SYT", (0.2, 0.1, 0.4, 0.12), 0.9)]'


def _read(settings, tmp_path, answer):
    folder = tmp_path / "plugins" / "other_reader"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PLUGIN.format(answer=answer), encoding="utf-8")
    scan = tmp_path / "scan.png"
    scan.write_bytes(papers.state_paper().png)
    return pipeline.read_file(scan, settings, plugins_dir=tmp_path / "plugins")["documents"][0]["fields"]


def test_a_plugin_reads_pages_in_tesseracts_place(settings, tmp_path):
    assert _read(settings, tmp_path, WORDS)["symbol"]["value"] == "QĐ-SYT"


def test_a_plugin_may_leave_a_page_to_tesseract(settings, tmp_path):
    assert _read(settings, tmp_path, "None")["symbol"]["value"] == papers.state_paper().document["fields"]["symbol"]
