"""A child process can be killed, dies with its parent, and cannot talk its parent into anything."""

import io
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.children import Child, _Trusting, walls
from archive.errors import Aborted, Crashed, Encrypted, TookTooLong, TooMuchWork
from archive.reading import Page, Word

HERE = "tests.archive.test_children"


def double(number):
    return number * 2


def page():
    return Page.of_words(1, [Word("Số:", (0.1, 0.1, 0.2, 0.2), 0.9)])


def refuse():
    raise Encrypted("Tệp có mật khẩu.")


def stumble():
    raise ValueError("the words of a paper")


def sleep_with_grandchild(pids):
    grandchild = subprocess.Popen(["sleep", "60"])
    Path(pids).write_text(f"{os.getpid()} {grandchild.pid}")
    grandchild.wait()


def abort():
    os.abort()


def spin():
    while True:
        pass


def spin_below():
    subprocess.run([sys.executable, "-c", "while True: pass"], check=False)


def hoard():
    return len(bytearray(1 << 30))


class Evil:
    def __reduce__(self):
        return os.getpid, ()


def write_far(path):
    with Path(path).open("wb") as file:  # a hole, not a gigabyte
        file.seek(3 << 28)
        return file.write(b"x")


def evil():
    return Evil()


def environment():
    return dict(os.environ), str(Path.cwd())


def run(child, name, *args, wall=30.0, cpu=30.0, beat=None):
    return child.run(f"{HERE}:{name}", *args, wall=wall, cpu=cpu, beat=beat)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(holds, seconds=300.0):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


@pytest.fixture(scope="module", params=[False, True], ids=["bare", "walled"])
def child(request):
    if request.param and not walls():
        pytest.skip("bubblewrap is not on this machine, or may not")
    with Child(walled=request.param) as child:
        yield child


def reach(port, path):
    """What of network and disk can be reached."""
    found = []
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        found.append("network")
    except OSError:
        pass
    for file in (path, str(Path.cwd() / "x"), f"/var/tmp/vanthu-{os.getpid()}.written"):
        try:
            Path(file).write_text("x")
            found.append("disk" if file.endswith(".written") else "temporary files")
            Path(file).unlink()
        except OSError:
            pass
    return found


def test_behind_walls_there_is_neither_network_nor_a_disk_to_write_on(child, tmp_path, request):
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = run(child, "reach", server.getsockname()[1], str(tmp_path / "x"))
    is_walled = "walled" in request.node.callspec.id
    assert found == ["temporary files"] * 2 if is_walled else {"network", "disk"} <= set(found)


def test_answers_come_back_from_one_process(child):
    assert run(child, "double", 21) == 42
    first = child.pid
    assert run(child, "double", "ấ") == "ấấ"
    assert child.pid == first
    assert run(child, "page") == page()


def test_large_arguments_and_answers_pass(child):
    assert run(child, "double", b"x" * 5_000_000) == b"x" * 10_000_000


def test_our_errors_keep_their_class_and_words(child):
    with pytest.raises(Encrypted, match="Tệp có mật khẩu"):
        run(child, "refuse")


def test_other_errors_say_where_but_not_what(child):
    with pytest.raises(Crashed) as caught:
        run(child, "stumble")
    assert "words of a paper" not in str(caught.value) + "".join(caught.value.__notes__)
    assert "ValueError" in caught.value.__notes__[0]


def test_a_late_call_dies_with_its_grandchild(child, tmp_path):
    pids = tmp_path / "pids"
    run(child, "double", 1)
    with pytest.raises(TookTooLong):
        run(child, "sleep_with_grandchild", str(pids), wall=3)
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids.read_text().split()))
    assert run(child, "double", 1) == 2


def test_an_abort_is_a_crash_and_the_next_call_works(child):
    with pytest.raises(Aborted):
        run(child, "abort")
    assert run(child, "double", 1) == 2


def test_processor_time_is_limited_for_each_call(child):
    with pytest.raises(TooMuchWork):
        run(child, "spin", cpu=0.1)


def test_what_a_call_starts_shares_its_processor_time(child):
    with pytest.raises(TooMuchWork):
        run(child, "spin_below", cpu=1.0)


def test_memory_is_limited():
    with Child(address_space=1 << 30) as child, pytest.raises(Crashed):
        run(child, "hoard")


def test_files_are_limited_but_for_our_own(child, tmp_path):
    with pytest.raises(Crashed):
        run(child, "write_far", str(tmp_path / "far"))
    with Child(file_size=1 << 50) as own:
        assert run(own, "write_far", str(tmp_path / "far")) == 1


def test_what_beat_raises_kills_the_call_and_goes_on(child, tmp_path):
    pids = tmp_path / "pids"

    def lose_the_lease():
        if pids.exists() and " " in pids.read_text():
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(child, "sleep_with_grandchild", str(pids), beat=lose_the_lease)
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids.read_text().split()))


def test_a_child_cannot_send_code(child):
    with pytest.raises(Crashed):
        run(child, "evil")
    for name in ("os.system", "archive.children.Child", "archive.children.Path", "builtins.eval"):
        module, _, what = name.rpartition(".")
        with pytest.raises(pickle.UnpicklingError):
            _Trusting(io.BytesIO()).find_class(module, what)


def test_the_environment_is_clean_and_the_directory_goes(child, monkeypatch):
    monkeypatch.setenv("VANTHU_SECRET", "x")
    child.close()
    variables, home = run(child, "environment")
    assert "VANTHU_SECRET" not in variables
    assert variables["OMP_THREAD_LIMIT"] == "1"
    assert Path(home).is_dir()
    child.close()
    assert not Path(home).exists()


def test_a_child_dies_with_a_parent_killed_by_force(tmp_path):
    pids = tmp_path / "pids"
    code = (
        "from archive.children import Child\n"
        f"Child(walled=True).run('{HERE}:sleep_with_grandchild', {str(pids)!r}, wall=60, cpu=60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert wait_until(lambda: pids.exists() and pids.read_text().count(" ") == 1)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert wait_until(lambda: not any(is_alive(pid) for pid in pids.read_text().split()))
