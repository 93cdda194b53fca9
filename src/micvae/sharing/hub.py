"""A trained model in the Hugging Face layout: config.json, model.safetensors, README.md."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from micvae import __version__, records
from micvae.data.value_range import TrainedScale
from micvae.errors import MicvaeError, RunError
from micvae.files import (
    LONGEST_JSON,
    check_writable,
    expanded,
    is_empty,
    is_unfinished,
    making,
    read_json,
    replacing_all,
    write_text,
)
from micvae.paths import checked_file
from micvae.scoring.runs import score_intervals
from micvae.sharing.card import model_card
from micvae.sharing.paths import public
from micvae.sharing.record import FORMAT, ModelConfig, SharedData, Training
from micvae.training import Run, TrainedModel, checkpoint
from micvae.training.checkpoint_io import restored_model
from micvae.training.units import Units

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
SHARE = "share"
"""The command that fills such a folder."""
MOST_BYTES = {CONFIG: LONGEST_JSON, WEIGHTS: 2**32}
"""Larger files are refused before they are read or downloaded."""


def save_pretrained(
    run: Run, folder: Path, *, licence: str | None = None, intervals: bool = True
) -> Path:
    """Write a finished run's model as a folder that can be published or sent.

    It holds no path of this machine and no code: `from_pretrained` reads JSON and safetensors.

    Args:
        run: a finished run; the card shows its scores if it was evaluated.
        folder: a new or empty folder, or one that this function wrote before.
        licence: an identifier for the card's front matter, such as `apache-2.0`.
        intervals: whether to compute bootstrap intervals of the scores, which takes seconds.

    Raises:
        RunError: where the run is not finished, or the folder holds something else.
    """
    folder = expanded(folder)
    check_writable(folder)
    ours = (folder / CONFIG).is_file() and _is_ours(folder / CONFIG)
    ours = ours or is_unfinished(folder, SHARE)
    if folder.exists() and not ours and not is_empty(folder):
        raise RunError(f"{folder} contains other files; choose another --out.")
    weights = run.model().state_dict()
    facts = _facts(run)
    spread = score_intervals(run) if intervals and facts.scores is not None else {}
    card = model_card(facts, spread, licence)
    with (
        making(folder, SHARE),
        replacing_all(folder, (CONFIG, CARD, WEIGHTS)) as (config, card_file, tensors),
    ):
        records.write(config, facts)
        write_text(card_file, card)
        checkpoint.save_tensors(tensors, weights, {"format": "pt"})
    return folder


def push_to_hub(
    run: Run,
    repo_id: str,
    *,
    private: bool = True,
    revision: str | None = None,
    token: str | None = None,
    licence: str | None = None,
    intervals: bool = True,
) -> str:
    """Publish what `save_pretrained` writes as a repository of models, and return its address.

    Args:
        run: a finished run.
        repo_id: `OWNER/NAME`; it is created if it does not exist.
        private: whether only its owner can see a new repository.
        revision: the branch to write to; the main one where left out.
        token: of the account; what `hf auth login` stored where left out.
        licence: see `save_pretrained`, as `intervals`.
        intervals: see there.

    Raises:
        MicvaeError: where huggingface_hub is not installed, or the hub refuses.
    """
    api = _hub().HfApi(token=token, library_name="micvae", library_version=__version__)
    with tempfile.TemporaryDirectory() as temporary:
        folder = save_pretrained(
            run, Path(temporary) / "model", licence=licence, intervals=intervals
        )
        with _plainly(repo_id):
            address = str(api.create_repo(repo_id, private=private, exist_ok=True))
            api.upload_folder(
                repo_id=repo_id,
                folder_path=folder,
                revision=revision,
                allow_patterns=[CONFIG, WEIGHTS, CARD],
                commit_message=f"{run.config.method}, trained with micvae {__version__}",
            )
    return address


def from_pretrained(
    folder_or_repo_id: str | Path,
    *,
    revision: str | None = None,
    token: str | None = None,
    device: str = "cpu",
) -> TrainedModel:
    """Load a model of `save_pretrained` or `push_to_hub`; its codes equal the run's to the bit.

    Only `config.json` and `model.safetensors` are read, up to a maximal size, and no code is run.
    All files of a repository come from one commit.

    Args:
        folder_or_repo_id: a folder; if there is none of that name, `OWNER/NAME` on the hub.
        revision: branch, tag or commit of a repository. Only a commit fixes the content.
        token: for private repositories.
        device: cpu, cuda or mps.

    Raises:
        RunError: where a file is missing, broken, too large, or does not fit the others.
        MicvaeError: where the hub cannot be reached or has no such repository.
    """
    local = expanded(folder_or_repo_id)
    if local.is_dir():
        if revision is not None:
            raise MicvaeError(f"revision is for repositories, and {local} is a folder.")
        if is_unfinished(local):
            raise RunError(
                f"{local} is not finished: micvae share was interrupted there. Give the same "
                "command again."
            )
        return _opened(local / CONFIG, local / WEIGHTS, str(local), device)
    repo_id = str(folder_or_repo_id)
    hub = _hub()
    api = hub.HfApi(token=token, library_name="micvae", library_version=__version__)
    with _plainly(repo_id):
        info = api.model_info(repo_id, revision=revision, files_metadata=True)
        sizes = {file.rfilename: file.size for file in info.siblings or ()}
        for name, most in MOST_BYTES.items():
            if sizes.get(name) is None:
                raise RunError(f"{repo_id} has no {name}; it is not a model of micvae.")
            _check_size(f"{repo_id}: {name}", sizes[name], most)
        config, weights = (
            Path(api.hf_hub_download(repo_id, name, revision=info.sha)) for name in MOST_BYTES
        )
    return _opened(config, weights, repo_id, device)


def _opened(config: Path, weights: Path, name: str, device: str) -> TrainedModel:
    for path, most in ((config, MOST_BYTES[CONFIG]), (weights, MOST_BYTES[WEIGHTS])):
        if not checked_file(path, config.parent).is_file():
            raise RunError(f"{name} has no {path.name}; it is not a model of micvae.")
        _check_size(str(path), path.stat().st_size, most)
    given = read_json(config)
    if not isinstance(given, dict) or given.get("library_name") != "micvae":
        raise RunError(
            f"{config} is not a configuration of micvae: its library_name is not micvae."
        )
    if given.get("format") != FORMAT:
        raise RunError(
            f"{config} has format {records.shown(given.get('format'))}, and this micvae reads "
            f"{FORMAT}; it may come from a newer version."
        )
    facts = records.from_json(ModelConfig, given, str(config))
    return TrainedModel(
        name=name,
        config=facts.config,
        image_shape=facts.image_shape,
        model=restored_model(facts.config, facts.image_shape, weights, device),
        feature_names=facts.data.feature_names,
        units=facts.data.units or Units(),
        pixel_scale=facts.data.pixel_scale,
    )


def _facts(run: Run) -> ModelConfig:
    """Content of config.json, without paths of this machine."""
    data, environment = run.data, run.environment
    scale = TrainedScale.of(data.source) if data.pictures else TrainedScale()
    return ModelConfig(
        micvae=run.version,
        config=replace(run.config, data=public(run.config.data)),
        image_shape=run.image_shape,
        data=SharedData(
            name=data.name,
            n=data.n,
            factor_names=data.factor_names,
            factor_kinds=data.factor_kinds,
            notes=data.notes,
            units=run.units.stored,
            feature_names=data.feature_names,
            value_range=scale.value_range,
            dtype=scale.dtype,
        ),
        training=Training(
            seconds=run.seconds,
            python=environment.python,
            torch=environment.torch,
            numpy=environment.numpy,
            last_epoch=run.final_terms(),
        ),
        scores=run.scores(),
    )


def _is_ours(config: Path) -> bool:
    try:
        facts = read_json(config)
    except RunError:
        return False
    return isinstance(facts, Mapping) and facts.get("library_name") == "micvae"


def _check_size(what: str, size: int | None, most: int) -> None:
    if size is None or size > most:
        raise RunError(f"{what} has {size:,} bytes; more than {most:,} are refused.")


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise MicvaeError(
            'the hub needs huggingface_hub; install it with: pip install "micvae[hub]"'
        ) from None
    return huggingface_hub


@contextmanager
def _plainly(repo_id: str) -> Iterator[None]:
    """Raise errors of the hub and the network as one line."""
    try:
        yield
    except MicvaeError:
        raise
    except Exception as error:  # HTTP, validation and file errors share no base
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MicvaeError(
            f"the hub and {repo_id!r}: {reason} Check the name (OWNER/NAME), the network, and "
            "that you are logged in (hf auth login)."
        ) from None
