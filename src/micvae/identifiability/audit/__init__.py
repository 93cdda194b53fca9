"""The audit of trained models: measurements of generator, encoder, latents and conclusion.

`audit_runs` implements `micvae audit`; `audit_subject` takes any model with its data. How to read
it is in `docs/audit.md`.
"""

from micvae.identifiability.audit.run import FULL, QUICK, RESULT, Scale, audit_runs, audit_subject
from micvae.identifiability.audit.subject import Subject

__all__ = ["FULL", "QUICK", "RESULT", "Scale", "Subject", "audit_runs", "audit_subject"]
