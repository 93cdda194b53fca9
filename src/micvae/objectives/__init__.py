"""What is minimised: one short file per method, listed here and nowhere else."""

from micvae import spelling
from micvae.errors import MicvaeError, nearest
from micvae.objectives.ada_vae import AdaGVae, AdaMlVae
from micvae.objectives.annealed_vae import AnnealedVae
from micvae.objectives.base import Losses, Objective, Step
from micvae.objectives.beta_tcvae import BetaTcVae
from micvae.objectives.beta_vae import BetaVae
from micvae.objectives.cs_isolate import CsIsolate
from micvae.objectives.dip_vae import DipVaeI, DipVaeII
from micvae.objectives.factor_qvae import FactorQVae
from micvae.objectives.factor_vae import FactorVae
from micvae.objectives.fast_ica import FastIca
from micvae.objectives.fsq import Fsq
from micvae.objectives.hfs import Hfs
from micvae.objectives.ima_vae import ImaVae
from micvae.objectives.info_gan import InfoGan
from micvae.objectives.info_vae import InfoVae
from micvae.objectives.isometric_ica import IsometricIca
from micvae.objectives.ivae import IVae
from micvae.objectives.joint_vae import JointVae
from micvae.objectives.mi_constrained import MIConstrained
from micvae.objectives.pcl import Pcl
from micvae.objectives.qlae import Qlae
from micvae.objectives.semi_supervised import SemiSupervised
from micvae.objectives.slow_vae import SlowVae
from micvae.objectives.snica import Snica
from micvae.objectives.sparse_vae import SparseVae
from micvae.objectives.tcl import Tcl
from micvae.objectives.tripod import Tripod
from micvae.objectives.vae import Vae

METHODS: dict[str, type[Objective]] = {
    "vae": Vae,
    "mi-constrained": MIConstrained,
    "beta-vae": BetaVae,
    "annealed-vae": AnnealedVae,
    "beta-tcvae": BetaTcVae,
    "factor-vae": FactorVae,
    "dip-vae-i": DipVaeI,
    "dip-vae-ii": DipVaeII,
    "info-vae": InfoVae,
    "hfs": Hfs,
    "joint-vae": JointVae,
    "qlae": Qlae,
    "fsq": Fsq,
    "tripod": Tripod,
    "factor-qvae": FactorQVae,
    "infogan": InfoGan,
    "ada-gvae": AdaGVae,
    "ada-ml-vae": AdaMlVae,
    "semi-supervised": SemiSupervised,
    "cs-isolate": CsIsolate,
    "ivae": IVae,
    "tcl": Tcl,
    "pcl": Pcl,
    "slow-vae": SlowVae,
    "snica": Snica,
    "fast-ica": FastIca,
    "isometric-ica": IsometricIca,
    "ima-vae": ImaVae,
    "sparse-vae": SparseVae,
}
spelling.register(Objective, METHODS, "method")

__all__ = [
    "METHODS",
    "AdaGVae",
    "AdaMlVae",
    "AnnealedVae",
    "BetaTcVae",
    "BetaVae",
    "CsIsolate",
    "DipVaeI",
    "DipVaeII",
    "FactorQVae",
    "FactorVae",
    "FastIca",
    "Fsq",
    "Hfs",
    "IVae",
    "ImaVae",
    "InfoGan",
    "InfoVae",
    "IsometricIca",
    "JointVae",
    "Losses",
    "MIConstrained",
    "Objective",
    "Pcl",
    "Qlae",
    "SemiSupervised",
    "SlowVae",
    "Snica",
    "SparseVae",
    "Step",
    "Tcl",
    "Tripod",
    "Vae",
    "find",
]


def find(text: str) -> Objective:
    """Turn `mi-constrained`, `mi-constrained:paper` or `vae(beta=4)` into an objective.

    Raises:
        MicvaeError: for an unknown method or preset; the known ones are listed.
    """
    name, colon, preset = text.partition(":")
    if not colon or "(" in name:
        return spelling.read(text, Objective)
    presets = type(spelling.read(name, Objective)).presets()
    if not presets:
        raise MicvaeError(f"{name} has no presets, so no preset {preset!r}; leave :{preset} out.")
    if preset not in presets:
        raise MicvaeError(
            f"{name} has no preset {preset!r}{nearest(preset, presets)}; choose from "
            f"{', '.join(presets)}."
        )
    return presets[preset]
