"""Record tests/golden/metrics.json from disentanglement_lib 1.5, the oracle of the metric tests.

The oracle was written for TensorFlow 1 but its MIG and DCI need none of it. Use an environment of
its own, with the scikit-learn that micvae is tested with:

    python3 -m venv oracle && . oracle/bin/activate
    pip install --no-deps disentanglement_lib==1.5 gin-config==0.4
    pip install numpy scipy scikit-learn six absl-py
    python scripts/record_golden_metrics.py

`gin.tf` needs TensorFlow; `gin` itself stands in for it, since the metrics only use the part that
both share. micvae is not imported: the values are the oracle's alone. Takes a few minutes.

The oracle's DCI draws its ties from numpy's global generator, which is seeded here before every
set, and knows classifiers only, so that it is recorded on discrete factors only.
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

from disentanglement_lib.evaluation.metrics import dci, mig, utils  # noqa: E402
from metric_sets import DCI_SEED, GoldenSet, golden_sets  # noqa: E402

BINS = 20


def record(golden: GoldenSet) -> dict[str, object]:
    codes = np.ascontiguousarray(golden.codes.T)
    factors = np.ascontiguousarray(golden.factors.T)
    binned = factors if golden.discrete else utils.make_discretizer(factors)
    values: dict[str, object] = {"mig": float(mig._compute_mig(codes, binned)["discrete_mig"])}
    columns = golden.dci_columns
    if golden.discrete and len(columns) > 1:
        order = np.random.default_rng(DCI_SEED).permutation(codes.shape[1])
        size = -(-2 * len(order) // 3)
        fit, test = order[:size], order[size:]
        np.random.seed(DCI_SEED)  # noqa: NPY002 - the oracle's ties come from the global generator
        y = factors[columns]
        scores = dci._compute_dci(codes[:, fit], y[:, fit], codes[:, test], y[:, test])
        values["dci_disentanglement"] = float(scores["disentanglement"])
        values["dci_completeness"] = float(scores["completeness"])
        values["dci_informativeness"] = float(scores["informativeness_test"])
    return values


def main() -> None:
    gin.bind_parameter("discretizer.discretizer_fn", utils._histogram_discretize)
    gin.bind_parameter("discretizer.num_bins", BINS)
    gin.bind_parameter("histogram_discretizer.num_bins", BINS)
    sets = {}
    for golden in golden_sets():
        sets[golden.name] = record(golden)
        print(golden.name, sets[golden.name], flush=True)
    recorded = {
        "oracle": "disentanglement_lib 1.5",
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
        "sets": sets,
    }
    target = GOLDEN / "metrics.json"
    target.write_text(json.dumps(recorded, indent=1) + "\n")
    print(f"wrote {target.name}: {len(sets)} sets")


if __name__ == "__main__":
    main()
