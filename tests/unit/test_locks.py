"""Who owns a folder: one process at a time, and nobody for longer than it lives."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest

from micvae import locks
from micvae.errors import RunError
from micvae.files import is_empty, is_unfinished, making, new_folder, replacing, write_text
from micvae.locks import AFTER, EXPIRES, FORGOTTEN, LOCK, Owner, owned, owner_of

OWNING = """
import sys, time
from pathlib import Path
from micvae.locks import owned
with owned(Path(sys.argv[1])):
    print("owned", flush=True)
    time.sleep(60)
"""

TEMPORARY = """
import sys, time
from pathlib import Path
from micvae.files import new_folder, replacing
folder = Path(sys.argv[1])
with replacing(folder / "a.npz") as one, new_folder(folder / "b") as two:
    (two / "inside").touch()
    print("begun", flush=True)
    time.sleep(60)
"""


def started(code, folder):
    """A process that runs `code` until it is killed, once it has said so."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() in ("owned", "begun")
    return process


def killed(process, wait=True):
    process.send_signal(signal.SIGKILL)
    if wait:
        process.wait()
        process.stdout.close()


def another(**changes):
    """An owner on another machine."""
    return replace(Owner.here(), host="far", place="00000000", pid=1234, **changes)


def lock_of(folder, owner, age=0.0, name=LOCK):
    (folder / name).write_text(json.dumps(asdict(owner)))
    os.utime(folder / name, (time.time() - age,) * 2)


class TestOwned:
    def test_a_folder_has_one_owner_and_none_afterwards(self, tmp_path):
        with owned(tmp_path) as ownership:
            assert owner_of(tmp_path) == ownership.owner
            assert ownership.owner.pid == os.getpid()
            with pytest.raises(RunError, match=rf"in use by process {os.getpid()} on .*; wait"):
                owned(tmp_path).__enter__()
            ownership.check()
        assert owner_of(tmp_path) is None and not [*tmp_path.iterdir()]

    def test_an_error_frees_the_folder(self, tmp_path):
        with pytest.raises(ZeroDivisionError), owned(tmp_path):
            raise ZeroDivisionError
        assert not [*tmp_path.iterdir()]

    @pytest.mark.parametrize("reaped", [True, False])
    def test_a_killed_owner_is_followed_at_once(self, tmp_path, reaped):
        """Also where nobody has asked for its status yet, so that its number is still taken."""
        process = started(OWNING, tmp_path)
        with pytest.raises(RunError, match=f"process {process.pid} on {locks._host()}"):
            owned(tmp_path).__enter__()
        killed(process, wait=reaped)
        with owned(tmp_path, patience=5) as ownership:
            assert owner_of(tmp_path) == ownership.owner
        process.wait()
        process.stdout.close()
        assert not [*tmp_path.iterdir()]

    def test_a_number_that_was_given_away_again_is_no_owner(self, tmp_path):
        lock_of(tmp_path, replace(Owner.here(), pid=os.getppid(), started=1))
        with owned(tmp_path):
            pass

    @pytest.mark.parametrize(
        ("age", "free"), [(0, False), (EXPIRES - 60, False), (EXPIRES + 60, True)]
    )
    def test_an_owner_elsewhere_is_followed_when_it_is_silent_for_long(self, tmp_path, age, free):
        lock_of(tmp_path, another(), age)
        if free:
            with owned(tmp_path):
                assert owner_of(tmp_path).pid == os.getpid()
        else:
            with pytest.raises(RunError, match=r"process 1234 on far.*10 minutes after"):
                owned(tmp_path).__enter__()
            assert owner_of(tmp_path).host == "far"

    def test_waiting_for_an_owner(self, tmp_path):
        process = started(OWNING, tmp_path)
        threading.Timer(0.3, killed, [process]).start()
        with owned(tmp_path, patience=20):
            assert owner_of(tmp_path).pid == os.getpid()

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[1]", b"\xff\xfe", b"[" * 3000, b'{"token": "../../x"}']
    )
    def test_a_lock_that_says_nothing_usable_expires(self, tmp_path, content):
        (tmp_path / LOCK).write_bytes(content)
        with pytest.raises(RunError, match="an unknown machine"):
            owned(tmp_path).__enter__()
        os.utime(tmp_path / LOCK, (0, 0))
        with owned(tmp_path):
            pass
        assert not [*tmp_path.iterdir()]

    def test_a_pipe_or_a_link_in_place_of_a_lock_is_not_read(self, tmp_path):
        os.mkfifo(tmp_path / LOCK)
        with pytest.raises(RunError, match="in use"):
            owned(tmp_path).__enter__()
        (tmp_path / LOCK).unlink()
        (tmp_path / LOCK).symlink_to("/dev/zero")
        with pytest.raises(RunError, match="in use"):
            owned(tmp_path).__enter__()

    def test_a_successor_that_died_has_a_successor(self, tmp_path):
        """A process may be killed between any two steps of taking a folder over."""
        first, second = (another(token=c * 32) for c in "ab")
        lock_of(tmp_path, first, 2 * EXPIRES)
        lock_of(tmp_path, second, 2 * EXPIRES, AFTER + first.token)
        with owned(tmp_path) as ownership:
            assert owner_of(tmp_path) == ownership.owner
            assert [path.name for path in tmp_path.iterdir()] == [LOCK]

    def test_a_successor_that_lives_is_the_owner(self, tmp_path):
        first, second = (another(token=c * 32) for c in "ab")
        lock_of(tmp_path, first, 2 * EXPIRES)
        lock_of(tmp_path, second, 0, AFTER + first.token)
        with pytest.raises(RunError, match="in use"):
            owned(tmp_path).__enter__()
        assert owner_of(tmp_path) == second

    def test_without_hard_links(self, tmp_path, monkeypatch):
        def refused(*_):
            raise PermissionError

        monkeypatch.setattr(os, "link", refused)
        with owned(tmp_path), pytest.raises(RunError, match="in use"):
            owned(tmp_path).__enter__()
        lock_of(tmp_path, another(), 2 * EXPIRES)
        with owned(tmp_path):
            assert owner_of(tmp_path).pid == os.getpid()
        assert not [*tmp_path.iterdir()]

    def test_many_that_want_to_follow(self, tmp_path):
        """Of many threads that find the lock of a dead owner, one at a time has the folder."""
        inside, most, done = [], [], []

        def take():
            with owned(tmp_path, patience=30):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.002)
                inside.pop()
            done.append(1)

        lock_of(tmp_path, another(), 2 * EXPIRES)
        threads = [threading.Thread(target=take) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(done) == 12 and max(most) == 1 and not [*tmp_path.iterdir()]

    def test_the_owner_gives_signs_of_life_and_notices_that_it_was_followed(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(locks, "BEAT", 0.02)
        with owned(tmp_path) as ownership:
            os.utime(tmp_path / LOCK, (0, 0))
            _until(lambda: (tmp_path / LOCK).stat().st_mtime > 1)
            lock_of(tmp_path, another())
            _until(lambda: ownership._lost)
            with pytest.raises(RunError, match="taken over by another process"):
                ownership.check()
        assert owner_of(tmp_path).host == "far", "it removed a lock that was not its own"


def _until(true, seconds=10):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    assert true()


class TestTemporaryFiles:
    def test_those_of_a_killed_process_are_removed_by_the_next_that_writes_there(self, tmp_path):
        process = started(TEMPORARY, tmp_path)
        write_text(tmp_path / "c", "")
        assert len([*tmp_path.iterdir()]) == 3, "it removed files of a process that runs"
        killed(process)
        assert len([*tmp_path.iterdir()]) == 3
        write_text(tmp_path / "c", "")
        assert [path.name for path in tmp_path.iterdir()] == ["c"]

    @pytest.mark.parametrize(
        ("age", "stays"), [(0, True), (FORGOTTEN - 60, True), (FORGOTTEN + 60, False)]
    )
    def test_those_of_another_machine_stay_for_a_day(self, tmp_path, age, stays):
        name = locks.temporary_name(".npz").replace(locks._place(), "00000000")
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
        write_text(tmp_path / "c", "")
        assert (tmp_path / name).exists() == stays

    @pytest.mark.parametrize(
        "name", [".micvae-tmp-mine", ".micvae-names.json", ".a-0123456789abcdef.json", "a.tmp"]
    )
    def test_nothing_else_is_removed(self, tmp_path, name):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
        write_text(tmp_path / "c", "")
        assert (tmp_path / name).exists()

    def test_a_link_is_removed_and_not_what_it_points_to(self, tmp_path):
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "file").touch()
        place = locks._place()
        (tmp_path / f".micvae-tmp-{place}-4194304-1-{'0' * 16}").symlink_to(tmp_path / "kept")
        write_text(tmp_path / "c", "")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "kept"]
        assert (tmp_path / "kept" / "file").exists()

    def test_a_name_keeps_a_short_ending(self, tmp_path):
        with replacing(tmp_path / "a.npz") as temporary:
            assert temporary.suffix == ".npz" and temporary.name.startswith(".micvae-tmp-")
        with replacing(tmp_path / f"a.{'b' * 200}") as temporary:
            assert len(temporary.name) < 100

    def test_a_new_folder_takes_the_place_of_one_with_hidden_files_of_ours_alone(self, tmp_path):
        place = locks._place()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / f".micvae-tmp-{place}-4194304-1-{'0' * 16}").touch()
        assert is_empty(tmp_path / "new")
        with new_folder(tmp_path / "new") as temporary:
            (temporary / "a").touch()
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["a"]


class TestUnfinished:
    def test_the_mark_stays_where_the_block_does_not_end(self, tmp_path):
        folder = tmp_path / "a" / "b"
        with pytest.raises(ZeroDivisionError), making(folder, "share"):
            raise ZeroDivisionError
        assert not (tmp_path / "a" / "b").exists()  # nothing was written
        with pytest.raises(ZeroDivisionError), making(folder, "share"):
            (folder / "half").touch()
            raise ZeroDivisionError
        assert is_unfinished(folder) and is_unfinished(folder, "share")
        assert not is_unfinished(folder, "export")
        with making(folder, "share"):
            assert is_unfinished(folder, "share")
        assert not is_unfinished(folder)
        assert [path.name for path in folder.iterdir()] == ["half"]


def test_workers_can_be_looked_at_by_their_number():
    """A process that has ended, and one that never was, do not run."""
    process = multiprocessing.get_context("spawn").Process(target=int)
    process.start()
    process.join()
    assert not locks._runs(process.pid, 0)
    assert not locks._runs(2**31, 0) and not locks._runs(4_194_304, 0)
    assert locks._runs(os.getpid(), 0) and locks._runs(os.getppid(), 0)
