"""What names of sub-folders say of the files in them."""

from archive.watched import places


def test_only_the_name_of_a_grade_makes_a_folder_secret():
    names = ("Mật", "TỐI MẬT", "tuyê\u0323t_mật", "mat", "Toi-Mat", "Mắt", "Mặt", "Mát", "không mật", "Mật ong")
    known = places.Map({}, {})
    assert [name for name in names if known.place([name]).secret] == list(names[:5])
