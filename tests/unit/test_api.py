"""What `import micvae` offers."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import micvae
from micvae.data import squares
from micvae.errors import MicvaeError
from micvae.identifiability.audit import RESULT
from micvae.networks import Patch
from micvae.objectives import find
from micvae.reports.figures import RUN_FIGURES, run_groups
from micvae.reports.material import gather
from micvae.training import Run, RunConfig, train_run

SMALL = {"epochs": 1, "network": "patch(width=4, hidden=8)"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api") / "run"
    return micvae.train("beta-vae(beta=2)", data="squares(n=128)", out=folder, **SMALL)


def loaded_after(code):
    """The modules that a new process has loaded once it has run this."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    return set(done.stdout.split())


def test_importing_loads_nothing_that_is_heavy():
    loaded = loaded_after("import micvae; dir(micvae)")
    assert "micvae" in loaded
    assert not loaded & {"torch", "numpy", "scipy", "sklearn", "matplotlib", "micvae.api"}


def test_scoring_arrays_does_not_load_torch():
    code = "import micvae; micvae.evaluate([[1], [2], [3], [5]], [[1], [2], [3], [4]], "
    assert "torch" not in loaded_after(f"{code}metrics=['mcc_pearson'], factor_kinds=['ordinal'])")


def test_every_name_is_there_and_known_to_type_checkers():
    tree = ast.parse(Path(micvae.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name for node in block.body for alias in node.names}
    assert typed | {"__version__"} == set(micvae.__all__)
    assert set(micvae.__all__) <= set(dir(micvae))
    assert all(callable(getattr(micvae, name)) for name in typed)
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        micvae.trian  # noqa: B018


def test_training_gives_the_bits_of_train_run(run, tmp_path):
    config = RunConfig(
        objective=find("beta-vae(beta=2)"),
        data="squares(n=128)",
        epochs=1,
        network=Patch(width=4, hidden=8),
    )
    other = train_run(config, tmp_path / "run")
    assert run.config == config
    again = micvae.train("beta-vae", data="squares(n=128)", out=run.path, beta=2, **SMALL)
    assert again.config == config  # the method's options by name
    weights = [(r.path / "weights.safetensors").read_bytes() for r in (run, other)]
    assert weights[0] == weights[1]


def test_vectors_in_memory_are_standardised_and_stored_with_the_run(tmp_path):
    vectors = np.random.default_rng(0).normal(5, [1, 10, 100], size=(128, 3))
    run = micvae.train("vae", data=vectors, out=tmp_path / "run", epochs=1)
    stored = Run(run.path).dataset().images
    np.testing.assert_allclose(stored.mean(0), 0, atol=1e-5)  # float32
    np.testing.assert_allclose(stored.std(0), 1, rtol=1e-5)
    raw = micvae.train("vae", data=vectors, out=tmp_path / "raw", epochs=1, standardise=False)
    np.testing.assert_array_equal(raw.dataset().images, vectors.astype(np.float32))


def test_generated_data_in_memory_trains_as_its_description_does(run, tmp_path):
    given = micvae.train("beta-vae(beta=2)", data=squares(128), out=tmp_path / "run", **SMALL)
    np.testing.assert_array_equal(given.representation().codes, run.representation().codes)
    np.testing.assert_array_equal(given.dataset().images, run.dataset().images)


def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(MicvaeError, match="epoch_count"):
        micvae.train("vae", data="squares(n=128)", out=tmp_path / "run", epoch_count=1)
    with pytest.raises(MicvaeError, match="factors belong to codes"):
        micvae.evaluate(tmp_path, np.zeros((3, 1)))
    with pytest.raises(MicvaeError, match="at least 1 of each"):
        micvae.compare(["vae"], out=tmp_path / "study", seeds=0)
    assert not list(tmp_path.iterdir())


def test_a_loaded_model_gives_the_codes_of_the_run(run):
    found = micvae.load(run.path).encode(squares(128)).codes
    np.testing.assert_array_equal(found, run.representation().codes)


def test_evaluating_a_run_stores_its_scores(run):
    scores = micvae.evaluate(run)
    assert Run(run.path).scores() == scores
    assert {"mig", "beta_vae_score"} <= set(scores.metrics)


def test_an_audit_is_written_only_where_a_folder_is_given(run, tmp_path):
    found = micvae.audit(run, quick=True, images=8)
    assert not list(run.path.rglob(RESULT))
    written = micvae.audit([run.path], quick=True, images=8, out=tmp_path)
    assert (tmp_path / RESULT).is_file() and written == found


def test_every_figure_goes_by_the_name_of_its_file(run):
    groups = run_groups([gather(run, "", [])])
    names = [plate.name for group in groups for plate in group.plates]
    assert names == [name for name in RUN_FIGURES if name != "effects"]  # effects: vectors only
    assert isinstance(micvae.plot(run, "traversals"), Figure)
    with pytest.raises(MicvaeError, match=r"mean traversals\?"):
        micvae.plot(run, "traversal")
    with pytest.raises(MicvaeError, match="no such figure"):
        micvae.plot(run, "effects")


@pytest.mark.usefixtures("studies_in_process")
def test_a_study_takes_labels_seeds_and_data_in_memory(tmp_path):
    rows = micvae.compare(
        {"a": "vae", "b": find("beta-vae(beta=2)")},
        data=squares(128),
        out=tmp_path / "study",
        seeds=1,
        seed=7,
        workers=2,
        **SMALL,
    )
    assert [(row["row"], row["seed"]) for row in rows] == [("a", 7), ("b", 7)]
    data = Run(tmp_path / "study" / rows[0]["path"]).dataset()
    np.testing.assert_array_equal(data.images, squares(128).images)
