"""Workers of a study that are killed, each where the system might kill one.

They are processes of their own, which import this module, and micvae when they need it.
"""

import os
import signal


def dies_between_jobs(pipe):
    """A worker that the system kills after it has reported its first job."""
    send = pipe.send

    class Dying:
        recv = pipe.recv

        @staticmethod
        def send(event):
            send(event)
            if event.kind == "done":
                os.kill(os.getpid(), signal.SIGKILL)

    from micvae.studies import pool

    pool._work(Dying, True)


def dies_in_a_job(pipe):
    """A worker that is killed whenever it trains under seed 1."""
    send = pipe.send
    jobs = {}

    class Dying:
        @staticmethod
        def recv():
            task = pipe.recv()
            if task is not None:
                jobs[task[0]] = task[1]["config"]["seed"]
            return task

        @staticmethod
        def send(event):
            send(event)
            if event.kind == "progress" and jobs[event.job] == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    from micvae.studies import pool

    pool._work(Dying, True)


def never_begins(pipe):
    os.kill(os.getpid(), signal.SIGKILL)
