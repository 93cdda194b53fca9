"""Methods: one short file each, listed here."""

from micvae import spelling
from micvae.errors import MicvaeError, nearest
from micvae.objectives.ada_vae import AdaGVAE, AdaMLVAE
from micvae.objectives.annealed_vae import AnnealedVAE
from micvae.objectives.base import Losses, Objective, Step
from micvae.objectives.beta_tcvae import BetaTCVAE
from micvae.objectives.beta_vae import BetaVAE
from micvae.objectives.cs_isolate import CSIsolate
from micvae.objectives.dip_vae import DIPVAEI, DIPVAEII
from micvae.objectives.factor_qvae import FactorQVAE
from micvae.objectives.factor_vae import FactorVAE
from micvae.objectives.fast_ica import FastICA
from micvae.objectives.fsq import FSQ
from micvae.objectives.hfs import HFS
from micvae.objectives.ima_vae import IMAVAE
from micvae.objectives.info_gan import InfoGAN
from micvae.objectives.info_vae import InfoVAE
from micvae.objectives.isometric_ica import IsometricICA
from micvae.objectives.ivae import IVAE
from micvae.objectives.joint_vae import JointVAE
from micvae.objectives.mi_constrained import MIConstrained
from micvae.objectives.pcl import PCL
from micvae.objectives.qlae import QLAE
from micvae.objectives.semi_supervised import SemiSupervised
from micvae.objectives.slow_vae import SlowVAE
from micvae.objectives.snica import SNICA
from micvae.objectives.sparse_vae import SparseVAE
from micvae.objectives.tcl import TCL
from micvae.objectives.tripod import Tripod
from micvae.objectives.vae import VAEObjective

METHODS: dict[str, type[Objective]] = {
    "vae": VAEObjective,
    "mi-constrained": MIConstrained,
    "beta-vae": BetaVAE,
    "annealed-vae": AnnealedVAE,
    "beta-tcvae": BetaTCVAE,
    "factor-vae": FactorVAE,
    "dip-vae-i": DIPVAEI,
    "dip-vae-ii": DIPVAEII,
    "info-vae": InfoVAE,
    "hfs": HFS,
    "joint-vae": JointVAE,
    "qlae": QLAE,
    "fsq": FSQ,
    "tripod": Tripod,
    "factor-qvae": FactorQVAE,
    "infogan": InfoGAN,
    "ada-gvae": AdaGVAE,
    "ada-ml-vae": AdaMLVAE,
    "semi-supervised": SemiSupervised,
    "cs-isolate": CSIsolate,
    "ivae": IVAE,
    "tcl": TCL,
    "pcl": PCL,
    "slow-vae": SlowVAE,
    "snica": SNICA,
    "fast-ica": FastICA,
    "isometric-ica": IsometricICA,
    "ima-vae": IMAVAE,
    "sparse-vae": SparseVAE,
}
spelling.register(Objective, METHODS, "method")

__all__ = [
    "DIPVAEI",
    "DIPVAEII",
    "FSQ",
    "HFS",
    "IMAVAE",
    "IVAE",
    "METHODS",
    "PCL",
    "QLAE",
    "SNICA",
    "TCL",
    "AdaGVAE",
    "AdaMLVAE",
    "AnnealedVAE",
    "BetaTCVAE",
    "BetaVAE",
    "CSIsolate",
    "FactorQVAE",
    "FactorVAE",
    "FastICA",
    "InfoGAN",
    "InfoVAE",
    "IsometricICA",
    "JointVAE",
    "Losses",
    "MIConstrained",
    "Objective",
    "SemiSupervised",
    "SlowVAE",
    "SparseVAE",
    "Step",
    "Tripod",
    "VAEObjective",
    "find",
]


def find(text: str) -> Objective:
    """Turn `mi-constrained`, `mi-constrained:paper` or `vae(beta=4)` into an objective.

    Raises:
        MicvaeError: for an unknown method or preset; the known ones are listed.

    Examples:
        >>> from micvae.objectives import find
        >>> find("beta-vae(beta=2)")
        BetaVAE(beta=Constant(value=2.0))
        >>> find("mi-constrained:paper").mi_weight
        Constant(value=10.0)
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
