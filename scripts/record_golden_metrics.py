"""Record tests/golden/metrics.json from disentanglement_lib 1.5, the oracle of the metric tests.

The oracle was written for TensorFlow 1 but these metrics need none of it. Use an environment of
its own, with the scikit-learn that micvae is tested with:

    python3 -m venv oracle && . oracle/bin/activate
    pip install --no-deps disentanglement_lib==1.5 gin-config==0.4
    pip install numpy scipy scikit-learn six absl-py
    python scripts/record_golden_metrics.py

`gin.tf` needs TensorFlow; `gin` itself stands in for it, since the metrics only use the part that
both share. micvae is not imported: the values are the oracle's alone. Takes a few minutes.

The oracle's DCI draws its ties from numpy's global generator, which is seeded here before every
set, and knows classifiers only, so that it is recorded on discrete factors only. Its explicitness
divides by the standard deviation of every code and needs every class on both sides: constant
codes, and factors of which a class is missing, are left out. Its Gaussian total correlation is
recorded where the covariance can be inverted.
"""

import json
import sys
from pathlib import Path

import gin
import numpy as np
import scipy
import sklearn
import sklearn.metrics

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
sys.path.insert(0, str(GOLDEN))
sys.modules["gin.tf"] = gin
gin.tf = gin

from disentanglement_lib.data.ground_truth.ground_truth_data import GroundTruthData  # noqa: E402
from disentanglement_lib.evaluation.metrics import (  # noqa: E402
    beta_vae,
    dci,
    factor_vae,
    irs,
    mig,
    modularity_explicitness,
    sap_score,
    unsupervised_metrics,
    utils,
)
from metric_sets import (  # noqa: E402
    DCI_SEED,
    GROUP,
    PRUNE,
    TEST_VOTES,
    TRAIN_VOTES,
    VARIANCE_SAMPLES,
    GoldenSet,
    VotingSet,
    golden_sets,
    voting_sets,
)

BINS = 20


def record(golden: GoldenSet) -> dict[str, object]:
    codes = np.ascontiguousarray(golden.codes.T)
    factors = np.ascontiguousarray(golden.factors.T)
    binned = factors if golden.discrete else utils.make_discretizer(factors)
    values: dict[str, object] = {"mig": float(mig._compute_mig(codes, binned)["discrete_mig"])}
    columns = golden.dci_columns
    if golden.discrete and len(columns) > 1:
        fit, test = golden.split
        np.random.seed(DCI_SEED)  # noqa: NPY002 - the oracle's ties come from the global generator
        y = factors[columns]
        scores = dci._compute_dci(codes[:, fit], y[:, fit], codes[:, test], y[:, test])
        values["dci_disentanglement"] = float(scores["disentanglement"])
        values["dci_completeness"] = float(scores["completeness"])
        values["dci_informativeness"] = float(scores["informativeness_test"])
    return values | without_trees(golden, codes, factors)


def without_trees(golden: GoldenSet, codes: np.ndarray, factors: np.ndarray) -> dict[str, object]:
    binned_codes = utils.make_discretizer(codes)
    binned = factors if golden.discrete else utils.make_discretizer(factors)
    information = utils.discrete_mutual_info(binned_codes, binned)
    values: dict[str, object] = {"modularity": modularity_explicitness.modularity(information)}
    active = irs._drop_constant_dims(codes.astype(np.float64))
    grouped = utils.make_discretizer(factors)
    values["irs"] = irs.scalable_disentanglement_score(grouped.T, active.T)["avg_score"]

    varying = codes[np.ptp(codes, axis=1) > 0].astype(np.float64)
    covariance = np.cov(varying)
    if golden.invertible:
        values["gaussian_total_correlation"] = unsupervised_metrics.gaussian_total_correlation(
            covariance
        )
    wasserstein = unsupervised_metrics.gaussian_wasserstein_correlation(covariance)
    values["wasserstein_correlation"] = np.real(wasserstein)
    values["wasserstein_correlation_norm"] = np.real(wasserstein) / np.trace(covariance)
    pairs = utils.discrete_mutual_info(binned_codes, binned_codes)
    np.fill_diagonal(pairs, 0)
    values["mean_pairwise_mi"] = pairs.sum() / (len(codes) ** 2 - len(codes))

    fit, test = golden.split
    if not golden.discrete:
        scores = sap_score._compute_sap(codes, factors, codes, factors, True)
        return {k: float(v) for k, v in {**values, "sap": scores["SAP_score"]}.items()}
    values["sap"] = sap_score._compute_sap(
        codes[:, fit], factors[:, fit], codes[:, test], factors[:, test], False
    )["SAP_score"]
    train, mean, spread = utils.normalize_data(varying[:, fit])
    held, _, _ = utils.normalize_data(varying[:, test], mean, spread)
    columns = golden.explicitness_columns
    values["explicitness"] = np.mean(
        [
            modularity_explicitness.explicitness_per_factor(
                train, factors[k, fit], held, factors[k, test]
            )[1]
            for k in columns
        ]
    )
    return {k: float(v) for k, v in values.items()}


class Factors(GroundTruthData):
    """Factors that are their own observations."""

    def __init__(self, voting: VotingSet) -> None:
        self.sizes = voting.sizes

    num_factors = property(lambda self: len(self.sizes))
    factors_num_values = property(lambda self: list(self.sizes))
    observation_shape = property(lambda self: [len(self.sizes)])

    def sample_factors(self, num, random_state):
        return np.stack([random_state.randint(0, m, num) for m in self.sizes], axis=1)

    def sample_observations_from_factors(self, factors, random_state):
        return factors


def vote(voting: VotingSet) -> dict[str, float]:
    gin.bind_parameter("prune_dims.threshold", PRUNE)
    noise = np.random.default_rng(0)
    data, encode = Factors(voting), lambda observed: voting.codes(observed, noise)
    found = factor_vae.compute_factor_vae(
        data,
        encode,
        np.random.RandomState(0),
        batch_size=GROUP,
        num_train=TRAIN_VOTES,
        num_eval=TEST_VOTES,
        num_variance_estimate=VARIANCE_SAMPLES,
    )
    told = beta_vae.compute_beta_vae_sklearn(
        data,
        encode,
        np.random.RandomState(0),
        batch_size=GROUP,
        num_train=TRAIN_VOTES,
        num_eval=TEST_VOTES,
    )
    return {
        "factor_vae_score": float(found["eval_accuracy"]),
        "beta_vae_score": float(told["eval_accuracy"]),
    }


def main() -> None:
    gin.bind_parameter("discretizer.discretizer_fn", utils._histogram_discretize)
    gin.bind_parameter("discretizer.num_bins", BINS)
    gin.bind_parameter("histogram_discretizer.num_bins", BINS)
    sets = {}
    for golden in golden_sets():
        sets[golden.name] = record(golden)
        print(golden.name, sets[golden.name], flush=True)
    votes = {}
    for voting in voting_sets():
        votes[voting.name] = vote(voting)
        print(voting.name, votes[voting.name], flush=True)
    recorded = {
        "oracle": "disentanglement_lib 1.5",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
        "sets": sets,
        "votes": votes,
    }
    target = GOLDEN / "metrics.json"
    target.write_text(json.dumps(recorded, indent=1) + "\n")
    print(f"wrote {target.name}: {len(sets)} sets")


if __name__ == "__main__":
    main()
