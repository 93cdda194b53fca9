"""Messages of docs/bad-input.md: runs, folders and locks."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from messages.entry import Names, Section
from messages.files import NEW, grey, interrupted, pictures_again, saved, written

entry = Section("Runs, folders and locks")


def in_use(folder: Path) -> Names:
    """A process that owns the folder of a run."""
    (folder / "runs" / "new").mkdir()
    hold = (
        "import sys, time; from pathlib import Path; from micvae.locks import owned\n"
        "with owned(Path('runs/new')): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, cwd=folder)
    assert process.stdout is not None and process.stdout.readline()
    process.stdout.close()
    return {"process": process.pid, "_kept": process}


def changed(folder: Path) -> None:
    """A run whose data is another one now."""
    pictures_again(folder)
    (folder / "backup").mkdir()
    (folder / "photos.npy").rename(folder / "backup" / "photos.npy")
    saved("photos.npy", 255 - grey(128))(folder)


entry(
    "A run of another configuration",
    "<folder> holds a run of another configuration (<difference>); choose another --out, or remove "
    "the folder.",
    meaning="A folder holds one run. The same command goes on with it, another one does not "
    "replace it.",
    given='micvae train vae --data "squares(n=128)" --latent-dim 5 --out runs/first',
    remedy="Choose another folder.",
    fix='micvae train vae --data "squares(n=128)" --latent-dim 5 --out runs/second',
)

entry(
    "A folder that holds something else",
    "<folder> exists and is not a run; choose another --out.",
    meaning="Files that micvae did not write are never replaced.",
    given=NEW.format("thesis"),
    remedy="Choose a new folder.",
    fix=NEW.format("thesis/runs/new"),
    prepare=written("thesis/chapter.tex", "years of work"),
)

entry(
    "A file that is not replaced",
    "out: <file> exists and is not <what>; choose another --out, or remove the file.",
    meaning="A command replaces a file only where the same command wrote it.",
    given='micvae encode runs/first "squares(n=8)" --out codes.csv',
    remedy="Choose another name.",
    fix='micvae encode runs/first "squares(n=8)" --out latents.csv',
    prepare=written("codes.csv", "secret,agents\n0,0,7\n"),
)

entry(
    "An output folder of another command",
    "out: <folder> contains files that micvae <command> does not write, such as <file>; "
    "choose another --out.",
    meaning="A command replaces only what it wrote before.",
    given="micvae export runs/first --out thesis",
    remedy="Choose another folder.",
    fix="micvae export runs/first --out thesis/onnx",
    prepare=written("thesis/chapter.tex", "years of work"),
)

entry(
    "A folder that is no run",
    "<folder> is not a run, nor a shared model: it has neither run.json nor config.json; give the "
    "--out of micvae train or micvae share.",
    meaning="The folder is not there, or is the one above.",
    given='micvae encode runs "squares(n=8)" --out codes.csv',
    remedy="Give the folder that holds `run.json`.",
    fix='micvae encode runs/first "squares(n=8)" --out codes.csv',
)

entry(
    "A run that is not finished",
    "<folder> is not finished; run the same micvae train command again to go on.",
    meaning="The training was interrupted.",
    given="micvae report runs/new",
    remedy="Give the command of the training again. It goes on from the last checkpoint.",
    fix=NEW.format("runs/new"),
    again=True,
    prepare=interrupted,
)

entry(
    "A run that is in use",
    "<folder> is in use by process <number> on <host>; wait until it ends, or stop it, and give "
    "the command again.",
    meaning="Another process is training in this folder. A process that was killed does not count: "
    "its folder is free at once on the same machine, and after ten minutes on another.",
    given=NEW.format("runs/new"),
    remedy="Wait until the process ends, or stop it.",
    fix="kill <process>",
    again=True,
    prepare=in_use,
)

entry(
    "Data that has changed",
    "the data at <data> has changed since <folder> was made; restore it, or train again with "
    "another --out.",
    words="has changed since",
    meaning="The file does not hold the samples that the run was trained on, so an audit would "
    "mix two data sets.",
    given="micvae audit runs/new --quick",
    remedy="Put the file back, or train again in another folder.",
    fix="cp backup/photos.npy photos.npy",
    again=True,
    prepare=changed,
)

entry(
    "An array that is not stored with the run",
    "<folder> was trained on an array, which is not stored with it; store both by "
    "Disentangler.save(path, data=X).",
    meaning="`model.save(path)` stores the model and its codes. An audit reads the samples, too.",
    given="micvae audit runs/mine --quick",
    remedy="Save the model again, with its data.",
    fix="""model.save("runs/with_data", data=X)""",
    then="micvae audit runs/with_data --quick",
    prepare=lambda folder: _saved_model(folder),
)

entry(
    "A folder without a report",
    "<folder> holds neither a run (run.json) nor a study (study.json); give the --out of micvae "
    "train, micvae study, ….",
    meaning="A report is made of the folder that a command wrote.",
    given="micvae report runs",
    remedy="Give the folder of one run, or of a study.",
    fix="micvae report runs/first",
)

entry(
    "A run given twice",
    "a run is given twice; give each run once.",
    meaning="A run compared with itself says nothing.",
    given="micvae audit runs/first runs/first --quick",
    remedy="Give each run once.",
    fix="micvae audit runs/first --quick",
)


def _saved_model(folder: Path) -> Names:
    from micvae import Disentangler

    images = grey(128) / np.float32(255)
    model = Disentangler("vae", latent_dim=2, epochs=1, device="cpu").fit(images)
    model.save(folder / "runs" / "mine")
    return {"model": model, "X": images}
