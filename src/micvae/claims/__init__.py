"""Published claims, each reproduced or refuted by one command: `micvae reproduce CLAIM`."""

from micvae.claims.claim import Claim, Finished, Published, Source
from micvae.claims.ledger import CLAIMS, find_claim
from micvae.claims.record import ClaimRecord
from micvae.claims.verdict import Comparison, Level, Verdict, judge

__all__ = [
    "CLAIMS",
    "Claim",
    "ClaimRecord",
    "Comparison",
    "Finished",
    "Level",
    "Published",
    "Source",
    "Verdict",
    "find_claim",
    "judge",
]
