"""What theory says that a method identifies, and under which conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["proved", "partly proved"]

ELEMENTWISE = "permutation and elementwise maps"
SCALED = "permutation, scale and shift"

NOT_IDENTIFIED = (
    "Nothing in the objective identifies the latents: another model with the same fit may mix them "
    "in any way. Read a latent as a factor only as far as scores on known factors, or agreement "
    "between seeds, support it."
)


@dataclass(frozen=True)
class Identifiability:
    """A theorem, or part of one, on the latents of a method.

    It is about the optimum of the objective with infinitely many samples. Whether data meets the
    conditions is an assumption, and whether training reached the optimum is another question.

    Args:
        up_to: the ambiguity that is left, such as "permutation and elementwise maps".
        given: the conditions, as a clause that follows "if".
        source: authors and year.
        evidence: `proved` for a theorem about the method; `partly proved` where the theorem
            covers less than the method, or excludes only some of the wrong solutions.
        remark: one more sentence that a reader of the latents must know, or "".
    """

    up_to: str
    given: str
    source: str
    evidence: Evidence = "proved"
    remark: str = ""

    def __str__(self) -> str:
        """Return the statement as sentences."""
        verb = "are identified" if self.evidence == "proved" else "may be identified"
        proved = "proved" if self.evidence == "proved" else "proved in part"
        return (
            f"Latents {verb} up to {self.up_to} if {self.given} ({proved}: {self.source})."
            f"{f' {self.remark}' if self.remark else ''} This is a statement on the optimum with "
            "infinite data. Whether this data meets the conditions is an assumption, and whether "
            "training reached the optimum is not tested by it."
        )


def statement(identifiability: Identifiability | None) -> str:
    """Say in sentences what is identified; `NOT_IDENTIFIED` where nothing is."""
    return NOT_IDENTIFIED if identifiability is None else str(identifiability)


def short(identifiability: Identifiability | None) -> str:
    """Say in a few words up to what latents are identified; empty where nothing is."""
    if identifiability is None:
        return ""
    return identifiability.up_to + (
        " (proved in part)" if identifiability.evidence != "proved" else ""
    )
