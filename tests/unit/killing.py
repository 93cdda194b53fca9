"""Kills a command before its n-th change of the file system, and gives it again.

Run as a script with a folder and a JSON object: `setup` (commands), `command`, `every` (kill at
every so manieth change only). Prints a JSON list of what went wrong. Commands run in forks of this
process, so that the libraries are loaded once. An audit hook counts the changes: no code of
micvae knows that it is watched.
"""

import contextlib
import gc
import hashlib
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1]))
import micvae.cli.commands
import micvae.studies.study
from builders import few_scores, in_process, quick_audits, without_rendering
from micvae.cli import main

CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.chmod")


micvae.studies.study.run_jobs = in_process
without_rendering(setattr)
few_scores(setattr)
quick_audits(setattr)


class Watch:
    """Counts the changes under the folder of work, and kills the process before one of them."""

    def __init__(self, at=None):
        self.at = at
        self.seen = []

    def __call__(self, event, arguments):
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not writes or not isinstance(path, str | os.PathLike):
                return
        elif event not in CHANGES:
            return
        path = Path.cwd() / os.fspath(arguments[0])
        if not path.is_relative_to(Path.cwd()):
            return
        self.seen.append(f"{event} {path.name}")
        if self.at is not None and len(self.seen) > self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def forked(command, folder, at=None):
    """Run a command in a fork; its status, what it wrote to stderr, and the changes it made."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.chdir(folder)
        torch.set_num_threads(1)
        watch, status, said = Watch(at), 0, io.StringIO()
        sys.addaudithook(watch)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            try:
                main(command)
            except SystemExit as stopped:
                status = stopped.code
            except BaseException as error:
                status, _ = 1, said.write(f"{type(error).__name__}: {error}")
        with os.fdopen(write, "w") as pipe:
            json.dump({"said": said.getvalue(), "seen": watch.seen}, pipe)
        os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        told = json.loads(pipe.read() or '{"said": "", "seen": []}')
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told["said"], told["seen"]


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if "seconds" not in k}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def snapshot(folder):
    """Every file with a digest of its content, times taken left out."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if path.name in ("table.parquet", "report.html"):  # they hold times
            content = b""
        elif path.suffix == ".json":
            content = json.dumps(without_times(json.loads(content))).encode()
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def wrong(folder, setup, command, every):
    start, whole, warm = folder / "start", folder / "whole", folder / "warm"
    for one in (start, warm):
        one.mkdir()
    torch.set_num_threads(1)
    os.chdir(start)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for one in setup:
            main(one)
        shutil.copytree(start, warm, dirs_exist_ok=True)
        os.chdir(warm)
        main(command)  # every library is loaded now, and forks need not do it again
    gc.collect()
    gc.freeze()
    shutil.copytree(start, whole)
    status, said, seen = forked(command, whole)
    assert status == 0, said
    expected = snapshot(whole)
    found = []
    for at in range(0, len(seen), every):
        broken = folder / f"broken-{at}"
        shutil.copytree(start, broken)
        status, _, _ = forked(command, broken, at)
        assert status == -signal.SIGKILL, (at, status)
        left = sorted(snapshot_names(broken))
        status, said, _ = forked(command, broken)
        if status != 0:
            found.append(f"killed before {seen[at]} ({at}), which left {left}: {said}")
        elif (now := snapshot(broken)) != expected:
            differ = [n for n in sorted({*now, *expected}) if now.get(n) != expected.get(n)]
            found.append(f"killed before {seen[at]} ({at}): {differ} differ")
        shutil.rmtree(broken)
    return len(seen), found


def snapshot_names(folder):
    return [path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")]


if __name__ == "__main__":
    job = json.loads(sys.argv[2])
    print(json.dumps(wrong(Path(sys.argv[1]), job["setup"], job["command"], job["every"])))
