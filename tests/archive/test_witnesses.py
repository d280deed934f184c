import pytest

from archive.findings import Finding, Mark, weigh
from archive.witnesses import of_file_name, of_marks, of_signature, outside


def pen(value, confidence=0.94):
    return Finding("number", value, confidence, witness="pen")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("574_UB.signed.pdf", "574"), ("01CT.pdf", "01"), ("09_TTR.signed.pdf", "09"), ("660TBUB.signed.pdf", "660"),
        ("2770_(08-CT-UBND)..signed.pdf", "08"), ("47_QĐ_UB.signed_(1).pdf", "47"), ("280_BC.signed.pdf", "280"),
    ],
)  # fmt: skip
def test_a_file_name_that_agrees_makes_a_number_sure(name, number):
    found = [pen(number)]
    assert weigh([*found, *of_file_name(name, found)]).sure


@pytest.mark.parametrize("name", ["05.signed.pdf", "vht507.signed.pdf", "scan_20250204.pdf", "041225 quet.pdf"])
def test_a_number_without_a_type_says_nothing(name):
    assert not list(of_file_name(name, [pen("05"), pen("507"), pen("11")]))


def test_a_file_name_that_disagrees_leaves_the_doubt():
    found = [pen("514")]
    assert not weigh([*found, *of_file_name("574_UB.pdf", found)]).sure


def test_the_day_of_a_signature_is_a_second_witness():
    found = [Finding("date", "2025-02-04", 0.97, witness="pen"), Finding("date", "2025-02-24", 0.01, witness="pen")]
    settled = weigh([*found, *of_signature("2025-02-04T10:22:33+07:00", found)])
    assert (settled.value, settled.sure) == ("2025-02-04", True)
    assert not weigh([*found, *of_signature("2025-02-05", found)]).sure


def test_a_stamped_mark_is_an_urgency_or_a_secrecy():
    box = (0.1, 0.2, 0.3, 0.25)
    marks = [
        Mark("urgency", 1, box, 0.9, "HỎA TỐC"),
        Mark("secrecy", 1, box, 0.9, "MẬT"),
        Mark("round_seal", 1, box, 0.9),
    ]
    assert [(one.field, one.value) for one in of_marks(marks)] == [("urgency", "Hỏa tốc"), ("secrecy", "Mật")]


def test_a_day_nobody_read_is_only_suggested():
    (one,) = of_signature("2021-05-11T11:26:39+07:00", [Finding("date", None, 0.9, partial="2021-05")])
    assert (one.value, one.suggestion) == ("2021-05-11", True)


def test_the_first_signature_counts():
    read = [Finding("date", "2025-02-04", 0.97, witness="pen")]
    found = outside(read, "quet.pdf", ["2025-02-05T08:09:28+07:00", None, "2025-02-04T16:42:36+07:00"], [])
    assert [(one.value, one.witness) for one in found] == [("2025-02-04", "signature")]
