"""What stands outside the text strengthens a reading, and never brings in one of its own."""

from archive.findings import Finding, Mark, settle
from archive.scans import Signature
from archive.witnesses import of_marks, of_signatures

ISSUER = Finding("issuing_organ", "Ủy ban nhân dân tỉnh Sơn La", 0.99)
PEN = Finding("date", "2025-02-04", 0.95, witness="pen")
OWN = Signature("UỶ BAN NHÂN DÂN TỈNH SƠN LA", "2025-02-04T16:42:36+07:00", None)
BOX = (0.1, 0.2, 0.3, 0.25)


def test_a_day_the_issuer_signed_on_is_sure():
    found = [ISSUER, PEN]
    assert not settle(found).fields["date"].sure
    date = settle([*found, *of_signatures(found, [OWN])]).fields["date"]
    assert (date.value, date.sure) == ("2025-02-04", True)


def test_another_day_brings_in_nothing():
    later = Signature(OWN.signer, "2025-02-05T08:00:00+07:00", None)
    assert of_signatures([ISSUER, PEN], [later]) == ()


def test_a_signature_of_somebody_else_says_nothing():
    other = Signature("Trung tâm Công báo và Tin học", OWN.at, None)
    assert of_signatures([ISSUER, PEN], [other]) == ()


def test_a_signature_does_not_make_a_weak_reading_sure():
    weak = Finding("date", "2025-02-04", 0.5, witness="pen")
    date = settle([ISSUER, weak, *of_signatures([ISSUER, weak], [OWN])]).fields["date"]
    assert not date.sure


def test_a_mark_on_the_first_page_is_the_papers_urgency():
    marks = [Mark("urgency", 3, BOX, 0.9, "HỎA TỐC"), Mark("round_seal", 3, BOX, 0.9)]
    assert [(one.field, one.value) for one in of_marks(marks, [3, 4])] == [("urgency", "Hỏa tốc")]
    assert of_marks(marks, [2, 3]) == ()


def test_the_longest_word_of_a_mark_counts():
    assert of_marks([Mark("secrecy", 1, BOX, 0.9, "TUYỆT MẬT")], [1])[0].value == "Tuyệt mật"
    assert of_marks([Mark("urgency", 1, BOX, 0.9, "?")], [1]) == ()
