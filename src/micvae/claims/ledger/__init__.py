"""The ledger: one short file per claim, and one line here."""

from importlib import import_module

from micvae.claims.claim import Claim
from micvae.errors import MicvaeError, nearest

CLAIMS: tuple[str, ...] = (
    "paper-table-1",
    "ivae-simulation",
    "ivae-contrastive",
    "tcl-simulation",
    "pcl-simulation",
    "slow-vae-simulation",
    "slow-vae-sprites",
    "snica-simulation",
    "ice-beem-comparison",
    "annealed-vae-order",
    "beta-tcvae-trade-off",
    "factor-vae-trade-off",
    "dip-vae-trade-off",
    "joint-vae-digits",
    "infogan-digits",
    "tripod-squares",
    "qlae-squares",
    "factor-qvae-squares",
    "hfs-correlated",
    "ada-gvae-pairs",
    "semi-supervised-labels",
    "cs-isolate-noise",
    "ima-vae-orthogonal",
    "sparse-vae-anchors",
    "isometric-ica-isometry",
    "fast-ica-linear",
    "infomec-known-codes",
    "dci-es-known-codes",
)
"""Every claim; `a-claim` is `CLAIM` of the module `a_claim`, which is imported when it is used."""


def find_claim(name: str) -> Claim:
    """The claim of a name.

    Raises:
        MicvaeError: for an unknown name; the known ones are listed.

    Examples:
        >>> find_claim("tcl-simulation").source.year
        2016
    """
    if name not in CLAIMS:
        raise MicvaeError(
            f"there is no claim {name!r}{nearest(name, CLAIMS)}; choose from {', '.join(CLAIMS)}."
        )
    claim: Claim = import_module(f"{__name__}.{name.replace('-', '_')}").CLAIM
    return claim
