"""Choosing without ground truth: what is ranked, what is said, and that no factor is looked at."""

import dataclasses
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_reports import assert_alone_and_whole, page_of, pictures_named, text_of

from builders import in_process
from micvae.cli.select import _print
from micvae.data import load, squares
from micvae.errors import DataError, MicvaeError, RunError
from micvae.models import encode
from micvae.networks import Patch
from micvae.objectives import METHODS, VAEObjective, find
from micvae.objectives.schedules import Constant, Schedule
from micvae.records import Missing, encoded, from_json, read
from micvae.reports import report_folder
from micvae.representation import Encoded
from micvae.studies import study
from micvae.studies.candidates import Candidate, held_out
from micvae.studies.choice import answer, choose, trade_offs, with_verdicts
from micvae.studies.command_lines import command_line, train_command
from micvae.studies.record import Choice, Recommended, SelectionRecord
from micvae.studies.selection import SELECTION, Selection, candidates, select
from micvae.studies.timing import expected_seconds, said
from micvae.studies.truth import check, check_said
from micvae.training.config import RunConfig
from micvae.training.run import Run

TINY = {
    "seeds": 2,
    "epochs": 4,
    "batch_size": 16,
    "learning_rate": Constant(0.01),  # so that latents come into use within 64 steps
    "latent_dim": 3,
    "network": Patch(width=4, hidden=8),
    "workers": 1,
    "share": 0.2,
    "device": "cpu",
}
DATA = "squares(n=320, seed=1)"
PAIR = ("vae", "beta-vae")


@pytest.fixture(scope="module")
def selected(tmp_path_factory):
    out = tmp_path_factory.mktemp("selected") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "run_jobs", in_process)
        return out, select(DATA, PAIR, out=out, check=True, **TINY)


def candidate(label, udr, elbo=(-9.0, -9.5, -10.0), active=(3, 3, 3), seeds=(0, 1, 2)):
    """A candidate whose agreement of runs i and j is the mean of what both bring."""
    effects = np.asarray(udr, dtype=float)
    pairs = (effects[:, None] + effects[None]) / 2
    scores = np.asarray([np.median(np.delete(row, i)) for i, row in enumerate(pairs)])
    paths = tuple(f"runs/{label}/{seed}" for seed in seeds)
    elbo = np.asarray(elbo, dtype=float)
    counts = np.asarray(active, dtype=float)
    return Candidate(label, seeds, paths, scores, pairs, pairs, 0.4, 0.9, elbo, 1 - elbo, counts)


class TestCandidates:
    def test_every_strength_goes_to_every_method_that_has_one(self):
        found = candidates(("vae", "beta-vae", "mi-constrained"), (1, 8))
        assert list(found) == [
            "vae",
            "beta-vae(beta=1)",
            "beta-vae(beta=8)",
            "mi-constrained(mi_weight=1)",
            "mi-constrained(mi_weight=8)",
        ]

    def test_a_label_says_the_strength_and_is_read_as_the_method_again(self):
        for label, objective in candidates(tuple(METHODS)).items():
            assert find(label) == objective
        assert list(candidates(("beta-vae", "beta-tcvae"))) == [
            "beta-vae(beta=4)",
            "beta-tcvae(beta=6)",
        ]

    def test_the_strength_of_a_method_is_one_of_its_weights(self):
        for name, kind in METHODS.items():
            if kind.strength:
                weight = getattr(kind(), kind.strength)
                assert isinstance(weight, Schedule), name
                changed = dataclasses.replace(kind(), **{kind.strength: Constant(weight(0) + 1)})
                assert changed != kind(), name

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"seeds": 1}, "seeds is 1; at least 2"),
            ({"workers": 0}, "workers is 0"),
            ({"methods": ()}, "methods is empty"),
            ({"restart": 1}, "restart belongs to train"),
            ({"data": "squares(seed={seed})"}, "data has {seed}"),
        ],
    )
    def test_wrong_settings_name_the_remedy(self, settings, message):
        with pytest.raises(MicvaeError, match=message):
            Selection(**settings)

    def test_strengths_of_methods_without_any_are_refused(self):
        with pytest.raises(MicvaeError, match="none of vae has a strength"):
            candidates(("vae",), (2.0,))


class TestChoice:
    def test_the_best_agreement_comes_first_and_names_its_best_run(self):
        found = choose([candidate("low", [0.1, 0.2, 0.3]), candidate("high", [0.7, 0.9, 0.8])], 3)
        assert [c.row for c in found.candidates] == ["high", "low"]
        assert found.recommended == Recommended(row="high", seed=1, path="runs/high/1")
        assert found.candidates[1].difference.udr.mean == pytest.approx(-0.6)

    def test_enough_seeds_tell_candidates_apart(self):
        six = {"elbo": np.arange(6.0), "active": (3,) * 6, "seeds": tuple(range(6))}
        low = np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.3])
        found = choose([candidate("low", low, **six), candidate("high", low + 0.6, **six)], 3)
        assert found.candidates[1].difference.udr.apart
        assert "every other candidate agrees less, beyond chance" in answer(found)

    def test_what_few_seeds_cannot_tell_is_not_called_told_apart(self):
        """Of three seeds, all differences of equal candidates have one sign in 25% of cases."""
        found = choose([candidate("low", [0.1, 0.2, 0.3]), candidate("high", [0.7, 0.9, 0.8])], 3)
        difference = found.candidates[1].difference.udr
        assert difference.high < 0 and difference.seeds == 3 and not difference.apart
        assert "With these seeds it is not distinguishable from low" in answer(found)
        assert "needs at least 6 seeds (--seeds)" in answer(found)
        stored = encoded(found)
        stored["candidates"][1]["difference"]["udr"] |= {"apart": True}  # by an earlier version
        del stored["candidates"][1]["difference"]["udr"]["seeds"]
        older = from_json(Choice, stored, "selection.json")
        assert older.candidates[1].apart("udr") and with_verdicts(older) == found

    def test_overlapping_seeds_are_not_told_apart(self):
        near = [candidate("a", [0.2, 0.9, 0.5]), candidate("b", [0.9, 0.2, 0.45])]
        found = choose(near, 3)
        assert not found.candidates[1].difference.udr.apart
        assert "is not distinguishable from b" in answer(found)

    def test_two_seeds_tell_nothing_apart_in_agreement(self):
        pair = {"elbo": (-1, -2), "active": (3, 3), "seeds": (0, 1)}
        two = [candidate("a", [0.9, 0.9], **pair), candidate("b", [0.1, 0.1], **pair)]
        assert not choose(two, 3).candidates[1].difference.udr.apart

    def test_equal_candidates_are_ranked_by_their_bound(self):
        same = [0.5, 0.5, 0.5]
        tied = [candidate("worse", same, (-20, -21, -22)), candidate("better", same)]
        assert choose(tied, 3).recommended.row == "better"

    def test_seeds_that_use_one_latent_agree_by_having_nothing_to_disagree_about(self):
        dead = candidate("dead", [1.0, 1.0, 1.0], active=(1, 1, 1))
        found = choose([dead, candidate("alive", [0.2, 0.3, 0.4])], 3)
        assert found.recommended.row == "alive"
        assert any("Ranked last: dead" in said for said in trade_offs(found))
        assert "Nothing to recommend" in answer(choose([dead], 3))
        assert choose([dead], 1).candidates[0].trivial is False  # one latent was asked for

    def test_where_nothing_can_be_recommended_nothing_is(self):
        """One run of each uses latents, so no pair of runs can agree: there is no UDR to show."""
        lone = {"active": (3, 0, 0), "elbo": (-1, -2, -3)}
        two = [
            dataclasses.replace(candidate(name, [0.5] * 3, **lone), rotated=None, affine=None)
            for name in ("a", "b")
        ]
        found = choose(two, 3)
        assert found.recommended is None
        for entry in found.candidates:
            assert entry.trivial and entry.scores is None
            assert entry.udr.mean is entry.agreement.mean is None
        assert found.candidates[1].difference.udr is None
        text = " ".join([answer(found), *trade_offs(found)])
        assert "Nothing to recommend" in text and "Ranked last" not in text
        assert "Runs of a have 1.0 active latents" in text
        assert "the agreement of seeds is not known" in text

    def test_candidates_that_cannot_be_compared_come_last_however_many_latents(self):
        """(0, 0, 9) has a mean of 3 latents, and still no two runs that could agree."""
        lone = dataclasses.replace(
            candidate("lone", [0.9] * 3, active=(0, 0, 9)), rotated=None, affine=None
        )
        found = choose([lone, candidate("alive", [0.2, 0.3, 0.4])], 3)
        assert found.recommended.row == "alive"
        assert found.candidates[1].udr.mean is None

    def test_a_better_reconstruction_of_another_is_said(self):
        six = {"active": (3,) * 6, "seeds": tuple(range(6))}
        bounds = np.array([-9.0, -9.5, -10.0] * 2)
        high = candidate("high", [0.7, 0.9, 0.8] * 2, [-30, -31, -32] * 2, **six)
        found = choose([high, candidate("sharp", [0.1, 0.2, 0.3] * 2, bounds, **six)], 3)
        assert any(
            "sharp reconstructs unseen samples better, by 21.5 nats" in said
            for said in trade_offs(found)
        )

    def test_all_comparisons_hold_together(self):
        """Bonferroni: with five candidates each of four intervals is at 98.75%."""
        many = [candidate(str(i), np.array([0.3, 0.4, 0.5]) + i / 50) for i in range(5)]
        assert choose(many, 3).level == pytest.approx(0.9875)

    def test_candidates_are_paired_under_the_seeds_that_both_have(self):
        """Seed 2 of one and 3 of the other, both far off, have no partner and do not count."""
        a = candidate("a", [0.9, 0.8, 0.1], seeds=(0, 1, 2), elbo=(-1, -2, -900))
        b = candidate("b", [0.6, 0.5, 0.0], seeds=(0, 1, 3), elbo=(-3, -4, -500))
        other = choose([a, b], 3).candidates[1].difference
        assert other.udr.mean == pytest.approx(-0.3)
        assert other.elbo.mean == pytest.approx(-2)


@pytest.mark.usefixtures("studies_in_process")
class TestRuns:
    def test_runs_have_not_seen_factors_nor_what_was_kept_aside(self, selected):
        out, result = selected
        job = Selection(data=DATA, methods=PAIR, out=out, **TINY)
        for entry in result.candidates:
            for path in entry.paths:
                run = Run(out / path)
                assert run.data.factor_names == ()
                assert run.data.n == 256 and result.aside == 64
                seen = {image.tobytes() for image in run.dataset().images}
                aside = {image.tobytes() for image in job.kept_aside().images}
                assert not seen & aside
                assert "mig" not in run.scores().metrics

    def test_the_held_out_bound_is_that_of_its_parts(self, selected):
        """Reconstruction + KL is minus the ELBO; the KL is that of the encoder, without noise."""
        out, result = selected
        entry = result.candidates[0]
        run = Run(out / entry.paths[0])
        aside = Selection(data=DATA, methods=PAIR, out=out, **TINY).kept_aside()
        reconstruction, kl = held_out(run, aside)
        assert kl == pytest.approx(encode(run.model(), aside.images).latent_kl.sum(), rel=1e-5)
        table = pq.read_table(out / "table.parquet").to_pylist()
        row = next(row for row in table if row["path"] == entry.paths[0])
        assert row["elbo"] == pytest.approx(-reconstruction - kl)
        assert row["held_out_reconstruction"] == pytest.approx(reconstruction)

    def test_given_again_nothing_is_trained_and_all_is_the_same(self, selected):
        out, result = selected
        before = {p: p.stat().st_mtime_ns for p in out.rglob("weights.safetensors")}
        again = select(DATA, PAIR, out=out, check=True, **TINY)
        assert again == result == read(SelectionRecord, out / SELECTION)
        assert {p: p.stat().st_mtime_ns for p in out.rglob("weights.safetensors")} == before
        assert len(before) == 4
        cells = Selection(data=DATA, methods=PAIR, out=out, **TINY).cells()
        assert expected_seconds(cells, out, load(DATA), 1) == 0

    def test_the_page_answers_on_its_first_screen(self, selected):
        out, result = selected
        page = page_of(report_folder(out))
        assert_alone_and_whole(out, page)
        chosen = result.recommended.row
        header = " ".join("".join(page.find(".//header").itertext()).split())
        assert f"Use {chosen}" in header and "agreement proves neither" in header
        assert result.train in header
        assert pictures_named(page)[:2] == ["trade-off", "traversals"]
        assert "Checked against" in text_of(page, "findings")
        assert "of 64 samples that no run was trained on" in text_of(page, "scores")

    def test_a_page_without_recommendation_recommends_nothing(self, tmp_path, capsys):
        """Untrained latents are inactive: neither page, terminal nor file go on with a run."""
        little = TINY | {"epochs": 1, "learning_rate": Constant(1e-9)}
        result = select(DATA, ("vae",), out=tmp_path, check=True, **little)
        assert result.recommended is result.train is None
        assert result.candidates[0].udr.mean is None and isinstance(result.check, Missing)
        page = page_of(report_folder(tmp_path))
        text = text_of(page)
        assert "Nothing to recommend" in text and "To train it" not in text
        assert "recommended" not in text and "proves neither" not in text
        assert "This is one of the runs" in text
        _print(result)
        said = capsys.readouterr().out
        assert "not" in said and "micvae train" not in said and "its run" not in said

    def test_two_seeds_are_one_pair(self, selected):
        page = page_of(report_folder(selected[0]))
        assert "one seed, no interval" not in text_of(page)

    def test_the_line_to_go_on_with_trains_the_recommended_configuration(self, selected):
        _, result = selected
        words = shlex.split(result.train)
        assert words[:2] == ["micvae", "train"]
        assert find(words[2]) == candidates(PAIR)[result.recommended.row]
        given = dict(zip(words[3::2], words[4::2], strict=True))
        assert given["--data"] == DATA
        assert [given[f"--{name}"] for name in ("latent-dim", "epochs", "batch-size")] == [
            "3",
            "4",
            "16",
        ]
        assert given["--seed"] == str(result.recommended.seed)

    def test_other_data_in_the_same_folder_is_refused(self, tmp_path):
        images = np.random.default_rng(0).random((100, 4)).astype(np.float32)
        given = {k: v for k, v in TINY.items() if k != "network"}
        found = select(images, ("vae",), out=tmp_path, **given)
        assert found.candidates[0].seeds == (0, 1)
        with pytest.raises(RunError, match="other data than"):
            select(images + 1, ("vae",), out=tmp_path, **given)

    def test_what_cannot_be_trained_is_said_before_anything_is(self, tmp_path):
        job = Selection(data=DATA, methods=("ada-gvae",), out=tmp_path, **TINY)
        with pytest.raises(DataError, match="has no known factors"):
            expected_seconds(job.cells(), tmp_path, job.training_data().load(), 1)
        np.savez(tmp_path / "bare.npz", images=np.zeros((90, 8, 8)))
        with pytest.raises(MicvaeError, match="no factors to check against"):
            select(tmp_path / "bare.npz", check=True, out=tmp_path / "out", **TINY)
        assert not (tmp_path / "out").exists()


def test_the_check_finds_a_ranking_that_is_right_and_one_that_is_wrong(monkeypatch):
    """Codes that are the factors, more or less turned: UDR that follows MIG correlates by 1."""
    data = squares(n=600)
    z = (data.factors - data.factors.mean(0)) / data.factors.std(0)
    codes = {}
    for place, angle in enumerate((0.05, 0.25, 0.45, 0.65)):
        turn = np.eye(3)
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        codes[str(place)] = (z @ turn).astype(np.float32)

    def run(path):
        code = codes[path.name]
        encoded = Encoded(code, code * 0, code, np.ones(3), ("gaussian",) * 3)
        return SimpleNamespace(representation=lambda: SimpleNamespace(encoded=encoded))

    monkeypatch.setattr("micvae.studies.truth.Run", run)
    ranked = [
        dataclasses.replace(
            candidate("a", [0, 0]), seeds=(0, 1), paths=(f"{i}", f"{i + 1}"), scores=scores
        )
        for i, scores in ((0, np.array([0.9, 0.7])), (2, np.array([0.5, 0.3])))
    ]
    right = check(data, ranked, Path())
    assert right.mig.mean == pytest.approx(1) and right.runs == 4
    wrong = [dataclasses.replace(c, scores=1 - c.scores) for c in ranked]
    assert check(data, wrong, Path()).mig.mean == pytest.approx(-1)
    assert "Spearman's correlation of UDR with MIG is 1.00" in check_said(right)[0]


def test_times_are_said_in_their_unit():
    assert [said(s) for s in (0.2, 40, 89, 420, 9000)] == [
        "a second",
        "40 seconds",
        "89 seconds",
        "7 minutes",
        "2.5 hours",
    ]


def test_a_command_line_gives_the_configuration_back():
    job = Selection(data="my data.npz", strengths=(1.0, 4.0), check=True, network=Patch(width=4))
    words = shlex.split(command_line(["micvae", "select", job.data], job, leave_out=("data",)))
    assert words[:3] == ["micvae", "select", "my data.npz"]
    given = " ".join(words[3:])
    assert (
        "--strengths 1.0 4.0" in given
        and "--check" in words
        and "--network patch(width=4)" in given
    )
    assert "--epochs" not in words
    config = RunConfig(objective=VAEObjective(), learning_rate=Constant(0.01))
    short, full = (shlex.split(train_command(config, Path("o"), full=f)) for f in (False, True))
    assert short[3::2] == [
        "--data",
        "--latent-dim",
        "--epochs",
        "--learning-rate",
        "--seed",
        "--out",
    ]
    assert set(short) < set(full) and full[full.index("--batch-size") + 1] == "64"
