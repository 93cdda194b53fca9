"""Training says whether its loss has stopped falling, and which latents have collapsed."""

import dataclasses
import warnings

import numpy as np
import pytest

from micvae import Disentangler
from micvae.errors import NotConvergedWarning, RunError
from micvae.files import read_json, write_json
from micvae.networks import Patch
from micvae.objectives import BetaVAE, SemiSupervised, find
from micvae.objectives.schedules import Constant, Cycle, Piecewise, Ramp
from micvae.records import encoded, from_json
from micvae.reports.many import not_converged
from micvae.reports.run import report_run
from micvae.scoring import evaluate_run
from micvae.studies.study import row_of_run
from micvae.training import RunConfig, train_run
from micvae.training.convergence import Convergence, collapsed_said, judge
from micvae.training.run import RECORD, Run


def configured(method="vae", **options):
    objective = find(method) if isinstance(method, str) else method
    return RunConfig(objective=objective, device="cpu", **options)


def curve(steps, exponent, start=500.0, floor=100.0, noise=2.0, seed=0):
    """A loss that falls as a power of the step, with the noise of batches."""
    t = np.arange(1, steps + 1)
    return floor + start * t**-exponent + np.random.default_rng(seed).normal(0, noise, steps)


def flat(steps, level=150.0, noise=5.0, seed=0):
    return level + np.random.default_rng(seed).normal(0, noise, steps)


@pytest.mark.parametrize(
    ("losses", "converged"),
    [
        (curve(240, 0.5), False),
        (curve(2000, 0.5), False),
        (flat(240), True),
        (flat(20), True),
        (flat(400, noise=80.0), True),  # batches differ by more than any fall
        (curve(400, 3.0), True),  # done long ago
        (np.linspace(100, 150, 400), True),  # it rises: more epochs are no remedy
        (flat(400, level=0.0, noise=0.01), True),  # a log-density about 0
        (np.linspace(5, -5, 400), False),  # a log-density that crosses 0
        (flat(400, level=-50.0), True),
        (np.linspace(-20, -50, 400), False),
    ],
)
def test_a_loss_that_still_falls_is_told_from_one_that_has_settled(losses, converged):
    found = judge(losses, configured(), 4)
    assert found.converged is converged
    assert bool(found.sentence()) is (not converged)


@pytest.mark.parametrize(("exponent", "start"), [(0.5, 300), (0.8, 2_000), (1.5, 50_000)])
def test_the_number_of_epochs_that_is_advised_would_do(exponent, start):
    """Training for so long ends the advice, on every power law."""
    found = judge(curve(240, exponent, start, noise=0), configured(), 4)
    assert found.converged is False and 60 < found.epochs <= 60 * 50
    longer = judge(curve(4 * found.epochs, exponent, start, noise=0), configured(), 4)
    assert longer.converged


def test_what_is_said_has_the_fall_per_epoch_and_an_option_that_exists():
    found = Convergence(False, 6.1, 0.04, 890)
    assert found.sentence() == (
        "The loss still falls by 4% (6.1 nats) an epoch; train longer: --epochs 890."
    )
    assert found.sentence("epochs={}").endswith("train longer: epochs=890.")
    by_hand = judge(np.repeat([130.0, 120.0, 110.0, 100.0], 100), configured(), 50)
    assert by_hand.fall == pytest.approx(5) and by_hand.share == pytest.approx(0.05)  # two epochs
    about_zero = judge(np.linspace(5, -1, 400), configured(), 4)
    assert "by 0.015 nats an epoch" in Convergence(False, 0.015, None, 20).sentence()
    assert about_zero.converged is False and about_zero.share is None  # of what would it be?


@pytest.mark.parametrize(
    ("schedule", "settled"),
    [
        (Constant(3.0), 0),
        (Ramp(0, 2, steps=100, begin=50), 150),
        (Ramp(2, 2, steps=100, begin=50), 0),
        (Cycle(0, 1, period=10), np.inf),
        (Cycle(1, 1, period=10), 0),
        (Piecewise(((0, 1.0), (10, 2.0), (30, 2.0))), 10),
        (Piecewise(((5, 1.0),)), 0),
    ],
)
def test_a_schedule_knows_from_which_step_on_it_stays(schedule, settled):
    assert schedule.settled == settled
    if np.isfinite(settled):
        later = {schedule(int(settled) + k) for k in range(60)}
        assert len(later) == 1
        assert settled == 0 or schedule(int(settled) - 1) not in later


@pytest.mark.parametrize(
    ("method", "losses", "converged", "said"),
    [
        # A ramp of β raises the loss, and hides or fakes a fall: only what follows is judged.
        (BetaVAE(beta=Ramp(8, 1, steps=100)), (range(300, 100, -2), flat(300)), True, ""),
        (BetaVAE(beta=Ramp(0, 4, steps=100)), (range(100), curve(300, 0.5)), False, "longer"),
        (
            BetaVAE(beta=Ramp(0, 4, steps=380)),
            (range(400),),
            None,
            "beta changes until step 380",
        ),
        (BetaVAE(beta=Cycle(0, 4, period=50)), (range(400),), None, "beta changes to the end"),
        ("annealed-vae:paper", (curve(400, 0.5),), None, "capacity changes until step 100,000"),
        ("annealed-vae", (curve(400, 0.5),), True, ""),
        ("annealed-vae(capacity=5)", (curve(400, 0.5),), False, "train longer"),
        (
            SemiSupervised(base=BetaVAE(beta=Cycle(0, 4, period=50))),
            (flat(400),),
            None,
            "base.beta changes",
        ),
        ("infogan", (curve(400, 0.5),), None, ""),  # one side of a game
        ("fast-ica", (curve(400, 0.5),), None, ""),  # nothing of the steps is left
        ("vae", (flat(19),), None, "19 steps are too few"),
        ("vae", (flat(1),), None, "1 step is too few"),
    ],
)
def test_methods_whose_loss_means_something_else_are_not_misjudged(method, losses, converged, said):
    found = judge(np.concatenate([np.asarray(p, float) for p in losses]), configured(method), 10)
    assert found.converged is converged
    assert (said in found.sentence()) if said else found.sentence() == ""


@pytest.mark.parametrize(
    ("latent_kl", "said"),
    [
        ([3.0, 2.0], ""),
        ([3.0, 0.001], "1 of 2 latents has collapsed (KL below 0.01 nats)"),
        ([3.0, 0.001, 0.0], "2 of 3 latents have collapsed"),
        ([0.001, 0.002], "All 2 latents have collapsed"),
        ([0.001], "The one latent has collapsed"),
        ([0.0, 0.0], ""),  # points, which have no prior
    ],
)
def test_collapsed_latents_are_counted(latent_kl, said):
    found = collapsed_said(np.asarray(latent_kl))
    assert found.startswith(said) if said else found == ""


@pytest.mark.parametrize(
    "stored",
    [
        3,
        {},
        {"converged": "no", "fall": 0.1, "share": 0.1, "epochs": 3, "reason": ""},
        {"converged": False, "fall": "x", "share": 0.1, "epochs": 3, "reason": ""},
        {"converged": False, "fall": 0.1, "share": 0.1, "epochs": 3.5, "reason": ""},
        {"converged": None, "fall": None, "share": None, "epochs": None, "reason": 1},
    ],
)
def test_a_record_of_another_type_is_refused(stored):
    with pytest.raises(RunError, match="convergence"):
        from_json(Convergence, stored, "convergence")


SMALL = {"network": Patch(width=4, hidden=8), "data": "squares(n=256)", "latent_dim": 4}


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """40 steps: grey blobs, and a loss that falls by per cents an epoch."""
    config = configured(**SMALL, epochs=10)
    run = train_run(config, tmp_path_factory.mktemp("short") / "run")
    evaluate_run(run)
    return run


def test_a_short_training_says_so_in_its_record_and_on_the_first_screen(short):
    stored = read_json(short.path / RECORD)["convergence"]
    found = Run(short.path).convergence()
    assert encoded(found) == stored and found.converged is False
    assert found.epochs > short.config.epochs
    collapsed = int((short.representation().latent_kl < 0.01).sum())
    page = report_run(short).read_text("utf-8")
    header = page[page.index("<header>") : page.index("</header>")]
    assert found.sentence() in header
    assert ("collapsed" in header) is (collapsed > 0)


def test_a_record_of_an_earlier_version_is_judged_from_its_log(short, tmp_path):
    older = Run(short.path)
    older.record = dataclasses.replace(older.record, convergence=None)
    assert older.convergence() == short.convergence()


def test_a_damaged_record_names_the_file(short, tmp_path):
    record = read_json(short.path / RECORD)
    write_json(tmp_path / RECORD, record | {"convergence": {"converged": 2}})
    with pytest.raises(RunError, match=r"run\.json: convergence\.converged is 2"):
        Run(tmp_path)


@pytest.mark.parametrize(
    ("converged", "said"),
    [
        ([True, True], ""),
        ([None, None], ""),
        ([True, False, None], "In 1 of 2 runs the loss still fell"),
        ([False], "In 1 of 1 run the loss still fell"),
    ],
)
def test_a_study_says_how_many_of_its_runs_were_too_short(converged, said):
    found = not_converged([{"row": "vae", "converged": one} for one in converged])
    assert found.startswith(said) if said else found == ""
    assert not_converged([{"row": "vae"}]) == ""  # a table of an earlier version


def test_the_table_of_a_study_holds_it(short):
    assert row_of_run("vae", short, short.path)["converged"] is False


def estimator(epochs):
    return Disentangler(
        "vae", latent_dim=2, epochs=epochs, batch_size=32, network=Patch(width=4, hidden=8),
        device="cpu",
    )  # fmt: skip


def test_the_estimator_warns_and_tells_the_number():
    images = np.random.default_rng(0).random((128, 8, 8)).astype(np.float32) * 0.2
    with pytest.warns(NotConvergedWarning, match=r"still falls by .* train longer: epochs=\d+"):
        learner = estimator(6).fit(images)
    assert learner.converged_ is False and learner.convergence_.epochs > 6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learner = estimator(3).fit(images)  # who asks for so few knows
    assert learner.converged_ is None and "12 steps are too few" in learner.convergence_.sentence()


def test_train_says_it(short, capsys, monkeypatch):
    from micvae.cli import commands

    options = ["--data", "squares(n=256)", "--latent-dim", "4", "--epochs", "10"]
    network = ["--network", "patch(width=4, hidden=8)", "--device", "cpu"]
    commands.train(["vae", *options, *network, "--out", str(short.path)])
    said = capsys.readouterr().out
    assert short.convergence().sentence() in said
    assert "last epoch, nats per sample: loss" in said


def test_train_says_which_terms_are_not_in_nats(tmp_path, capsys):
    from micvae.cli import commands

    options = ["--data", "squares(n=128)", "--epochs", "1", "--device", "cpu"]
    network = ["--network", "patch(width=4, hidden=8)"]
    commands.train(["hfs", *options, *network, "--out", str(tmp_path / "run")])
    said = capsys.readouterr().out
    assert "other terms: support distance (squared distance)" in said
    assert "support_distance" not in said
    assert "2 steps are too few" in said
