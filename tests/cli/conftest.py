"""What the tests of the command line share."""

import subprocess
import warnings

import pytest

from micvae.cli import main


@pytest.fixture
def inline(tmp_path, monkeypatch, capsys):
    """Run a command in this process, in an empty folder: the seconds to load torch are saved."""

    def run(*arguments):
        with warnings.catch_warnings():
            monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
            try:
                main(list(map(str, arguments)))
                status = 0
            except SystemExit as stop:
                status = stop.code
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, out, err)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return run
