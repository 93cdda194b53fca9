"""What a user sees while a model is trained."""

import re

from micvae.cli.display import run_progress
from micvae.training.trainer import Progress


def test_a_training_shows_its_terms_its_speed_and_the_time_left(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    terms = {"loss": 112.4, "reconstruction": 98.1, "r_mi": 0.07, "kl": 14.25, "kl_0": 9.0}
    with run_progress("training [b] on toy") as report:
        report(Progress(50, 200, terms, 10_500.4))
    shown = capsys.readouterr().err
    assert "training [b] on toy" in shown  # a name is no markup
    assert "50/200" in shown and "10,500 samples/s" in shown
    assert "loss 112.40 · reconstruction 98.10 · r_mi 0.07 · kl 14.25 nats" in shown
    assert "kl_0" not in shown  # one per latent: in the log
    assert re.search(r"\d:\d\d:\d\d (\d:\d\d:\d\d|-:--:--) left", shown)
