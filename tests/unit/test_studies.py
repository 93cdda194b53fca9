"""Many runs: intervals, a pool that survives its workers' death, a table, the comparison."""

import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from builders import few_scores, in_process
from micvae.errors import MicvaeError, RunError
from micvae.metrics import METRICS
from micvae.networks import Patch
from micvae.objectives import MIConstrained, VAEObjective
from micvae.objectives.schedules import Constant, Ramp
from micvae.scoring import evaluate_run
from micvae.studies import pool, study
from micvae.studies.paper import LITERAL, PUBLISHED, RECOMMENDED, VANILLA, Reproduction, table1
from micvae.studies.record import StudyRecord
from micvae.studies.statistics import bootstrap_interval
from micvae.studies.study import Cell, grid, keep_best, run_study, short_names, with_seed
from micvae.studies.table import Row, StudyTable
from micvae.training.config import RunConfig
from micvae.training.run import Run
from micvae.training.train import train_run

TINY = RunConfig(
    objective=VAEObjective(),
    data="squares(n=256)",
    network=Patch(width=4, hidden=8),
    epochs=1,
    device="cpu",
)


class TestIntervals:
    def test_coverage(self):
        """A 95% interval of 20 normal values covers the mean in about 95% of 400 repetitions."""
        generator = np.random.default_rng(0)
        covered = 0
        for values in generator.normal(3, 2, (400, 20)):
            _, low, high = bootstrap_interval(values, resamples=1000)
            covered += low <= 3 <= high
        # The percentile bootstrap of 20 values covers about 93%; standard error 1.3%.
        assert 0.89 < covered / 400 < 0.98

    def test_agreement_with_an_independent_bootstrap(self):
        from scipy.stats import bootstrap

        values = np.random.default_rng(1).exponential(size=12)
        ours = bootstrap_interval(values)
        theirs = bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(5))
        assert ours.mean == pytest.approx(values.mean())
        np.testing.assert_allclose(ours[1:], theirs.confidence_interval, atol=0.02)

    def test_degenerate_values(self):
        assert bootstrap_interval([0.5]) == (0.5, None, None)
        assert bootstrap_interval([2, 2, 2]) == (2, 2, 2)
        for wrong in ([], [1, np.nan], [[1, 2]]):
            with pytest.raises(MicvaeError, match="one finite number per seed"):
                bootstrap_interval(wrong)


class TestGrid:
    def test_every_row_under_every_seed_in_a_folder_of_its_own(self):
        rows = {"a": TINY, "b": dataclasses.replace(TINY, epochs=2)}
        cells = grid(rows, range(3))
        assert [(c.row, c.config.seed) for c in cells[:3]] == [("a", 0), ("b", 0), ("a", 1)]
        assert len({c.path for c in cells}) == 6

    def test_the_folder_follows_the_whole_configuration(self):
        changed = dataclasses.replace(TINY, objective=VAEObjective(beta=Constant(2.0)))
        assert Cell("a", TINY).path == Cell("a", TINY).path != Cell("a", changed).path

    def test_runs_of_a_study_are_called_by_row_and_seed(self):
        again = dataclasses.replace(TINY, seed=3, restart=1)
        made = [Path("out") / Cell("β = 2", TINY).path, Path("out") / Cell("β = 2", again).path]
        assert short_names([*made, "mine/first"]) == [
            f"β-=-2, seed {TINY.seed}",
            "β-=-2, seed 3, restart 1",
            "first",
        ]
        # two studies of one row: only the folders tell them apart
        other = Path("other") / Cell("β = 2", dataclasses.replace(TINY, epochs=9)).path
        assert short_names([made[0], other]) == [made[0].name, other.name]

    def test_data_may_follow_the_seed(self):
        config = dataclasses.replace(TINY, data="squares(n=9, seed={seed})")
        assert with_seed(config, 4).data == "squares(n=9, seed=4)"


def cells(n=3):
    return grid({"vae": TINY, "mi": dataclasses.replace(TINY, objective=MIConstrained())}, range(n))


@pytest.fixture
def here(monkeypatch):
    """The runs of a study are trained in this process, and scored by few metrics."""
    monkeypatch.setattr(study, "run_jobs", in_process)
    few_scores(monkeypatch.setattr)


class TestStudy:
    @pytest.mark.usefixtures("here")
    def test_one_row_per_run_and_nothing_twice(self, tmp_path):
        rows = run_study(cells(2), tmp_path, StudyRecord(title="a study"), workers=2)
        table = pq.read_table(tmp_path / "table.parquet").to_pylist()
        assert table == list(rows) and [(r["row"], r["seed"]) for r in table] == [
            ("vae", 0),
            ("mi", 0),
            ("vae", 1),
            ("mi", 1),
        ]
        for row in table:
            run = Run(tmp_path / row["path"])
            assert run.scores().metrics["mig"] == row["mig"]
            assert run.config.seed == row["seed"]
        before = {p: p.stat().st_mtime_ns for p in tmp_path.glob("runs/**/*.safetensors")}
        events = []
        again = run_study(cells(2), tmp_path, StudyRecord(title="a study"), 2, events.append)
        assert again == rows and {e.kind for e in events} == {"done"}
        assert {p: p.stat().st_mtime_ns for p in tmp_path.glob("runs/**/*.safetensors")} == before

    def test_parallel_runs_have_the_bits_of_a_lone_one(self, tmp_path):
        rows = run_study(cells(1), tmp_path / "study", StudyRecord(), workers=2)
        cell = cells(1)[1]
        assert list(rows) == pq.read_table(tmp_path / "study" / "table.parquet").to_pylist()
        alone = train_run(cell.config, tmp_path / "alone")
        together = Run(tmp_path / "study" / cell.path)
        for a, b in zip(alone.log().values(), together.log().values(), strict=True):
            np.testing.assert_array_equal(a, b)

    @pytest.mark.usefixtures("here")
    def test_a_failing_run_does_not_stop_the_others(self, tmp_path):
        diverging = dataclasses.replace(TINY, objective=VAEObjective(beta=Ramp(0, 1e38, steps=1)))
        rows = run_study(
            [Cell("bad", diverging), Cell("good", TINY)], tmp_path, StudyRecord(), workers=1
        )
        assert [row["row"] for row in rows] == ["good"]
        from micvae.files import read_json

        (why,) = read_json(tmp_path / "study.json")["failed"].values()
        assert "diverged at step" in why

    @pytest.mark.usefixtures("here")
    def test_a_study_of_failures_says_why(self, tmp_path):
        missing = dataclasses.replace(TINY, data="nowhere.npz")
        with pytest.raises(RunError, match=r"every run.*no data set or file 'nowhere\.npz'"):
            run_study([Cell("bad", missing)], tmp_path, StudyRecord(), workers=1)

    @pytest.mark.usefixtures("here")
    def test_a_study_is_extended_but_never_replaced(self, tmp_path):
        """More seeds, rows and restarts keep every run that is there; other settings would not."""
        run_study(cells(1), tmp_path, StudyRecord(), workers=2)
        before = (tmp_path / "table.parquet").read_bytes()
        longer = dataclasses.replace(TINY, epochs=2)
        other = dataclasses.replace(TINY, data="squares(n=512)")
        for wrong, message in [
            (cells(1)[:1], r"mi there, not here\)"),
            (grid({"vae": longer, "mi": longer}, [0]), r"epochs: 1 there, 2 here"),
            (grid({"vae": other, "mi": other}, [0]), r"data: squares\(n=256\) there, .*512\) here"),
            (grid({"vae": TINY, "mi": cells(1)[1].config}, [1]), r"seed 0 there, not here"),
        ]:
            with pytest.raises(RunError, match=f"{message}.*choose another --out"):
                run_study(wrong, tmp_path, StudyRecord(), workers=1)
            assert (tmp_path / "table.parquet").read_bytes() == before
        rows = run_study(cells(2), tmp_path, StudyRecord(), workers=2)
        assert len(rows) == 4

    @pytest.mark.usefixtures("here")
    def test_a_quick_look_may_be_replaced(self, tmp_path):
        run_study([Cell("vae", TINY)], tmp_path, StudyRecord(quick=True), workers=1)
        longer = Cell("vae", dataclasses.replace(TINY, epochs=2))
        (row,) = run_study([longer], tmp_path, StudyRecord(quick=False), workers=1)
        assert row["epochs"] == 2


def test_more_seeds_of_the_paper_keep_every_run():
    few = {cell.path for cell in Reproduction(seeds=2).cells()}
    assert few < {cell.path for cell in Reproduction(seeds=10).cells()}


def test_a_killed_worker_is_replaced_and_its_run_goes_on(tmp_path, monkeypatch):
    """The run of a worker that the system kills (out of memory, say) is taken up again."""
    started = []
    start = pool._start

    def remember(context, score):
        worker = start(context, score)
        started.append(worker.process.pid)
        return worker

    monkeypatch.setattr(pool, "_start", remember)
    config = dataclasses.replace(TINY, data="squares(n=4096)", epochs=4)
    killed = []

    def kill_once(event):
        if event.kind == "progress" and event.value > 0.5 and not killed:
            killed.append(started[0])
            os.kill(started[0], signal.SIGKILL)

    failures = pool.run_jobs([pool.Job(config, str(tmp_path / "run"))], 1, kill_once)
    assert failures == {} and killed and len(started) == 2
    assert_same_log(tmp_path, config)


def test_ctrl_c_leaves_what_can_be_resumed(tmp_path):
    config = dataclasses.replace(TINY, data="squares(n=4096)", epochs=4)

    def interrupt(event):
        if event.kind == "progress" and event.value > 0.5:
            raise KeyboardInterrupt

    jobs = [pool.Job(config, str(tmp_path / "run"))]
    with pytest.raises(KeyboardInterrupt):
        pool.run_jobs(jobs, 1, interrupt)
    assert not Run(tmp_path / "run").done
    assert pool.run_jobs(jobs, 1) == {}
    assert_same_log(tmp_path, config)


def assert_same_log(tmp_path, config):
    whole, resumed = train_run(config, tmp_path / "whole").log(), Run(tmp_path / "run").log()
    for key in whole:
        np.testing.assert_array_equal(whole[key], resumed[key])


class TestEvaluation:
    def test_it_is_stored_and_says_what_it_scored(self, tmp_path):
        run = train_run(TINY, tmp_path / "run")
        result = evaluate_run(run)
        assert run.scores() == result
        assert set(result.metrics) >= {"mig", "dci_disentanglement", "dci_completeness"}
        assert result.factor_names == ("size", "intensity", "rotation")
        latent = np.asarray(result.latent_mi)
        assert latent.shape == (3, 3) and np.allclose(latent, latent.T)
        assert result.r_mi == pytest.approx(latent.sum())

    def test_data_without_factors_has_no_scores_against_them(self, tmp_path):
        np.savez(tmp_path / "own.npz", images=np.random.default_rng(0).random((128, 3, 16, 16)))
        config = dataclasses.replace(TINY, data=str(tmp_path / "own.npz"))
        result = evaluate_run(train_run(config, tmp_path / "run"))
        assert all(METRICS[name].needs == "codes" for name in result.metrics)
        assert "active_units" in result.metrics and result.factor_mi is None
        assert np.isfinite(result.r_mi)

    def test_a_constant_factor_is_left_out(self, tmp_path):
        images = np.random.default_rng(0).random((128, 16, 16))
        factors = np.column_stack([np.arange(128) % 4, np.zeros(128)])
        names = ["pose", "lamp"]
        np.savez(tmp_path / "own.npz", images=images, factors=factors, factor_names=names)
        config = dataclasses.replace(TINY, data=str(tmp_path / "own.npz"))
        result = evaluate_run(train_run(config, tmp_path / "run"))
        assert result.factor_names == ("pose",) and "mig" in result.metrics


class TestPaper:
    def test_rows_differ_in_the_objective_alone(self):
        rows = Reproduction(seeds=2).rows()
        assert list(rows) == [VANILLA, LITERAL, RECOMMENDED]
        assert (
            len({str(dataclasses.replace(c, objective=VAEObjective())) for c in rows.values()}) == 1
        )
        literal, vanilla = rows[LITERAL], rows[VANILLA]
        # Section 5.3 to the letter.
        assert (literal.epochs, literal.batch_size, literal.learning_rate(0)) == (20, 64, 1e-3)
        assert literal.latent_dim == 3
        assert (literal.objective.beta(0), literal.objective.mi_weight(0)) == (1, 10)
        assert vanilla.objective.beta(0) == 1

    def test_reported_seeds_start_at_zero(self):
        job = Reproduction(seeds=10)
        for label in job.rows():
            mine = [c.config for c in job.cells() if c.row == label]
            assert [c.seed for c in mine if c.restart == 0] == list(range(10))

    def test_only_the_recommended_row_has_restarts_on_the_same_data(self):
        cells = Reproduction(seeds=2).cells()
        again = [c for c in cells if c.config.restart]
        assert {c.row for c in again} == {RECOMMENDED} and len(again) == 2
        assert [c.config.data for c in again] == ["squares(seed=0)", "squares(seed=1)"]
        assert len({c.path for c in cells}) == len(cells)

    def test_the_restart_of_the_lowest_loss_is_kept_and_its_cost_counted(self):
        rows = [
            Row(r, s, "", "", 2.0, columns={"restart": i, "loss": loss})
            for r, s, i, loss in (
                ("a", 0, 0, 5.0),
                ("a", 0, 1, 4.0),
                ("a", 1, 0, 1.0),
                ("b", 0, 0, 9),
            )
        ]
        marked = keep_best(rows)
        assert [row["kept"] for row in marked] == [False, True, True, True]
        assert [row["restarts"] for row in marked] == [2, 2, 1, 1]
        assert [row["seconds_of_all"] for row in marked] == [4, 4, 2, 2]

    @pytest.mark.parametrize("option", [{"seeds": 1}, {"workers": 0}])
    def test_impossible_options_are_refused(self, option):
        with pytest.raises(MicvaeError, match=next(iter(option))):
            Reproduction(out=Path("x"), **option)

    def test_table(self):
        """Means, intervals and paired differences of made-up scores, by hand."""
        from micvae.studies.paper import SUMMARISED

        def row(label, seed, mig):
            plain = dict.fromkeys(SUMMARISED, 1.0) | {"restart": 0, "mig": mig}
            return Row.of(plain | {"row": label, "seed": seed, "path": "", "data": ""})

        made = [row(VANILLA, s, m) for s, m in enumerate((0.1, 0.2, 0.3))]
        made += [row(RECOMMENDED, s, m) for s, m in enumerate((0.5, 0.7))]
        vanilla, recommended = table1(StudyTable(tuple(made)))
        assert (vanilla.method, recommended.method) == (VANILLA, RECOMMENDED)
        assert vanilla.paper_mig == PUBLISHED[VANILLA][0] and recommended.paper_mig is None
        assert vanilla.mean("mig") == pytest.approx(0.2) and vanilla.seeds == 3
        # Two values: the resampled mean is the lower, the middle or the higher one.
        assert recommended.interval("mig")[1:] == (0.5, 0.7)
        assert recommended.mean("difference_mig") == pytest.approx((0.4 + 0.5) / 2)
        assert vanilla.interval("difference_mig") is None
        assert vanilla.to_json()["difference_mig_mean"] is None

    def test_table_with_restarts(self):
        """The kept restarts make the row and count all time; the first ones make a row below it."""
        from micvae.studies.paper import SINGLE, SUMMARISED

        made = [
            Row.of(
                dict.fromkeys(SUMMARISED, 1.0)
                | {"row": RECOMMENDED, "seed": seed, "path": "", "data": ""}
                | {"restart": restart, "mig": mig, "loss": -mig}
            )
            for seed, restart, mig in ((0, 0, 0.2), (0, 1, 0.6), (1, 0, 0.8), (1, 1, 0.4))
        ]
        best, first = table1(keep_best(made))
        assert (best.method, first.method) == (RECOMMENDED, SINGLE)
        assert best.mean("mig") == pytest.approx(0.7) and first.mean("mig") == pytest.approx(0.5)
        assert (best.seeds, best.mean("seconds"), first.mean("seconds")) == (2, 2, 1)
