"""Runs in parallel, one process and one thread each, that survive the death of a worker."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from micvae import records, spelling
from micvae.errors import MicvaeError
from micvae.files import system_error
from micvae.metrics import METRICS
from micvae.training.config import RunConfig

if TYPE_CHECKING:
    from micvae.training.trainer import Progress

ATTEMPTS = 3
"""How often a run is begun before it is given up, where its worker was killed."""

PATIENCE = 30.0
"""Seconds that a worker waits for the process that owns a run's folder: a worker of a study that
was killed ends at once, but not at the same moment."""
UNGUARDED = 78
"""Exit status of a worker that would run the caller's script again."""


@dataclass(frozen=True)
class Job:
    """One training: a configuration and the folder of the run."""

    config: RunConfig
    folder: str


@dataclass(frozen=True)
class Event:
    """What a worker reports: `begun`, `progress` (in [0, 1]), `done` or `failed` (with the reason).

    `begun` is for the pool only; `run_jobs` reports the others.
    """

    job: int
    kind: str
    value: Any = None


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    job: int | None = None
    begun: bool = False


def run_jobs(
    jobs: Sequence[Job],
    workers: int,
    report: Callable[[Event], None] = lambda event: None,
    score: bool = True,
) -> dict[int, str]:
    """Train and evaluate every job; return why some failed, by index.

    A run that fails, because its training diverged for instance, does not stop the others. A
    worker that is killed is replaced, and its run goes on from its last checkpoint. A run whose
    worker is killed `ATTEMPTS` times has failed. A worker that ends before it has begun its run,
    between two runs for instance, does not count against the run, unless no worker can begin it.

    Workers do not import the caller's main module, so a plain script needs no
    `if __name__ == "__main__":`. Only where a method, a metric or the like is defined outside
    micvae do they import it, to know of it.

    Args:
        jobs: what to train.
        workers: how many processes; each computes on one thread.
        report: called with every event.
        score: whether to store the scores of every run, too.

    Raises:
        MicvaeError: where workers have to import a main module that starts the work anew.
        KeyboardInterrupt: on Ctrl-C, after the workers were stopped; what they had done is kept.
    """
    leave_if_worker()
    context = multiprocessing.get_context("spawn")
    queue = list(range(len(jobs)))
    killed = dict.fromkeys(queue, 0)
    never_begun = dict.fromkeys(queue, 0)
    failures: dict[int, str] = {}
    pool: list[_Worker] = []

    def give(worker: _Worker) -> None:
        job = queue.pop(0) if queue else None
        worker.job, worker.begun = job, False
        task = None if job is None else (job, records.to_json(jobs[job]))
        with contextlib.suppress(OSError):  # it has ended, which `wait` reports
            worker.pipe.send(task)

    def replace(worker: _Worker) -> None:
        """Put another worker in the place of one that has ended, and its job back."""
        worker.process.join()
        job = worker.job
        assert job is not None
        counted = killed if worker.begun else never_begun
        counted[job] += 1
        if counted[job] < ATTEMPTS:
            queue.insert(0, job)
        else:
            settle(Event(job, "failed", _why(worker.process.exitcode, worker.begun)))
        pool.remove(worker)
        worker.pipe.close()
        if queue:
            pool.append(_start(context, score))
            give(pool[-1])

    def settle(event: Event) -> None:
        if event.kind == "failed":
            failures[event.job] = str(event.value)
        report(event)

    try:
        for _ in range(min(workers, len(jobs))):
            pool.append(_start(context, score))
            give(pool[-1])
        while any(worker.job is not None for worker in pool):
            ready = wait([w.pipe for w in pool if w.job is not None])
            for worker in [w for w in pool if w.pipe in ready]:
                try:
                    event: Event = worker.pipe.recv()
                except (EOFError, OSError):
                    worker.process.join()
                    if worker.process.exitcode == UNGUARDED:
                        raise MicvaeError(_GUARD) from None
                    replace(worker)
                    continue
                if event.kind == "begun":
                    worker.begun = True
                    continue
                settle(event)
                if event.kind != "progress":
                    give(worker)
    finally:
        for worker in pool:
            if worker.job is not None:
                worker.process.terminate()
        for worker in pool:
            worker.process.join()
            worker.pipe.close()
    return failures


def leave_if_worker() -> None:
    """End a worker that is importing the caller's main module, which starts the same work.

    Without this, every worker would start workers of its own.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise SystemExit(UNGUARDED)


_GUARD = (
    "a method, metric or data set of your own is defined outside micvae, so the workers import "
    "your script, which starts the work again; put the lines that start it under "
    'if __name__ == "__main__":.'
)


def _start(context: Any, score: bool) -> _Worker:
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, score), daemon=True)
    with _uninterrupted(), _main_left_out():
        process.start()
    there.close()
    return _Worker(process, here)


def _why(exitcode: int | None, begun: bool) -> str:
    """The reason for giving up a job whose workers ended without a message."""
    how = f"with status {exitcode}"
    if exitcode is not None and exitcode < 0:
        with contextlib.suppress(ValueError):
            how = f"killed by {signal.Signals(-exitcode).name}"
    what = "its process" if begun else "a process to run it was started and"
    why = f"{what} ended {ATTEMPTS} times ({how})"
    if exitcode == -9:
        why += "; the system does this when memory runs out, so try fewer --workers"
    return why


def _end_with_parent() -> None:
    """End this process when the one that started it ends, however that happens."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # files are whole at any moment


_STARTING = threading.Lock()


@contextlib.contextmanager
def _main_left_out() -> Iterator[None]:
    """Start processes that do not import the caller's main module, where they can do without.

    A job is plain text and a path, and what it names is registered by micvae itself.
    """
    from multiprocessing import spawn

    usual = getattr(spawn, "get_preparation_data", None)
    if usual is None or _defined_elsewhere():
        yield
        return

    def prepared(name: str) -> Any:
        data = usual(name)
        for key in ("init_main_from_name", "init_main_from_path"):
            data.pop(key, None)
        return data

    with _STARTING:
        spawn.get_preparation_data = prepared
        try:
            yield
        finally:
            spawn.get_preparation_data = usual


def _defined_elsewhere() -> bool:
    """Whether something that a job may name is defined outside micvae."""
    functions = [metric.function for metric in METRICS.values()]
    known = [*functions, *spelling.everything()]
    return any(str(one.__module__).partition(".")[0] != "micvae" for one in known)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach; one that comes meanwhile is held back for us."""
    main = threading.current_thread() is threading.main_thread()
    if not main or sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _say(pipe: Connection, job: int, progress: "Progress") -> None:
    pipe.send(Event(job, "progress", progress.step / progress.steps))


def _work(pipe: Connection, score: bool) -> None:
    """Take jobs from the pipe until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us
    threading.Thread(target=_end_with_parent, name="micvae-parent", daemon=True).start()
    import torch

    from micvae.locks import wait_until_free
    from micvae.scoring import ensure_scores
    from micvae.training.train import train_run

    torch.set_num_threads(1)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while (task := pipe.recv()) is not None:
            job, values = task
            pipe.send(Event(job, "begun"))
            try:
                given = records.from_json(Job, values, "a job")
                folder = Path(given.folder)
                wait_until_free(folder, PATIENCE)
                run = train_run(given.config, folder, partial(_say, pipe, job))
                if score:
                    ensure_scores(run)
                pipe.send(Event(job, "done"))
            except MicvaeError as error:
                pipe.send(Event(job, "failed", str(error)))
            except (EOFError, BrokenPipeError):
                raise
            except Exception as error:
                known = system_error(error)
                said = traceback.format_exc() if known is None else str(known)
                pipe.send(Event(job, "failed", said))
