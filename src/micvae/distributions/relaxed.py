"""Categories drawn with a gradient: the Gumbel-softmax."""

from __future__ import annotations

import torch
from torch import Tensor


def gumbel_softmax(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """A relaxed one-hot sample of the categories on the last axis; it sums to 1.

    References:
        *Categorical Reparameterization with Gumbel-Softmax*, Jang, Gu & Poole, 2017.
        *The Concrete Distribution*, Maddison, Mnih & Teh, 2017.
    """
    exponential = torch.empty_like(logits).exponential_(generator=generator)
    gumbel = -exponential.clamp_min(torch.finfo(logits.dtype).tiny).log()
    return ((logits + gumbel) / temperature).softmax(-1)


def kl_to_uniform(logits: Tensor, count: int) -> Tensor:
    """KL of the categories on the last axis to equal probabilities of `count`, nats."""
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    return (p * (log_p + torch.tensor(float(count)).log())).nan_to_num(0.0).sum(-1)
