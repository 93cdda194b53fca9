"""Exact growth of many small regression trees on the same codes, compiled by Numba.

One tree per output (a class's residuals, say) is grown to a fixed depth by least squares, every
threshold between two training values being tried. All trees grow side by side: a feature's sorted
order is swept once per level, and the running sums of every tree's node are updated at each sample.
Nothing is binned: boosted trees owe part of their importances to splits that isolate few samples.

Several codes often split equally well, two copies of a latent for instance. Which one is taken is
drawn, each with the same probability, as in scikit-learn, which visits codes in random order.
"""

import numpy as np

from micvae.metrics.compiled import compiled

MIN_GAIN = 1e-15
TIED = 1e-12  # relative: sums of the same residuals in another order


@compiled
def _wins(random, better, tied, last_tied, d):  # type: ignore[no-untyped-def]
    """Whether a split by code d replaces the best so far, which it beats or equals.

    The n-th code that equals the best one replaces it with probability 1/n.

    Returns:
        Whether it does, how many codes are tied, and the last of them.
    """
    if better:
        return True, 1, d
    if last_tied == d:  # this code had its draw; of its equal thresholds the first one counts
        return False, tied, d
    random[0] += np.uint64(0x9E3779B97F4A7C15)  # splitmix64
    word = random[0]
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = (word ^ (word >> np.uint64(31))) / 2.0**64
    return uniform * (tied + 1) < 1.0, tied + 1, d


@compiled
def _sweep_root(order, last_of_value, gradient, total, best, feature, position, random):  # type: ignore[no-untyped-def]
    """Best split of the one node of every tree; see `_sweep`."""
    n, trees = gradient.shape
    left = np.zeros(trees)
    tied, last_tied = np.zeros(trees, np.int32), np.full(trees, -1, np.int32)
    whole = float(n)
    for d in range(order.shape[0]):
        left[:] = 0.0
        for i in range(n - 1):
            row = order[d, i]
            seen = float(i + 1)
            room = seen * (whole - seen)
            ends = last_of_value[d, i]
            for k in range(trees):
                left[k] += gradient[row, k]
                if ends:
                    difference = left[k] * whole - seen * total[k]
                    value, so_far = difference * difference, best[k] * room
                    if value > so_far * (1.0 - TIED):
                        wins, tied[k], last_tied[k] = _wins(
                            random, value > so_far * (1.0 + TIED), tied[k], last_tied[k], d
                        )
                        if wins:
                            best[k] = value / room
                            feature[k], position[k] = d, i


@compiled
def _sweep(  # type: ignore[no-untyped-def]
    order, last_of_value, gradient, node, total, count, best, feature, position, random
):
    """Best split of every node of every tree.

    A split after `seen` of `count` samples whose residuals sum to `left` of `total` reduces the
    squared error by (left·count − seen·total)² / (seen·(count − seen)·count); `best` holds it
    times count.
    """
    n, trees = gradient.shape
    nodes = len(total)
    left, seen = np.zeros((nodes, trees)), np.zeros((nodes, trees))
    tied, last_tied = np.zeros((nodes, trees), np.int32), np.full((nodes, trees), -1, np.int32)
    for d in range(order.shape[0]):
        left[:] = 0.0
        seen[:] = 0.0
        alone = True  # the sample before was the last of its value
        for i in range(n - 1):
            row = order[d, i]
            ends = last_of_value[d, i]
            if ends and alone:  # only the sample's own nodes have changed
                for k in range(trees):
                    p = node[row, k]
                    s, m, c = left[p, k] + gradient[row, k], seen[p, k] + 1.0, count[p, k]
                    left[p, k], seen[p, k] = s, m
                    difference, room = s * c - m * total[p, k], m * (c - m)
                    value, so_far = difference * difference, best[p, k] * room
                    if value > so_far * (1.0 - TIED) and room > 0:
                        wins, tied[p, k], last_tied[p, k] = _wins(
                            random, value > so_far * (1.0 + TIED), tied[p, k], last_tied[p, k], d
                        )
                        if wins:
                            best[p, k] = value / room
                            feature[p, k], position[p, k] = d, i
            else:
                for k in range(trees):
                    p = node[row, k]
                    left[p, k] += gradient[row, k]
                    seen[p, k] += 1.0
                if ends:
                    for p in range(nodes):
                        for k in range(trees):
                            m, c = seen[p, k], count[p, k]
                            difference, room = left[p, k] * c - m * total[p, k], m * (c - m)
                            value, so_far = difference * difference, best[p, k] * room
                            if value > so_far * (1.0 - TIED) and room > 0:
                                wins, tied[p, k], last_tied[p, k] = _wins(
                                    random,
                                    value > so_far * (1.0 + TIED),
                                    tied[p, k],
                                    last_tied[p, k],
                                    d,
                                )
                                if wins:
                                    best[p, k] = value / room
                                    feature[p, k], position[p, k] = d, i
            alone = ends


@compiled
def grow(depth, order, last_of_value, ranks, gradient, gain, random):  # type: ignore[no-untyped-def]
    """Grow one tree per column of `gradient`.

    Args:
        depth: of every tree.
        order: (D, n) training rows sorted by each code.
        last_of_value: (D, n) whether the next row in that order has another value.
        ranks: (M, D) dense ranks, the n training rows first.
        gradient: (n, S) residuals.
        gain: (D,) to which every split's reduction of the squared error is added.
        random: (1,) uint64, the state from which ties are drawn; it moves on.

    Returns:
        (M, S) leaf of every row, 0 to 2^depth − 1, and the number of splits.
    """
    n, trees = gradient.shape
    node = np.zeros((len(ranks), trees), np.uint8)
    splits = 0
    for level in range(depth):
        nodes = 1 << level
        total, count = np.zeros((nodes, trees)), np.zeros((nodes, trees))
        for row in range(n):
            for k in range(trees):
                total[node[row, k], k] += gradient[row, k]
                count[node[row, k], k] += 1.0
        best = MIN_GAIN * count
        feature = np.full((nodes, trees), -1, np.int32)
        position = np.zeros((nodes, trees), np.int32)
        if level == 0:
            _sweep_root(
                order, last_of_value, gradient, total[0], best[0], feature[0], position[0], random
            )
        else:
            _sweep(
                order, last_of_value, gradient, node, total, count, best, feature, position, random
            )
        limit = np.zeros((nodes, trees), np.int32)
        for p in range(nodes):
            for k in range(trees):
                d = feature[p, k]
                if d >= 0:
                    limit[p, k] = ranks[order[d, position[p, k]], d]
                    gain[d] += best[p, k] / count[p, k]
                    splits += 1
        for row in range(len(ranks)):
            for k in range(trees):
                p = node[row, k]
                d = feature[p, k]
                right = d >= 0 and ranks[row, d] > limit[p, k]
                node[row, k] = 2 * p + (1 if right else 0)
    return node, splits


@compiled
def advance(scores, leaf, gradient, weight, leaves, rate):  # type: ignore[no-untyped-def]
    """Add to scores (M, S) `rate` times a Newton step per leaf, from n rows' (n, S) terms."""
    n, trees = gradient.shape
    numerator, denominator = np.zeros((leaves, trees)), np.zeros((leaves, trees))
    for row in range(n):
        for k in range(trees):
            numerator[leaf[row, k], k] += gradient[row, k]
            denominator[leaf[row, k], k] += weight[row, k]
    for p in range(leaves):
        for k in range(trees):
            small = denominator[p, k] <= 1e-150
            numerator[p, k] = 0.0 if small else rate * numerator[p, k] / denominator[p, k]
    for row in range(len(scores)):
        for k in range(trees):
            scores[row, k] += numerator[leaf[row, k], k]
