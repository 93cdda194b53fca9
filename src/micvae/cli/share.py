"""`micvae share`: a trained model as a folder that can be sent, or on the Hugging Face hub."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from micvae.cli.display import busy, say
from micvae.cli.outputs import check_folder_name
from micvae.cli.parsing import parse
from micvae.errors import MicvaeError
from micvae.files import check_writable
from micvae.training.run import Run


def share(arguments: list[str]) -> None:
    """`micvae share RUN`."""

    @dataclass(frozen=True)
    class Share:
        """Write a trained model with its model card in the Hugging Face layout, or publish it.

        The files are config.json, model.safetensors and README.md, filled with the numbers of the
        run. They contain no path of this machine. Run micvae evaluate first to include scores in
        the card.
        """

        run: Positional[Path] = Path()
        """Folder of a trained run."""
        out: Path | None = None
        """Folder to write."""
        repo: str | None = None
        """OWNER/NAME on the hub to publish to."""
        public: bool = False
        """With --repo: whether a new repository is public."""
        licence: str | None = None
        """Identifier of the licence for the card, such as apache-2.0."""
        intervals: bool = True
        """Whether to compute bootstrap intervals of the scores for the card (some seconds)."""

    parsed = parse(Share, arguments, "share", Share())
    if parsed.run == Path() or (parsed.out is None) == (parsed.repo is None):
        raise MicvaeError("share needs a RUN, and either --out FOLDER or --repo OWNER/NAME.")
    if parsed.out is not None:
        check_folder_name(parsed.out)
    from micvae.sharing.hub import push_to_hub, save_pretrained

    if parsed.out is not None:
        check_writable(parsed.out)
    run = Run(parsed.run)
    licence, intervals = parsed.licence, parsed.intervals
    with busy(f"sharing {run.path}"):
        if parsed.repo is not None:
            private = not parsed.public
            where = push_to_hub(
                run, parsed.repo, private=private, licence=licence, intervals=intervals
            )
        elif parsed.out is not None:
            where = str(save_pretrained(run, parsed.out, licence=licence, intervals=intervals))
    say(f"shared: {where}")
    if run.scores() is None:
        say(f"note: the card has no scores; micvae evaluate {run.path} adds them.")
