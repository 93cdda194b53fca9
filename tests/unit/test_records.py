"""Stored records: what fits is read, what does not is named, and older files stay readable."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np
import pytest

from micvae import records
from micvae.distributions import LatentKind
from micvae.errors import MicvaeError, RunError
from micvae.files import write_json
from micvae.networks import MLP
from micvae.objectives import VAEObjective
from micvae.records import LEFT_OUT, Between, FieldError, Json, Length, Missing
from micvae.reports import report_folder
from micvae.representation import LATENT_KINDS
from micvae.sharing.hub import from_pretrained, save_pretrained
from micvae.studies.record import SelectionRecord, StudyRecord
from micvae.training import Run, RunConfig, train_run
from micvae.training.record import Scores
from micvae.training.units import Units


class Bounds(NamedTuple):
    low: float
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    name: str
    values: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Whole:
    SCHEMA: ClassVar[int] = 3
    REMEDY: ClassVar[str] = "Make it again."

    n: Annotated[int, Between(1, 100)]
    share: Annotated[float, Between(0, 1)] = 0.5
    flag: bool = False
    kind: Literal["a", "b"] = "a"
    note: str | None = None
    part: Part | Missing = Part(name="x")
    bounds: Bounds | None = None
    table: Mapping[str, int] = field(default_factory=dict)
    pair: tuple[int, str] = (1, "x")
    three: Annotated[tuple[int, ...], Length(3, 3)] = (1, 2, 3)
    free: Json = None
    seldom: str = field(default="", metadata=LEFT_OUT)
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "twice", 2 * self.n)


def test_what_is_written_is_read_again(tmp_path):
    given = Whole(
        n=3,
        share=1,
        flag=True,
        kind="b",
        note="ü\n\x1b\ud800",  # a lone surrogate is written as its escape, see `write_text`
        part=Missing(missing="not measured"),
        bounds=Bounds(-1.5),
        table={"a": 1},
        free={"deep": [1, {"x": None}], "text": "y"},
    )
    records.write(tmp_path / "w.json", given)
    assert records.read(Whole, tmp_path / "w.json") == given
    stored = json.loads((tmp_path / "w.json").read_text())
    assert stored["schema"] == 3 and stored["twice"] == 6 and stored["three"] == [1, 2, 3]
    assert "seldom" not in stored and stored["bounds"] == {"low": -1.5, "high": None}
    records.write(tmp_path / "w.json", replace(given, seldom="now"))
    assert json.loads((tmp_path / "w.json").read_text())["seldom"] == "now"


FITS = [
    ({}, {"n": 1}),
    ({"n": 4.0}, {"n": 4}),  # as other programs write whole numbers
    ({"share": 1}, {"share": 1.0}),
    ({"flag": 1}, {"flag": True}),
    ({"unknown": [1]}, {}),
    ({"schema": 0}, {}),
    ({"schema": 3}, {}),
    ({"twice": "anything"}, {"twice": 2}),
    ({"part": {"name": "y", "values": [1, 2.5]}}, {"part": Part(name="y", values=(1.0, 2.5))}),
    ({"part": {"missing": "why"}}, {"part": Missing(missing="why")}),
]


@pytest.mark.parametrize(("change", "wanted"), FITS)
def test_what_fits(change, wanted):
    found = records.from_json(Whole, {"n": 1} | change, "w.json")
    for name, value in wanted.items():
        assert getattr(found, name) == value and type(getattr(found, name)) is type(value)


REFUSED = [
    ([], "the record is []; expected an object with n, share, flag and so on"),
    (None, "the record is None"),
    ({"n": None}, "n is None; expected a whole number between 1 and 100"),
    ({"n": 0}, "n is 0; expected a whole number between 1 and 100"),
    ({"n": 10**30}, "n is 1000000000000000000000000000000"),
    ({"n": 1.5}, "n is 1.5; expected a whole number"),
    ({"n": True}, "n is True; expected a whole number"),
    ({"n": "1"}, "n is '1'; expected a whole number"),
    ({"share": 1.1}, "share is 1.1; expected a finite number between 0 and 1"),
    ({"share": math.nan}, "share is nan; expected a finite number"),
    ({"share": math.inf}, "share is inf; expected a finite number"),
    ({"share": 10**400}, "; expected a finite number"),
    ({"share": 1e300}, "share is 1e+300; expected a finite number"),
    ({"flag": "yes"}, "flag is 'yes'; expected true or false"),
    ({"kind": "c"}, "kind is 'c'; expected 'a' or 'b'"),
    ({"note": 3}, "note is 3; expected text or null"),
    ({"note": ["\x1b[31m" + "x" * 500]}, "note is ['\\x1b[31m"),
    ({"part": 7}, "part is 7; expected an object or an object"),
    ({"part": {"name": 7}}, "part.name is 7; expected text"),
    ({"part": {}}, "part.name is missing; expected text"),
    ({"part": {"missing": 1}}, "part.missing is 1; expected text"),
    ({"part": {"name": "x", "values": [1, "2"]}}, "part.values[1] is '2'; expected a finite"),
    ({"part": {"name": "x", "values": {}}}, "part.values is {}; expected a list"),
    ({"bounds": {"low": None}}, "bounds.low is None; expected a finite number"),
    ({"table": {"a": "x"}}, "table['a'] is 'x'; expected a whole number"),
    ({"table": [1]}, "table is [1]; expected an object with names"),
    ({"pair": [1]}, "pair is a list of 1; expected a list of 2"),
    ({"pair": ["x", 1]}, "pair[0] is 'x'; expected a whole number"),
    ({"three": [1, 2]}, "three is of length 2; expected length 3"),
    ({"free": {"a": [math.nan]}}, "free['a'][0] is nan; expected a finite number"),
    ({"free": json.loads("[" * 100 + "]" * 100)}, "nested too deeply; expected at most 32 levels"),
    ({"schema": "1"}, "schema is '1'; expected a whole number of at least 0"),
    ({"schema": -1}, "schema is -1"),
    ({"schema": True}, "schema is True"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[m[:40] for _, m in REFUSED])
def test_what_does_not_fit_is_named_with_what_would(change, message):
    value = {"n": 1} | change if isinstance(change, dict) else change
    with pytest.raises(RunError) as caught:
        records.from_json(Whole, value, "w.json")
    said = str(caught.value)
    assert said.startswith("w.json: ") and message in said and said.endswith("Make it again.")
    assert len(said) < 400 and said.isprintable()


def test_a_newer_schema_is_refused_in_one_sentence():
    with pytest.raises(RunError, match="has schema 4, and this version of micvae reads up to 3"):
        records.from_json(Whole, {"n": 1, "schema": 4}, "w.json")


@pytest.mark.parametrize("text", ["", "[1,", "NaN", '{"n": NaN}', "[" * 100_000])
def test_a_file_that_is_no_json_names_itself(text, tmp_path):
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(RunError, match=r"w\.json"):
        records.read(Whole, path)


def test_nothing_is_written_that_would_not_be_read(tmp_path):
    for wrong in (Whole(n=1, share=math.nan), Whole(n=1, free=[math.inf])):
        with pytest.raises(RunError, match="is not written"):
            records.write(tmp_path / "w.json", wrong)
    assert not list(tmp_path.iterdir())


def test_kinds_of_latents_stand_in_one_order():
    """The representation, which loads no torch, names them a second time."""
    assert get_args(LatentKind) == LATENT_KINDS


# --- what earlier versions wrote: no schema -----------------------------------------------------

CONFIG = RunConfig(
    objective=VAEObjective(),
    data="squares(n=64)",
    latent_dim=2,
    network=MLP(hidden=8, depth=1),
    epochs=1,
    batch_size=16,
)


def old_run(fingerprint: str) -> dict[str, Any]:
    return {
        "micvae": "0.1.0",
        "status": "done",
        "config": {
            "data": "squares(n=64)",
            "latent_dim": 2,
            "network": "mlp(hidden=8, depth=1, slope=0.1)",
            "latents": "gaussian(prior='normal')",
            "likelihood": "auto",
            "epochs": 1,
            "batch_size": 16,
            "learning_rate": 0.001,
            "seed": 0,
            "restart": 0,
            "device": "auto",
            "objective": "vae(beta=1.0)",
        },
        "data": {
            "name": "squares",
            "source": {"data": "squares", "n": 64, "seed": 0, "angles": [0.0, 22.5, 45.0, 67.5]},
            "fingerprint": fingerprint,
            "n": 64,
            "image_shape": [1, 32, 32],
            "factor_names": ["size", "intensity", "rotation"],
            "factor_kinds": ["continuous", "continuous", "categorical"],
            "notes": [],
        },
        "environment": {"python": "3.11.7", "torch": "2.4.0", "threads": 1, "cores": 2},
        "seconds": 1.25,
    }


OLD_SCORES = {
    "metrics": {"mig": 0.037, "dci_disentanglement": 0.1},
    "cautions": ["sap: not fair to categorical factors"],
    "votes": None,
    "r_mi": 0.0007,
    "latent_mi": [[0.0, 0.00035], [0.00035, 0.0]],
    "factor_mi": [[1.8, 1.7, 0.5], [1.9, 1.7, 0.4]],
    "latent_kl": [0.029, 0.02],
    "active": [True, False],
    "active_units": 1,
    "factor_names": ["size", "intensity", "rotation"],
    "samples": 64,
    "seed": 0,
    "reconstruction": 727.7,
    "kl": 0.057,
    "seconds": 4.99,
}

OLD_STUDY = {
    "title": "Which model for squares?",
    "kind": "selection",
    "seeds": 2,
    "command": "micvae select 'squares(n=64)'",
    "rows": [{"label": "vae", "description": "", "config": {"data": "squares(n=64)"}}],
    "notes": [],
    "failed": {},
}

KNOWN = {"mean": 0.58, "low": None, "high": None}
OLD_SELECTION = {
    "recommended": {"row": "vae", "seed": 0, "path": "runs/vae/seed-0-a70cef5a"},
    "level": 0.95,
    "candidates": [
        {
            "row": "vae",
            "seeds": [0, 1],
            "paths": ["runs/vae/seed-0-a70cef5a", "runs/vae/seed-1-ad3dfca5"],
            "scores": [0.58, 0.57],
            "trivial": False,
            "rotated": 0.9,
            "affine": 0.8,
            **dict.fromkeys(("udr", "agreement", "elbo", "held_out_reconstruction"), KNOWN),
            "active_units": {"mean": 2.0, "low": 2.0, "high": 2.0},
            "difference": {"udr": None, "elbo": None, "held_out_reconstruction": None},
        }
    ],
    "data": "squares",
    "aside": 6,
    "not_ranked": [],
    "train": "micvae train vae",
    "check": {"missing": "no factors"},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_run(CONFIG, tmp_path_factory.mktemp("records") / "run")


@pytest.fixture
def old(trained: Run, tmp_path: Path) -> Path:
    """The folder of a run as an earlier version left it."""
    folder = tmp_path / "old"
    folder.mkdir()
    for name in ("log.parquet", "weights.safetensors", "representation.npz"):
        (folder / name).write_bytes((trained.path / name).read_bytes())
    write_json(folder / "run.json", old_run(trained.data.fingerprint))
    write_json(folder / "scores.json", OLD_SCORES)
    return folder


def test_a_run_of_an_earlier_version_is_read(old, trained):
    run = Run(old)
    assert run.config == CONFIG and run.done and run.seconds == 1.25
    assert run.data.n == 64 and run.environment.torch == "2.4.0"
    scores = run.scores()
    assert scores.metrics["mig"] == 0.037 and scores.active == (True, False)
    assert np.array_equal(run.representation().codes, trained.representation().codes)
    assert len(run.dataset()) == 64
    assert train_run(CONFIG, old).record == run.record  # done: nothing is trained


def test_a_shared_model_of_an_earlier_version_is_read(old, tmp_path):
    folder = save_pretrained(Run(old), tmp_path / "shared", intervals=False)
    facts = json.loads((folder / "config.json").read_text())
    assert facts.pop("schema") == 1 and facts["data"].pop("units") is None
    write_json(folder / "config.json", facts)
    opened = from_pretrained(folder)
    assert opened.config == CONFIG and opened.units == Units()


def test_studies_and_selections_of_an_earlier_version_are_read(tmp_path):
    study = records.from_json(StudyRecord, OLD_STUDY, "study.json")
    assert study.rows[0].label == "vae" and study.seeds == 2 and not study.quick
    assert records.from_json(StudyRecord, {"title": "bare"}, "study.json").failed == {}
    found = records.from_json(SelectionRecord, OLD_SELECTION, "selection.json")
    assert found.recommended.seed == 0 and found.check.missing == "no factors"
    assert found.candidates[0].udr.interval.mean == 0.58


# --- files that do not belong together ----------------------------------------------------------

MIXED = [
    ("active of another length", {"active": [True]}, "active is a list of 1; expected a list of 2"),
    ("a matrix that is not square", {"latent_mi": [[0.0, 1.0]]}, "latent_mi is a list of 1"),
    ("a ragged matrix", {"latent_mi": [[0.0], [0.0, 1.0]]}, r"latent_mi\[0\] is a list of 1"),
    ("another count of active ones", {"active_units": 2}, "active_units is 2; expected 1"),
    ("names without their columns", {"factor_names": ["size"]}, r"factor_mi\[0\] is a list of 3"),
    ("a score that is text", {"metrics": {"mig": "high"}}, r"metrics\['mig'\] is 'high'"),
]


@pytest.mark.parametrize(("change", "message"), [c[1:] for c in MIXED], ids=[c[0] for c in MIXED])
def test_scores_that_do_not_fit_each_other(old, change, message):
    write_json(old / "scores.json", OLD_SCORES | change)
    with pytest.raises(RunError, match=message) as caught:
        Run(old).scores()
    assert str(caught.value).endswith(Scores.REMEDY)


def test_scores_of_a_run_with_other_latents(old):
    of_one = {"active": [True], "latent_kl": [0.1], "latent_mi": [[0.0]], "factor_mi": None}
    write_json(old / "scores.json", OLD_SCORES | of_one)
    with pytest.raises(RunError, match="active is a list of 1, and the run has 2 latents"):
        Run(old).scores()


def test_codes_of_another_run_are_not_taken_for_its_own(old):
    facts = json.loads((old / "run.json").read_text())
    facts["data"]["n"] = 63
    write_json(old / "run.json", facts)
    with pytest.raises(RunError, match="samples are 64 there, 63 here; remove it"):
        Run(old).representation()
    (old / "representation.npz").unlink()
    facts["data"]["n"] = 64
    write_json(old / "run.json", facts)
    assert len(Run(old).representation()) == 64  # computed again, as the message says


def test_the_remedy_for_broken_scores_works(old):
    from micvae.scoring import evaluate_run

    (old / "scores.json").write_text("[]")
    with pytest.raises(MicvaeError, match="Run micvae evaluate on the run again"):
        report_folder(old)
    assert Run(old).path == old and evaluate_run(Run(old)) == Run(old).scores()


def test_a_record_built_in_python_is_checked_as_well(trained):
    with pytest.raises(FieldError, match="factor_kinds is a list of 3; expected a list of 1"):
        replace(trained.data, factor_names=("size",))
