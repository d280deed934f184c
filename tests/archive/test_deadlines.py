"""The day a paper itself sets: read with its words, and never out of a story."""

import datetime as dt

import pytest

from archive import deadlines

CAME = dt.date(2020, 3, 30)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Đề nghị các sở báo cáo về UBND tỉnh trước ngày 15/4/2020 để tổng hợp.", "2020-04-15"),
        ("gửi về Sở Nội vụ trước 17 giờ 00 ngày 20 tháng 4 năm 2020.", "2020-04-20"),
        ("hoàn thành chậm nhất là ngày 30/6/2020.", "2020-06-30"),
        ("Thời hạn: 05/5/2020.", "2020-05-05"),
        ("Báo cáo kết quả (không quá ngày 10/4/2020).", "2020-04-10"),
        ("Trước tình hình đó, ngày 10/5/2020 UBND tỉnh họp.", None),
        ("Tính đến ngày 10/5/2020 có 5 ca.", None),
        ("hàng hoá nhập khẩu trước ngày 01/01/2019", None),
        ("có hiệu lực đến hết ngày 31/12/2020", None),
        ("xong trước 8 giờ sáng ngày 15/4/2020", "2020-04-15"),
        ("gửi trước 17h30 ngày 15/4/2020", "2020-04-15"),
        (f"trước {'1' * 60} x 15/4/2020", None),  # parted in all ways, these digits take longer than anybody lives
    ],
)
def test_a_deadline_is_what_the_words_before_the_date_say(text, day):
    assert [one.day.isoformat() for one in deadlines.said(text, CAME)] == ([day] if day else [])


def test_each_day_stands_once_earliest_first_with_its_sentence():
    text = "Căn cứ Luật. Gửi trước ngày 20/4/2020. Báo cáo sơ bộ trước ngày 15/4/2020. Nhắc lại: trước ngày 20/4/2020."
    first, second = deadlines.said(text, CAME)
    assert first.words == "Báo cáo sơ bộ trước ngày 15/4/2020" and second.words == "Gửi trước ngày 20/4/2020"
    assert len(deadlines.said("Báo cáo trước ngày 01/3/2020.", None)) == 1
