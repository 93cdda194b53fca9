"""The ledger of claims: the law of the verdict, records, measurements, every claim's small case."""

import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from micvae import records
from micvae.claims import CLAIMS, Claim, Finished, Published, Source, find_claim
from micvae.claims.measures import (
    AtEqualReconstruction,
    Best,
    Recovered,
    each,
    interpolated,
    matched_accuracy,
    shared_level,
)
from micvae.claims.record import ClaimRecord, MeasuredRow
from micvae.claims.reproduce import (
    CLAIM,
    FIGURE,
    plan_claim,
    reproduce_claim,
    reproduce_quickly,
    small,
    stored_plan,
    stored_record,
)
from micvae.claims.settings import setting
from micvae.claims.table import cost_of
from micvae.claims.verdict import Comparison, Level, compare, judge, reached
from micvae.cli import main
from micvae.cli.claims import asked_for
from micvae.errors import MicvaeError, RunError
from micvae.training.config import RunConfig
from micvae.training.run import Run

ROOT = Path(__file__).parents[2]
HIGHER = (Comparison(higher="a", lower="b"),)
SOURCE = Source(title="T", authors="A", year=2000, where="Table 1")


def values(gain, spread=0.02, base=0.5):
    """Two rows of six seeds whose paired differences have this mean and spread."""
    steps = np.array([-1.2, -0.6, -0.2, 0.2, 0.6, 1.2])
    b = base + 0.1 * np.array([0.3, -1, 0.8, -0.4, 1, -0.7])
    return {"a": (b + gain + spread * steps).tolist(), "b": b.tolist()}


class TestVerdict:
    """Each verdict from rows that were made for it."""

    def test_holds(self):
        assert judge(values(0.1), HIGHER, ()) == "holds"
        level = Level(row="a", value=0.6)
        assert judge(values(0.1), HIGHER, (level,)) == "holds"

    def test_in_direction(self):
        """Told apart in the claimed order, and far below the published number."""
        assert judge(values(0.1), HIGHER, (Level(row="a", value=0.9),)) == "in direction"

    def test_not_told_apart(self):
        assert judge(values(0.01, spread=0.05), HIGHER, ()) == "not distinguishable"
        assert judge(values(-0.01, spread=0.05), HIGHER, ()) == "not distinguishable"

    def test_does_not_hold_here(self):
        assert judge(values(-0.1), HIGHER, ()) == "does not hold here"

    def test_without_a_comparison_the_published_number_decides(self):
        for value, verdict in ((0.5, "holds"), (0.9, "does not hold here")):
            assert judge({"a": [0.5] * 6}, (), (Level(row="a", value=value),)) == verdict

    def test_the_weakest_comparison_decides(self):
        rows = {**values(0.1), "c": values(0.01, spread=0.05)["a"], "d": values(-0.1)["a"]}
        open_, against = (Comparison(higher=row, lower="b") for row in ("c", "d"))
        assert judge(rows, (*HIGHER, open_), ()) == "not distinguishable"
        assert judge(rows, (*HIGHER, open_, against), ()) == "does not hold here"

    def test_five_seeds_tell_nothing_apart(self):
        five = {row: numbers[:5] for row, numbers in values(0.1).items()}
        assert judge(five, HIGHER, ()) == "not distinguishable"

    def test_differences_are_paired(self):
        """Rows that scatter widely together are told apart by a difference that does not."""
        b = np.array([0.1, 0.9, 0.3, 0.7, 0.2, 0.8])
        rows = {"a": (b + 0.05 + 0.005 * np.arange(6)).tolist(), "b": b.tolist()}
        assert judge(rows, HIGHER, ()) == "holds"
        assert judge({"a": rows["a"][::-1], "b": rows["b"]}, HIGHER, ()) == "not distinguishable"

    def test_equal_rows_seldom_hold(self):
        """Of equal rows at most 1 in 40 should hold by chance: 400 draws, standard error 0.8%."""
        generator = np.random.default_rng(0)
        held = 0
        for _ in range(400):
            rows = {row: generator.normal(size=6).tolist() for row in "ab"}
            held += judge(rows, HIGHER, ()) == "holds"
        assert held / 400 < 0.025 + 3 * 0.008

    def test_the_interval_of_a_comparison(self):
        found = compare(values(0.1), HIGHER[0])
        assert found.difference == pytest.approx(0.1)
        assert 0.08 < found.low < 0.1 < found.high < 0.12 and found.apart and found.seeds == 6

    @pytest.mark.parametrize(
        ("bound", "value", "tolerance", "met"),
        [
            ("at least", 0.52, 0.0, True),  # within the interval of the mean 0.5
            ("at least", 0.7, 0.0, False),
            ("at least", 0.7, 0.2, True),
            ("at least", 0.2, 0.0, True),
            ("at most", 0.2, 0.0, False),
            ("at most", 0.7, 0.0, True),
            ("equal", 0.52, 0.0, True),
            ("equal", 0.2, 0.0, False),
            ("equal", 0.7, 0.0, False),
            ("equal", 0.7, 0.2, True),
        ],
    )
    def test_levels(self, bound, value, tolerance, met):
        level = Level(row="b", value=value, bound=bound, tolerance=tolerance)
        assert reached(values(0.0), level) is met


class TestClaims:
    """What a claim may be, and that every one of the ledger is."""

    @pytest.mark.parametrize("name", CLAIMS)
    def test_every_claim_is_complete(self, name):
        claim = find_claim(name)
        assert claim.name == name
        assert claim.statement.endswith(".") and claim.differs
        assert all(text.endswith(".") for text in claim.differs)
        for label, config in claim.trainings.items():
            assert RunConfig.from_json(config.to_json()) == config, label
            assert config.device == "cpu"
        for row in [row for c in claim.comparisons for row in (c.higher, c.lower)]:
            assert row in claim.rows

    def test_the_ledger_and_its_files_agree(self):
        files = (ROOT / "src/micvae/claims/ledger").glob("[!_]*.py")
        assert {file.stem.replace("_", "-") for file in files} == set(CLAIMS)
        assert len(CLAIMS) == len(set(CLAIMS)) >= 16

    def test_an_unknown_name_lists_the_known_ones(self):
        with pytest.raises(MicvaeError, match="did you mean tcl-simulation"):
            find_claim("tcl-simulatoin")

    def test_what_cannot_have_a_verdict_is_refused(self):
        claim = tiny()
        for change, said in (
            ({"seeds": (0, 1, 2)}, "6 different ones"),
            ({"comparisons": (Comparison(higher="x", lower="b"),)}, "no row 'x'"),
            ({"comparisons": ()}, "nothing to compare"),
        ):
            with pytest.raises(MicvaeError, match=said):
                dataclasses.replace(claim, **change)
        with pytest.raises(MicvaeError, match="unless the statement is a direction"):
            Published(row="a", said="", on="", value=0.5)


def tiny(**changes):
    """A claim that trains in a moment: FastICA against a VAE on a linear mixture."""
    data = "whitened('independent(n=256, sources=2, mixing=\"linear\", seed={seed})')"
    shared = {"latent_dim": 2, "epochs": 1, "likelihood": "learned-gaussian"}
    trainings = {
        "a": setting("fast-ica", data, network="mlp(depth=0)", **shared),
        "b": setting("vae", data, network="mlp(hidden=4)", **shared),
    }
    made = Claim(
        name="tiny",
        statement="A is higher.",
        source=SOURCE,
        published=(Published(row="a", said="1", on="x", value=1.0, reading="printed"),),
        quantity="MCC",
        trainings=trainings,
        rows=each(Recovered(), "a", "b"),
        comparisons=HIGHER,
        differs=("Nothing.",),
    )
    return dataclasses.replace(made, **changes)


def record_of(claim, rows, **changes):
    labels = {label: config.to_json() for label, config in claim.trainings.items()}
    made = {
        "name": claim.name,
        "micvae": "0",
        "seeds": claim.seeds,
        "trainings": labels,
        "rows": tuple(MeasuredRow(label=k, values=tuple(v)) for k, v in rows.items()),
        "comparisons": claim.comparisons,
        "levels": claim.levels,
        "seconds": 1.0,
    }
    return ClaimRecord(**made | changes)


class TestRecords:
    def test_what_is_written_is_read(self, tmp_path):
        record = record_of(tiny(), values(0.1))
        records.write(tmp_path / CLAIM, record)
        assert records.read(ClaimRecord, tmp_path / CLAIM) == record
        assert json.loads((tmp_path / CLAIM).read_text())["verdict"] == "holds"

    def test_the_verdict_follows_from_the_rows_and_not_from_the_file(self, tmp_path):
        records.write(tmp_path / CLAIM, record_of(tiny(), values(-0.1)))
        text = (tmp_path / CLAIM).read_text()
        (tmp_path / CLAIM).write_text(text.replace("does not hold here", "holds"))
        assert records.read(ClaimRecord, tmp_path / CLAIM).verdict == "does not hold here"

    def test_a_small_case_has_no_verdict(self):
        assert record_of(tiny(), values(0.1), quick=True).verdict is None

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('"values": [', '"values": [0.1, ', "values is a list of 7; expected a list of 6"),
            ('"label": "a"', '"label": "c"', "every row that is compared"),
            ('"schema": 1', '"schema": 2', "newer version"),
        ],
    )
    def test_a_file_that_does_not_fit_is_refused(self, tmp_path, old, new, said):
        records.write(tmp_path / CLAIM, record_of(tiny(), values(0.1)))
        text = (tmp_path / CLAIM).read_text()
        assert old in text
        (tmp_path / CLAIM).write_text(text.replace(old, new, 1))
        with pytest.raises(RunError, match=said):
            records.read(ClaimRecord, tmp_path / CLAIM)

    def test_only_a_full_measurement_of_the_present_setting_counts(self, tmp_path):
        claim = tiny()
        other = dataclasses.replace(claim.trainings["b"], epochs=2)
        wider = claim.trainings | {"b": other}
        for record, counts in (
            (record_of(claim, values(0.1)), True),
            (record_of(claim, values(0.1), quick=True), False),
            (record_of(claim, {k: v[:5] for k, v in values(0.1).items()}, seeds=range(5)), False),
            (record_of(dataclasses.replace(claim, trainings=wider), values(0.1)), False),
            (record_of(claim, values(0.1), trainings={"a": {"data": 1}}), False),
        ):
            record = dataclasses.replace(record, seeds=tuple(record.seeds))
            (tmp_path / "tiny").mkdir(exist_ok=True)
            records.write(tmp_path / "tiny" / CLAIM, record)
            assert (stored_record(claim, tmp_path) is not None) is counts


class TestMeasures:
    def test_matched_accuracy(self):
        """Categories under other names are right; of two in one class the larger counts."""
        labels = np.repeat([0, 1, 2], 10)
        assert matched_accuracy((labels + 1) % 3, labels) == 1
        mixed = labels.copy()
        mixed[:4] = 3
        assert matched_accuracy(mixed, labels) == pytest.approx(26 / 30)

    def test_reading_curves_at_equal_reconstruction(self):
        assert shared_level(np.array([1.0, 5]), np.array([3.0, 9])) == 4
        assert shared_level(np.array([1.0, 2]), np.array([5.0, 9])) == 3.5
        assert interpolated(np.array([4.0, 0]), np.array([8.0, 0]), 1) == 2

        def run(reconstruction, score):
            quantities = {"reconstruction": reconstruction, "mig": score}
            stored = SimpleNamespace(quantities=quantities)
            return SimpleNamespace(
                scores=lambda: stored, check_done=lambda: None, path="x", mig=score
            )

        runs = {"a1": run(1, 0.0), "a2": run(5, 0.4), "b1": run(3, 0.0), "b2": run(9, 0.6)}
        one = AtEqualReconstruction(("a1", "a2"), ("b1", "b2"), lambda run: run.mig)
        other = AtEqualReconstruction(("b1", "b2"), ("a1", "a2"), lambda run: run.mig)
        assert one(Finished(0, runs)) == pytest.approx(0.3)  # both at a reconstruction of 4
        assert other(Finished(0, runs)) == pytest.approx(0.1)

    def test_the_best_of_several_rows(self):
        assert Best((lambda f: 0.2, lambda f: 0.7))(Finished(0, {})) == 0.7

    def test_recovered_functions_of_the_sources(self):
        s = np.random.default_rng(0).normal(size=(500, 2))

        def run(codes):
            found = SimpleNamespace(codes=codes, factors=s)
            return SimpleNamespace(representation=lambda: found)

        for target, made in (("s", s), ("|s|", np.abs(s)), ("s²", s**2)):
            assert Recovered(target)(run(-2 * made[:, ::-1] + 1)) == pytest.approx(1)
        assert Recovered("|s|")(run(s)) < 0.2
        assert Recovered("|s|", absolute=True)(run(s)) == pytest.approx(1)


class TestReproducing:
    @pytest.mark.parametrize("name", CLAIMS)
    def test_the_small_case_of_every_claim(self, name, tmp_path):
        claim = find_claim(name)
        record = reproduce_quickly(claim, tmp_path, seeds=1)
        assert record.quick and record.verdict is None and record.seeds == claim.seeds[:1]
        assert [row.label for row in record.rows] == list(claim.rows)
        assert [row.label for row in record.beside] == list(claim.beside)
        folder = tmp_path / "quick" / name
        assert records.read(ClaimRecord, folder / CLAIM) == record
        assert stored_record(claim, tmp_path) is None
        drawing = ElementTree.parse(folder / FIGURE)
        assert "small case, not a result" in "".join(drawing.getroot().itertext())

    def test_a_small_case_differs_in_size_only(self):
        config = find_claim("tcl-simulation").trainings["tcl L=2"]
        less = small(config, 512)
        assert "n=512" in str(less.data) and "n=131072" in str(config.data)
        same = {"data", "epochs", "batch_size"}
        for field in dataclasses.fields(config):
            unchanged = getattr(less, field.name) == getattr(config, field.name)
            assert unchanged is (field.name not in same)

    def test_a_claim_is_measured_once(self, tmp_path):
        """The second call reads the record; after its loss no run is trained again."""
        claim = tiny()
        record = reproduce_claim(claim, tmp_path, workers=1)
        assert record.verdict in ("holds", "not distinguishable", "does not hold here")
        assert [len(row.values) for row in record.rows] == [6, 6] and not record.quick
        folder = tmp_path / "tiny"
        weights = sorted(folder.glob("runs/*/*/weights.safetensors"))
        assert len(weights) == 12
        first = Run(weights[0].parent)
        assert first.scores() is None  # nothing here reads scores
        again = first.representation()
        label = weights[0].parent.parent.name
        seed = first.config.seed
        assert Recovered()(first) == record.row(label).values[record.seeds.index(seed)]
        assert len(again) == 256
        times = [path.stat().st_mtime_ns for path in weights]
        assert reproduce_claim(claim, tmp_path, workers=1) == record
        (folder / CLAIM).unlink()
        assert reproduce_claim(claim, tmp_path, workers=1) == record
        assert [path.stat().st_mtime_ns for path in weights] == times

    def test_a_failed_run_leaves_no_verdict(self, tmp_path):
        claim = tiny()
        wrong = dataclasses.replace(claim.trainings["b"], batch_size=512)  # more than samples
        claim = dataclasses.replace(claim, trainings=claim.trainings | {"b": wrong})
        with pytest.raises(RunError, match="6 of 12 runs of tiny failed, so it has no verdict"):
            reproduce_claim(claim, tmp_path, workers=1)
        assert not (tmp_path / "tiny" / CLAIM).exists()


class TestPlan:
    def test_the_plan_counts_every_seed_and_restart(self, tmp_path):
        claim = tiny(restarts={"b": 2})
        assert stored_plan(claim, tmp_path) is None
        plan = plan_claim(claim, tmp_path)
        assert set(plan.per_run) == {"a", "b"} and min(plan.per_run.values()) > 0
        wanted = 6 * plan.per_run["a"] + 12 * plan.per_run["b"]
        assert plan.seconds == pytest.approx(wanted, abs=0.2)  # both are rounded
        assert stored_plan(claim, tmp_path) == plan
        assert not list((tmp_path / "tiny").glob("runs"))
        assert cost_of(claim, None, plan).endswith(", planned")


class TestCommand:
    @pytest.mark.parametrize(
        ("arguments", "claims"),
        [
            ([], False),
            (["--quick"], False),
            (["--seeds", "10"], False),
            (["--out", "out/x", "--workers", "2"], False),
            (["--list"], True),
            (["--all", "--quick"], True),
            (["tcl-simulation"], True),
            (["--out", "out/x", "tcl-simulation"], True),
            (["--quick", "tcl-simulation"], True),
        ],
    )
    def test_which_arguments_are_about_claims(self, arguments, claims):
        assert asked_for(arguments) is claims

    def test_the_ledger_says_what_is_measured(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "240")
        main(["reproduce", "dci-es-known-codes", "--out", str(tmp_path)])
        assert "verdict: holds" in capsys.readouterr().out
        main(["reproduce", "--list", "--out", str(tmp_path)])
        shown = capsys.readouterr().out
        assert all(name in shown for name in CLAIMS)
        line = next(line for line in shown.splitlines() if "dci-es-known-codes" in line)
        assert "holds" in line and shown.count("not measured yet") == len(CLAIMS) - 1

    def test_a_small_case_is_marked(self, tmp_path, capsys):
        main(["reproduce", "infomec-known-codes", "--quick", "--out", str(tmp_path)])
        shown = capsys.readouterr().out
        assert "verdict: small case, no verdict" in shown and "distinguishable" not in shown

    @pytest.mark.parametrize("arguments", [["--plan"], ["--all", "--list"], ["a", "--all"]])
    def test_what_is_unclear_is_refused(self, arguments, capsys):
        with pytest.raises(SystemExit) as ended:
            main(["reproduce", *arguments])
        assert ended.value.code == 2
        assert "give one of CLAIM, --list and --all" in capsys.readouterr().err


def test_the_page_shows_what_is_stored(monkeypatch):
    """`docs/claims.md` is what `scripts/claims.py --stored` makes of the records beside it."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    page = __import__("claims")
    monkeypatch.delitem(sys.modules, "claims")
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert page.page(text) == text
