"""Every place that says what a method identifies says the same."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from micvae.cli.lists import print_list
from micvae.data import FactorDataset
from micvae.distributions import Gaussian, GaussianLatents
from micvae.identifiability.audit import Subject
from micvae.identifiability.audit.verdict import advice
from micvae.models import build_vae
from micvae.networks import MLP
from micvae.objectives import METHODS, SemiSupervised, find
from micvae.objectives.identifiability import NOT_IDENTIFIED, short, statement
from micvae.sharing.card import model_card
from micvae.sharing.record import ModelConfig, SharedData, Training
from micvae.training import RunConfig

ROOT = Path(__file__).parents[2]
DESCRIPTIONS = [*METHODS, "semi-supervised(base='ivae')", "semi-supervised(base='sparse-vae')"]
DATA = SharedData(name="x", n=5, factor_names=(), factor_kinds=(), notes=(), units=None)


def card_of(description: str) -> str:
    facts = ModelConfig(
        micvae="0",
        config=RunConfig(objective=find(description), data="x.csv"),
        image_shape=(3,),
        data=DATA,
        training=Training(last_epoch={"loss": 1.0, "reconstruction": 1.0, "kl": 0.0}),
    )
    return model_card(facts, {}, None)


def audited(description: str) -> list[str]:
    model = build_vae(
        MLP(hidden=4, depth=1), Gaussian(), GaussianLatents(), 2, (3,),
        torch.Generator().manual_seed(0), torch.device("cpu"),
    )  # fmt: skip
    data = FactorDataset("x", np.random.default_rng(0).standard_normal((120, 3)))
    return advice(Subject.of("x", model, GaussianLatents(), data, description))


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_audit_and_card_say_what_the_method_states(description):
    objective = find(description)
    said = statement(objective.identifiability)
    assert audited(description)[-1] == f"{description.partition('(')[0]}: {said}"
    card = card_of(description)
    assert f"## What is identified\n\n{said}\n" in card
    assert (NOT_IDENTIFIED in card) == (objective.identifiability is None)


def test_a_wrapper_states_what_its_base_does():
    assert SemiSupervised(base=find("ivae")).identifiability == find("ivae").identifiability
    assert SemiSupervised(base=find("vae")).identifiability is None


def test_the_list_says_it(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "1000")
    print_list("methods")
    lines = capsys.readouterr().out.splitlines()
    for name, kind in METHODS.items():
        (line,) = [line for line in lines if f" {name} " in line[: len(name) + 5]]
        assert short(kind().identifiability) in line


def test_the_guide_has_the_table_of_now():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from identifiability_guide import GUIDE, filled
    finally:
        sys.path.pop(0)
    text = GUIDE.read_text(encoding="utf-8")
    assert filled(text) == text


@pytest.mark.parametrize("description", ["ivae", "semi-supervised(base='ivae')", "vae"])
def test_it_does_not_rest_on_docstrings(description, monkeypatch):
    """Under python -OO there are none; the card must state the same."""
    for kind in {base for method in METHODS.values() for base in method.__mro__}:
        if kind.__module__.startswith("micvae."):
            monkeypatch.setattr(kind, "__doc__", None)
    assert find(description).__doc__ is None
    said = statement(find(description).identifiability)
    assert f"## What is identified\n\n{said}\n" in card_of(description)
