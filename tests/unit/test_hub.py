"""The Hugging Face layout: it round-trips to the bit, and its card holds the run's own figures."""

import dataclasses
import json
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from micvae.errors import MicvaeError, RunError
from micvae.files import read_json
from micvae.networks import Patch
from micvae.objectives import IVAE, MIConstrained
from micvae.scoring import evaluate_run
from micvae.scoring.nulls import DEPENDENCES
from micvae.sharing.hub import (
    CARD,
    CONFIG,
    MOST_BYTES,
    WEIGHTS,
    from_pretrained,
    public,
    push_to_hub,
    save_pretrained,
)
from micvae.training import RunConfig, train_run

SMALL = RunConfig(
    objective=MIConstrained(),
    data="squares(n=128)",
    epochs=1,
    network=Patch(width=4, hidden=8),
    device="cpu",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = train_run(SMALL, tmp_path_factory.mktemp("run") / "run")
    evaluate_run(run)
    return run


@pytest.fixture(scope="module")
def saved(run, tmp_path_factory):
    return save_pretrained(run, tmp_path_factory.mktemp("shared") / "model", licence="mit")


@pytest.fixture
def copy(saved, tmp_path):
    """A copy that a test may break."""
    for name in (CONFIG, WEIGHTS, CARD):
        (tmp_path / name).write_bytes((saved / name).read_bytes())
    return tmp_path


def test_codes_are_the_same_to_the_bit(run, saved):
    opened = from_pretrained(saved)
    np.testing.assert_array_equal(opened.encode(run.dataset()).codes, run.representation().codes)
    assert sorted(p.name for p in saved.iterdir()) == sorted([CONFIG, WEIGHTS, CARD])


def test_networks_beside_the_model_are_shared(tmp_path):
    """What iVAE trains beside the model, its conditional prior, is part of what was learned."""
    from micvae.data import squares

    toy = squares(64)
    np.savez(tmp_path / "own.npz", images=toy.images, auxiliary=np.arange(64) % 4)
    config = dataclasses.replace(SMALL, objective=IVAE(depth=1), data=str(tmp_path / "own.npz"))
    run = train_run(config, tmp_path / "run")
    save_pretrained(run, tmp_path / "shared")
    (tmp_path / "own.npz").unlink()  # whoever gets the folder has not the data
    prior = from_pretrained(tmp_path / "shared").model.auxiliary_modules["prior"]
    assert prior[0].in_features == 4
    stored = load_file(run.path / "weights.safetensors")
    assert torch.equal(prior[0].weight, stored["companions.prior.0.weight"])
    assert str(tmp_path) not in (tmp_path / "shared" / CONFIG).read_text()
    assert str(tmp_path) not in (tmp_path / "shared" / CARD).read_text()


def test_the_card_is_read_by_the_hubs_own_reader(run, saved):
    from huggingface_hub import ModelCard

    card = ModelCard.load(saved / CARD, ignore_metadata_errors=False)
    scores = run.scores().metrics
    assert card.data.library_name == "micvae" and card.data.license == "mit"
    assert {"micvae", "disentanglement", "mi-constrained"} <= set(card.data.tags)
    found = {result.metric_type: result.metric_value for result in card.data.eval_results}
    assert found == scores
    for section in ("Use it", "Method", "What is identified", "Data", "Scores", "Loss terms"):
        assert f"\n## {section}\n" in card.text
    assert (
        "Nothing in the objective identifies the latents" in card.text
        and "R_{MI} = \\sum_{i \\ne j}" in card.text
    )
    for name, value in run.last_epoch().items():
        assert f"| {name} | {value:.4f} |" in card.text


def test_every_interval_in_the_card_holds_its_score(run, saved):
    scores, held = run.scores().metrics, 0
    for line in (saved / CARD).read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 8 and cells[1] in scores and cells[3]:
            low, high = map(float, cells[3].split(" to "))
            # both ends are rounded to three digits
            assert low - 5e-4 <= scores[cells[1]] <= high + 5e-4, cells[1]
            held += 1
            if cells[1] in DEPENDENCES:
                assert re.fullmatch(r"-?[\d.]+ to -?[\d.]+", cells[4])  # what chance gives
    assert held > 15


def test_a_run_without_scores_says_so(tmp_path):
    run = train_run(SMALL, tmp_path / "run")
    card = (save_pretrained(run, tmp_path / "shared") / CARD).read_text()
    assert "Not evaluated." in card and "model-index" not in card


def test_names_cannot_break_the_card(tmp_path):
    from huggingface_hub import ModelCard

    from micvae.data import squares

    toy = squares(64)
    names = ["a | b", "---\nlicense: evil", "<script>"]
    np.savez(tmp_path / 'o"w: n.npz', images=toy.images, factors=toy.factors, factor_names=names)
    config = dataclasses.replace(SMALL, data=str(tmp_path / 'o"w: n.npz'))
    run = train_run(config, tmp_path / "run")
    evaluate_run(run)
    folder = save_pretrained(run, tmp_path / "shared", intervals=False)
    card = ModelCard.load(folder / CARD, ignore_metadata_errors=False)
    assert card.data.license is None and card.data.eval_results[0].dataset_name == 'o"w: n'
    assert "<script>" not in card.text and "a \\| b" in card.text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/home/me/my data/own.npz", "own.npz"),
        ("pictures/", "pictures"),
        ("shapes3d('/home/me/3d shapes.h5', n=100)", "shapes3d('3d shapes.h5', n=100)"),
        ("squares(n=64)", "squares(n=64)"),
        (r"shapes3d('C:\me\3dshapes.h5')", "shapes3d('3dshapes.h5')"),
    ],
)
def test_no_path_is_published(given, shown):
    assert public(given) == shown


def test_it_is_written_again_but_never_over_something_else(run, saved, tmp_path):
    before = (saved / WEIGHTS).read_bytes()
    save_pretrained(run, saved, licence="mit")
    assert (saved / WEIGHTS).read_bytes() == before
    (tmp_path / "README.md").write_text("my project")
    with pytest.raises(RunError, match="contains other files"):
        save_pretrained(run, tmp_path)
    assert (tmp_path / "README.md").read_text() == "my project"


def edited(**changes):
    def change(folder):
        facts = read_json(folder / CONFIG)
        facts["config"] |= changes.pop("config", {})
        (folder / CONFIG).write_text(json.dumps(facts | changes))

    return change


def weights(change):
    def rewrite(folder):
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)

    return rewrite


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / CONFIG).unlink(), "has no config.json"),
        (lambda f: (f / WEIGHTS).unlink(), "has no model.safetensors"),
        (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-9]), "not a readable"),
        (lambda f: (f / CONFIG).write_bytes(b" " * (MOST_BYTES[CONFIG] + 1)), "are refused"),
        (lambda f: (f / CONFIG).write_text("[" * 100_000), "cannot be read as JSON"),
        (edited(library_name="transformers"), "its library_name is not micvae"),
        (edited(format=2), "may come from a newer version"),
        (edited(image_shape=[1, 10**12, 4]), "image_shape is"),
        (edited(image_shape=[1, 64, 64]), "does not fit the model"),
        (edited(config={"latent_dim": 10**9}), "does not fit the model"),
        (edited(config={"network": "patch(width=1000000, hidden=1000000)"}), "does not fit"),
        (edited(config={"network": "mlp(depth=1000000000)"}), "whole number between 0 and 1000"),
        (edited(config={"network": "mlp(hidden=10000000000000000000)"}), "does not fit"),
        (edited(config={"latents": "flow(width=1000000)", "objective": "vae"}), "does not fit"),
        (edited(config={"latents": "fsq(levels=100000000000)"}), "does not fit the model"),
        (weights(lambda t: t["decoder.0.weight"].fill_(float("nan"))), "NaN or infinite"),
        (weights(lambda t: t.pop("decoder.0.weight")), "missing tensor decoder.0.weight"),
        (weights(lambda t: t.update(extra=torch.zeros(1))), "unexpected tensor extra"),
    ],
)
def test_folders_from_a_stranger_are_checked_before_memory_is_taken(copy, change, message):
    change(copy)
    with pytest.raises(MicvaeError, match=message):
        from_pretrained(copy)


class FakeApi:
    """Keeps repositories in memory, and notes how it was called."""

    repositories: dict[str, dict[str, bytes]] = {}  # noqa: RUF012, one for all, as the hub is
    calls: list[tuple] = []  # noqa: RUF012

    def __init__(self, **options):
        self.options = options

    def create_repo(self, repo_id, *, private, exist_ok):
        self.calls.append(("create", repo_id, private, exist_ok))
        self.repositories.setdefault(repo_id, {})
        return f"https://hub.invalid/{repo_id}"

    def upload_folder(self, *, repo_id, folder_path, allow_patterns, **_):
        assert sorted(p.name for p in folder_path.iterdir()) == sorted(allow_patterns)
        self.repositories[repo_id] = {p.name: p.read_bytes() for p in folder_path.iterdir()}

    def model_info(self, repo_id, *, revision, files_metadata):
        if repo_id not in self.repositories:
            raise OSError(f"404: no repository {repo_id}\nRequest ID: 1")
        files = self.repositories[repo_id].items()
        siblings = [SimpleNamespace(rfilename=n, size=len(content)) for n, content in files]
        return SimpleNamespace(sha=f"commit of {revision}", siblings=siblings)

    def hf_hub_download(self, repo_id, name, *, revision):
        self.calls.append(("download", name, revision))
        path = self.cache / name
        path.write_bytes(self.repositories[repo_id][name])
        return str(path)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "HfApi", FakeApi)
    monkeypatch.setattr(FakeApi, "repositories", {})
    monkeypatch.setattr(FakeApi, "calls", [])
    monkeypatch.setattr(FakeApi, "cache", tmp_path, raising=False)
    monkeypatch.chdir(tmp_path)
    return FakeApi


def test_what_is_pushed_is_what_comes_back(run, hub):
    address = push_to_hub(run, "me/model", intervals=False)
    assert address == "https://hub.invalid/me/model"
    assert hub.calls == [("create", "me/model", True, True)]  # private unless asked for
    opened = from_pretrained("me/model", revision="v1")
    np.testing.assert_array_equal(opened.encode(run.dataset()).codes, run.representation().codes)
    # Both files are of the commit that the revision stood for when sizes were checked.
    assert hub.calls[1:] == [("download", name, "commit of v1") for name in (CONFIG, WEIGHTS)]


def test_the_hub_is_not_believed(run, hub):
    with pytest.raises(MicvaeError, match=r"404: no repository me/none Check the name"):
        from_pretrained("me/none")
    hub.repositories["me/other"] = {"pytorch_model.bin": b"pickle"}
    with pytest.raises(RunError, match="is not a model of micvae"):
        from_pretrained("me/other")
    hub.repositories["me/large"] = {CONFIG: b" " * (MOST_BYTES[CONFIG] + 1), WEIGHTS: b""}
    with pytest.raises(RunError, match="are refused"):
        from_pretrained("me/large")
    assert not any(call[0] == "download" for call in hub.calls)


def test_without_the_library_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MicvaeError, match=r'pip install "micvae\[hub\]"'):
        push_to_hub(run, "me/model")
