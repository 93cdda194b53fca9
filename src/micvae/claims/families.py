"""Claims of one design: what they share stands here, what is their own in the claim's file."""

from micvae.claims.claim import Claim, Published, Source
from micvae.claims.measures import AtEqualReconstruction, Best, Of, Score, each, total_correlation
from micvae.claims.settings import SPRITES, SQUARES, setting
from micvae.claims.verdict import Comparison

BETA_VAE = tuple(f"beta-vae(beta={beta})" for beta in (1, 2, 4, 8))
UNSUPERVISED = ("vae", "beta-vae", "beta-tcvae", "factor-vae", "dip-vae-ii")
BEST = "best of five without supervision"
DATA = "squares(n=10240, seed={seed})"


def trade_off(
    name: str,
    row: str,
    methods: tuple[str, ...],
    statement: str,
    source: Source,
    on: str,
    differs: tuple[str, ...],
) -> Claim:
    """A method against β-VAE at equal reconstruction on dSprites, each at four strengths.

    Args:
        name: of the claim.
        row: label of the method.
        methods: the method at each strength.
        statement: the claim.
        source: where it is published.
        on: what the source measures on.
        differs: what differs from the source, beyond what all these claims share.
    """
    tc = "total correlation under a Gaussian fit"
    return Claim(
        name=name,
        statement=statement,
        source=source,
        published=(
            Published(row=row, said="above β-VAE over the range of reconstructions", on=on),
        ),
        quantity="MIG at equal reconstruction",
        trainings={
            method: setting(method, "dsprites(n=10240, seed={seed})", **SPRITES)
            for method in (*methods, *BETA_VAE)
        },
        rows={
            row: AtEqualReconstruction(methods, BETA_VAE, Score("mig")),
            "beta-vae": AtEqualReconstruction(BETA_VAE, methods, Score("mig")),
        },
        beside={
            f"{tc}, {row}": AtEqualReconstruction(methods, BETA_VAE, total_correlation),
            f"{tc}, beta-vae": AtEqualReconstruction(BETA_VAE, methods, total_correlation),
        },
        scored=True,
        comparisons=(Comparison(higher=row, lower="beta-vae"),),
        differs=(
            *differs,
            "10,240 redrawn images and 3,200 steps, where the authors take the published file "
            "and far more steps.",
            "Curves over four strengths, read where both methods reconstruct equally well; the "
            "authors show points.",
        ),
    )


def more_latents(
    name: str,
    methods: tuple[str, ...],
    metric: tuple[str, str],
    beside: tuple[str, str],
    statement: str,
    source: Source,
    published: tuple[str, str],
    differs: tuple[str, ...],
) -> Claim:
    """Quantised latents against others on squares, with twice as many latents as factors.

    Args:
        name: of the claim.
        methods: the method of the claim, and those that it is compared with.
        metric: name of the score, and what it is called.
        beside: another score that is shown.
        statement: the claim.
        source: where it is published.
        published: what the source says, and on what.
        differs: what differs from the source, beyond what all these claims share.
    """
    return Claim(
        name=name,
        statement=statement,
        source=source,
        published=(Published(row=methods[0], said=published[0], on=published[1]),),
        quantity=metric[1],
        trainings={method: setting(method, DATA, **SQUARES) for method in methods},
        rows=each(Score(metric[0]), *methods),
        beside={
            f"{beside[1]}, {row}": measure
            for row, measure in each(Score(beside[0]), *methods).items()
        },
        scored=True,
        comparisons=tuple(Comparison(higher=methods[0], lower=other) for other in methods[1:]),
        differs=(
            "Squares with three factors, instead of scenes with five to nine; twice as many "
            "latents as factors, as in the paper.",
            *differs,
        ),
    )


def against_unsupervised(
    name: str,
    method: str,
    statement: str,
    source: Source,
    published: tuple[str, str],
    differs: tuple[str, ...] = (),
) -> Claim:
    """A method with some supervision on squares against the best of five without.

    Args:
        name: of the claim.
        method: the method with supervision.
        statement: the claim.
        source: where it is published.
        published: what the source says, and on what.
        differs: what differs from the source, beyond what all these claims share.
    """
    score = Score("dci_disentanglement")
    return Claim(
        name=name,
        statement=statement,
        source=source,
        published=(Published(row=method, said=published[0], on=published[1]),),
        quantity="DCI disentanglement",
        trainings={one: setting(one, DATA, **SQUARES) for one in (method, *UNSUPERVISED)},
        rows=each(score, method) | {BEST: Best(tuple(Of(one, score) for one in UNSUPERVISED))},
        beside=each(score, *UNSUPERVISED),
        scored=True,
        comparisons=(Comparison(higher=method, lower=BEST),),
        differs=(
            "Squares with three factors, six latents and 3,200 steps, where the authors take ten "
            "latents and 300,000 steps on larger sets.",
            "The best method is chosen per seed by the score itself, which favours the methods "
            "without supervision.",
            *differs,
        ),
    )
