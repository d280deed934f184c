"""/reminders: one's own address and wish."""

from archive.models import Digest, User
from archive.workdays import today


def test_a_person_says_where_to_be_reminded_and_turns_it_down_again(desk, makers):
    hoa = desk("head", "Phòng Văn xã")
    assert "chưa cấu hình máy chủ thư" in hoa.page("/reminders")
    assert hoa.send("/reminders", {"email": "hoa@tinh.example", "wants": "1"}).status_code == 303
    assert 'value="hoa@tinh.example"' in hoa.page("/reminders?done=1") and "Đã lưu" in hoa.page("/reminders?done=1")
    assert hoa.send("/reminders", {"email": "hoa@tinh.example"}).status_code == 303
    with makers() as session:
        user = session.query(User).filter_by(role="head").one()
        assert (user.email, user.wants_digest) == ("hoa@tinh.example", False)


def test_what_became_of_the_letters_is_shown_to_their_reader_only(desk, makers):
    hoa, nam = desk("head", "Phòng Văn xã"), desk("staff", "Phòng Văn xã")
    with makers.begin() as session:
        user = session.query(User).filter_by(role="head").one()
        session.add(Digest(user_id=user.id, day=today(user.created_at), state="unsure"))
    assert "không rõ đã đến chưa" in hoa.page("/reminders") and "không rõ" not in nam.page("/reminders")


def test_what_is_no_address_is_refused_and_stands_there(desk):
    answer = desk("staff").send("/reminders", {"email": "khong phai", "wants": "1"})
    assert answer.status_code == 422 and "không hợp lệ" in answer.text and 'value="khong phai"' in answer.text


def test_nobody_s_settings_are_nobody_s_to_see(desk):
    assert desk(None).open("/reminders").status_code == 303
