"""Trust in labels, and targets for images with distrusted labels: the steps of DivideMix.

References:
    *DivideMix: Learning with Noisy Labels as Semi-supervised Learning*, Li, Socher & Hoi, 2020.
"""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor, nn

from micvae.networks import frozen_call

ROUNDS = 10  # of expectation maximisation, as published
FLOOR = 5e-4  # of the variances, of losses scaled to [0, 1]


def right(guesses: Tensor, labels: Tensor) -> Tensor:
    """Probability that each label is right, `(B,)`: 1 if the classifier agrees.

    Args:
        guesses: class probabilities, `(B, K)`.
        labels: one-hot labels, `(B, K)`.
    """
    surprise = -(guesses * labels).sum(1).clamp_min(1e-12).log()
    return torch.where(guesses.argmax(1) == labels.argmax(1), 1, lower(surprise))


def lower(losses: Tensor) -> Tensor:
    """Probability that each loss, `(B,)`, belongs to the lower of two Gaussians.

    The Gaussians are fitted by expectation maximisation to the losses, scaled to [0, 1].
    """
    scaled = (losses - losses.min()) / (losses.max() - losses.min()).clamp_min(1e-6)
    mean = scaled.new_tensor([0.0, 1.0])
    variance, share = (scaled.var(correction=0) + FLOOR).repeat(2), mean.new_ones(2) / 2
    member = scaled.new_empty(0)
    for _ in range(ROUNDS):
        apart = (scaled[:, None] - mean) ** 2
        member = (share.log() - 0.5 * (apart / variance + variance.log())).softmax(1)
        count = member.sum(0).clamp_min(1e-6)
        mean = (member * scaled[:, None]).sum(0) / count
        variance = (member * (scaled[:, None] - mean) ** 2).sum(0) / count + FLOOR
        share = count / count.sum()
    return member[:, mean.argmin()]


def targets(guesses: Tensor, labels: Tensor, trust: Tensor, temperature: float) -> Tensor:
    """Targets for both views, `(B, K)`: trusted labels, otherwise mean predictions.

    Args:
        guesses: class probabilities of both views, one after the other, `(2 B, K)`.
        labels: one-hot labels, `(B, K)`.
        trust: the weight of each label against the prediction, `(B,)` in [0, 1].
        temperature: probabilities are raised to its inverse and normalised.
    """
    one, two = guesses.chunk(2)
    mean = trust[:, None] * labels + (1 - trust[:, None]) * (one + two) / 2
    sharp = mean ** (1 / temperature)
    return sharp / sharp.sum(1, keepdim=True)


def parts(logits: Tensor, y: Tensor, trusted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three losses of a classifier, from its logits `(B, K)` and targets `(B, K)`.

    Returns:
        The cross-entropy of `trusted` rows, nats; the squared distance of the probabilities from
        the targets of the others; KL(1/K ‖ mean probabilities), nats. Each is a mean over its rows,
        0 without rows.
    """
    log_probabilities = logits.log_softmax(1)
    probabilities = log_probabilities.exp()
    known = trusted.to(logits)
    surprise = -(y * log_probabilities).sum(1)
    distance = (probabilities - y).square().sum(1)
    labelled = (known * surprise).sum() / known.sum().clamp_min(1)
    guessed = ((1 - known) * distance).sum() / (1 - known).sum().clamp_min(1)
    # The floor keeps the logarithm finite where a class is never predicted.
    unbalanced = -probabilities.mean(0).clamp_min(1e-6).log().mean() - log(logits.shape[1])
    return labelled, guessed, unbalanced


def both_sides(
    classifier: nn.Module,
    content: Tensor,
    y: Tensor,
    trusted: Tensor,
    weights: Sequence[float],
) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """The weighted sum of `parts`, for the encoder of the content and for the classifier.

    Both losses have the same value; each has gradients for one of the two only.

    Args:
        classifier: gives at least K logits, of which the first K count.
        content: inputs of the classifier, `(B, C)`.
        y: targets, `(B, K)`.
        trusted: which rows have a label, `(B,)`.
        weights: of the three parts.

    Returns:
        Both losses, and the parts.
    """
    above = parts(frozen_call(classifier, content)[:, : y.shape[1]], y, trusted)
    below = parts(classifier(content.detach())[:, : y.shape[1]], y, trusted)
    vector = content.new_tensor(weights)
    return torch.stack(above) @ vector, torch.stack(below) @ vector, above
