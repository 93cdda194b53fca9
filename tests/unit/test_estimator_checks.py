"""scikit-learn's own checks of an estimator: all pass but those that are listed with a reason."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from micvae import Disentangler

EXCUSED = {
    "check_methods_sample_order_invariance": "transform passes (test_estimator.py); score_samples "
    "estimates the bound of a sample by one draw, and the draws follow the order of the samples",
    "check_methods_subset_invariance": "likewise: transform passes, score_samples draws anew",
}
TINY = Disentangler(
    latent_dim=2, epochs=1, batch_size=16, network="mlp(hidden=8, depth=1)", device="cpu"
)


@parametrize_with_checks([TINY], expected_failed_checks=lambda _: EXCUSED, xfail_strict=True)
def test_conventions(estimator, check):
    check(estimator)
