"""Inference along chains against enumeration, dense Gaussians and exact likelihoods."""

import itertools
import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from micvae.distributions.chains import forward_backward, log_partition, smooth
from micvae.distributions.switching import SwitchingDynamics, _Rules
from micvae.errors import MicvaeError

# Double precision throughout: sums of some hundred terms of size 1 to 100 agree to 1e−10.
EXACT = {"rtol": 1e-9, "atol": 1e-9}
T, B, D, K = 5, 2, 3, 2


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def dynamics(states=K, order=2, sources=D, seed=0):
    """Every parameter away from where training starts."""
    made = SwitchingDynamics(sources, states, order, torch.Generator().manual_seed(seed)).double()
    with torch.no_grad():
        for i, parameter in enumerate(made.parameters()):
            parameter.add_(0.08 * normal(*parameter.shape, seed=i + 1))
    return made


def evidence(seed=3, time=T):
    return normal(time, B, D, seed=seed), normal(time, B, D, seed=seed + 1).exp()


BEGINS = torch.zeros(T, B, dtype=torch.bool)
BEGINS[3, 1] = True  # the second window reaches into another sequence


def test_forward_backward_is_the_sum_over_all_paths():
    e, m = normal(T, B, 3), normal(T - 1, B, 3, 3, seed=1)
    found = forward_backward(e, m)
    for b in range(B):
        paths = list(itertools.product(range(3), repeat=T))
        scores = torch.stack(
            [
                sum(e[t, b, path[t]] for t in range(T))
                + sum(m[t - 1, b, path[t - 1], path[t]] for t in range(1, T))
                for path in paths
            ]
        )
        torch.testing.assert_close(found.log_partition[b], scores.logsumexp(0), **EXACT)
        share = scores.softmax(0)
        for t, k in itertools.product(range(T), range(3)):
            there = torch.tensor([path[t] == k for path in paths])
            torch.testing.assert_close(found.states[t, b, k], share[there].sum(), **EXACT)
        for t, j, k in itertools.product(range(1, T), range(3), range(3)):
            moved = torch.tensor([path[t - 1] == j and path[t] == k for path in paths])
            torch.testing.assert_close(found.moves[t - 1, b, j, k], share[moved].sum(), **EXACT)


def test_forward_backward_survives_evidence_that_underflows():
    """exp(−10⁵) is 0 in any precision; in logarithms nothing is lost."""
    e, m = normal(T, B, 3) - 1e5, normal(T - 1, B, 3, 3, seed=1)
    near = forward_backward(e + 1e5, m)
    far = forward_backward(e, m)
    # Rounding at the size of the shifted numbers: 5e5 · 2e−16.
    torch.testing.assert_close(far.states, near.states, rtol=1e-8, atol=1e-8)


def test_the_gradient_of_the_log_partition_is_the_posterior():
    e = normal(T, B, 3).requires_grad_()
    m = normal(T - 1, B, 3, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(log_partition, (e, m))


def chain(d=2, seed=0):
    """Quadratic forms of a proper chain, which starts anew in one place."""
    root = normal(T, B, 2 * d, 2 * d, seed=seed)
    form = root @ root.mT + 0.1 * torch.eye(2 * d)
    form[0, :, :d, d:] = form[0, :, d:, :] = 0
    form[3, 1, :d, d:] = form[3, 1, d:, :] = 0
    linear = normal(T, B, 2 * d, 1, seed=seed + 1)
    linear[0, :, d:] = linear[3, 1, d:] = 0
    own = torch.cat([form[..., :d, :d], linear[..., :d, :]], dim=-1)
    past = torch.cat([form[..., d:, d:], linear[..., d:, :]], dim=-1)
    return own, form[..., :d, d:], past


def dense(own, cross, past, b):
    """The same chain as one Gaussian over all times."""
    d = own.shape[-2]
    precision = torch.zeros(T * d, T * d, dtype=torch.float64)
    h = torch.zeros(T * d, dtype=torch.float64)
    for t in range(T):
        at, before = slice(t * d, (t + 1) * d), slice((t - 1) * d, t * d)
        precision[at, at] += own[t, b, :, :d]
        h[at] += own[t, b, :, d]
        if t:
            precision[before, before] += past[t, b, :, :d]
            h[before] += past[t, b, :, d]
            precision[at, before] += cross[t, b]
            precision[before, at] += cross[t, b].T
    return MultivariateNormal(torch.linalg.solve(precision, h), precision_matrix=precision)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_smoothing_is_conditioning_of_one_large_gaussian(d):
    parts = chain(d)
    found = smooth(*parts)
    for b in range(B):
        whole = dense(*parts, b)
        torch.testing.assert_close(found.mean[:, b].flatten(), whole.mean, **EXACT)
        covariance = whole.covariance_matrix.view(T, d, T, d)
        for t in range(T):
            torch.testing.assert_close(found.covariance[t, b], covariance[t, :, t], **EXACT)
            if t:
                lagged = covariance[t, :, t - 1]
                torch.testing.assert_close(found.lagged[t, b], lagged, **EXACT)
        torch.testing.assert_close(found.entropy[b], whole.entropy(), **EXACT)
    assert found.lagged[0].abs().max() == 0 and found.lagged[3, 1].abs().max() == 0


def log_likelihood(h, precision, means, covariance):
    """log ∫ N(y; means, covariance) Π_t exp(h s_t − ½ precision s_t²) dy, one chain."""
    inverse = torch.linalg.inv(covariance)
    told = torch.zeros_like(means)
    told[:, 0] = h
    seen = torch.zeros_like(means)
    seen[:, 0] = precision
    after = inverse + torch.diag(seen.flatten())
    linear = inverse @ means.flatten() + told.flatten()
    exponent = linear @ torch.linalg.solve(after, linear)
    exponent = exponent - means.flatten() @ inverse @ means.flatten()
    return 0.5 * (exponent + torch.logdet(inverse) - torch.logdet(after))


def joint(of, source, path, begins):
    """Mean `(T, d)` and covariance of y given a path of hidden states, by substitution."""
    d = of.shift.shape[-1]
    means, rows, noise = [], [], []
    for t, k in enumerate(path):
        row = torch.zeros(d, len(path) * d, dtype=torch.float64)
        row[:, t * d : (t + 1) * d] = torch.eye(d)
        if begins[t]:
            means.append(of.first_shift[source, k])
            noise.append((-of.first_log_precision[source, k]).exp())
        else:
            means.append(of.matrix[source, k] @ means[-1] + of.shift[source, k])
            row = row + of.matrix[source, k] @ rows[-1]
            noise.append((-of.log_precision[source, k]).exp())
        rows.append(row)
    spread = torch.cat(rows)
    return torch.stack(means), spread @ torch.diag(torch.cat(noise)) @ spread.T


def exact(of, h, precision, begins, source):
    """log p(evidence) of a source of one window, over all paths of hidden states."""
    start, move = of.start[source].log_softmax(-1), of.move[source].log_softmax(-1)
    terms = []
    for path in itertools.product(range(of.start.shape[1]), repeat=T):
        log_prior = start[path[0]]
        for t in range(1, T):
            log_prior = log_prior + (start if begins[t] else move[path[t - 1]])[path[t]]
        terms.append(log_prior + log_likelihood(h, precision, *joint(of, source, path, begins)))
    return torch.stack(terms).logsumexp(0)


def bound(of, h, precision, iterations):
    """E_q log evidence − KL, the bound on `exact`, `(B, D)`."""
    found = of(h, precision, BEGINS, iterations)
    second = found.mean**2 + found.variance
    return (h * found.mean - 0.5 * precision * second).sum(0) - found.kl


def every_exact(of, h, precision):
    begins = BEGINS.clone()
    begins[0] = True
    return torch.stack(
        [
            torch.stack(
                [exact(of, h[:, b, n], precision[:, b, n], begins[:, b], n) for n in range(D)]
            )
            for b in range(B)
        ]
    )


@pytest.mark.parametrize("order", [1, 2])
def test_with_one_state_the_bound_is_the_exact_likelihood(order):
    """The posterior is Gaussian then, so that one turn finds it."""
    of, (h, precision) = dynamics(1, order), evidence()
    with torch.no_grad():
        torch.testing.assert_close(
            bound(of, h, precision, 1), every_exact(of, h, precision), **EXACT
        )


def test_for_a_linear_mixing_it_is_the_likelihood_of_what_is_observed():
    """x = C s + noise, the columns of C orthogonal so that no source's evidence needs another."""
    of, features, scale = dynamics(1), 4, 0.7
    mixing = torch.linalg.qr(normal(features, D, seed=8))[0] * torch.tensor([0.5, 1.0, 2.0])
    x = normal(T, features, seed=9)
    begins = torch.zeros(T, 1, dtype=torch.bool)
    h = (x @ mixing / scale**2)[:, None]
    precision = (mixing.square().sum(0) / scale**2).expand(T, 1, D)
    with torch.no_grad():
        found = of(h, precision, begins, 1)
        off = (x - found.mean[:, 0] @ mixing.T).square().sum()
        off = off + (found.variance[:, 0] @ mixing.square().T).sum()
        seen = -0.5 * off / scale**2 - 0.5 * x.numel() * math.log(2 * math.pi * scale**2)
        begins[0] = True
        mean = torch.zeros(T, features, dtype=torch.float64)
        covariance = scale**2 * torch.eye(T * features, dtype=torch.float64)
        for n in range(D):
            means, spread = joint(of, n, [0] * T, begins[:, 0])
            mean = mean + means[:, :1] * mixing[:, n]
            own = spread[::2, ::2]  # the first coordinate at every time
            covariance = covariance + torch.kron(own, torch.outer(mixing[:, n], mixing[:, n]))
        exact_ = MultivariateNormal(mean.flatten(), covariance).log_prob(x.flatten())
    torch.testing.assert_close(seen - found.kl.sum(), exact_, **EXACT)


def test_with_two_states_it_is_a_lower_bound_that_no_turn_lowers():
    """From the second turn on: the first of several is made with less weight on the dynamics."""
    of, (h, precision) = dynamics(), evidence()
    with torch.no_grad():
        bounds = torch.stack([bound(of, h, precision, turns) for turns in range(2, 9)])
        truth = every_exact(of, h, precision)
    assert (bounds.diff(dim=0) > -1e-10).all() and (bounds[-1] > bounds[0] + 1e-4).any()
    assert (bounds < truth).all()


def test_states_of_the_same_dynamics_cost_nothing():
    """Then q(y) q(u) is exact again, whatever the hidden states' moves are."""
    of, (h, precision) = dynamics(), evidence()
    with torch.no_grad():
        for name in ("matrix", "shift", "log_precision", "first_shift", "first_log_precision"):
            part = getattr(of, name)
            setattr(of, name, part[:, :1].expand_as(part).clone())
        torch.testing.assert_close(
            bound(of, h, precision, 1), every_exact(of, h, precision), **EXACT
        )


def test_gradients_are_those_of_finite_differences():
    """With one turn the q(u) that q(y) is made from is constant, so that no part is left out."""
    of, (h, precision) = dynamics(), evidence()
    names = [name for name, _ in of.named_parameters()]

    def total(h, precision, *parameters):
        values = dict(zip(names, parameters, strict=True))
        found = torch.func.functional_call(of, values, (h, precision, BEGINS, 1))
        return found.mean, found.variance, found.kl

    inputs = [h.requires_grad_(), precision.requires_grad_(), *of.parameters()]
    assert torch.autograd.gradcheck(total, inputs, fast_mode=True)


def test_what_went_before_a_sequence_says_nothing():
    of, (h, precision) = dynamics(), evidence()
    with torch.no_grad():
        one = of(h, precision, BEGINS, 3)
        h[:3, 1], precision[:3, 1] = -5.0, 7.0
        two = of(h, precision, BEGINS, 3)
    torch.testing.assert_close(one.mean[3:, 1], two.mean[3:, 1], **EXACT)
    assert not torch.allclose(one.mean[:3, 1], two.mean[:3, 1])


def test_impossible_dynamics_are_refused():
    with pytest.raises(MicvaeError, match="order 0"):
        SwitchingDynamics(2, 2, 0, torch.Generator())


def test_rules_are_log_densities():
    """At one point, a chain of no spread: −½ vᵀ W v + c is the Gaussian's log-density."""
    of = dynamics(order=1)
    chain_ = smooth(
        torch.cat([torch.full((T, B, D, 1, 1), 1e12), 1e12 * normal(T, B, D, 1, 1)], dim=-1),
        torch.zeros(T, B, D, 1, 1, dtype=torch.float64),
        torch.zeros(T, B, D, 1, 2, dtype=torch.float64),
    )
    with torch.no_grad():
        found = _Rules(of, BEGINS, torch.float64).evidence(chain_)
        y = chain_.mean
        ahead = torch.einsum("nkij,tbnj->tbnki", of.matrix, y[:-1]) + of.shift
        scale = (-0.5 * of.log_precision).exp()
        density = torch.distributions.Normal(ahead, scale).log_prob(y[1:].unsqueeze(-2)).sum(-1)
    for t, b in itertools.product(range(1, T), range(B)):
        if not BEGINS[t, b]:
            # 1e−12 of spread times precisions of some tens.
            torch.testing.assert_close(found[t, b], density[t - 1, b], rtol=1e-8, atol=1e-8)
    assert math.isfinite(found.sum())
