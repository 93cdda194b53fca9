"""Messages of docs/bad-input.md: warnings."""

from pathlib import Path

import numpy as np

from messages.entry import Section
from messages.files import (
    NEW,
    TRAIN,
    frame,
    grey,
    interrupted,
    learner,
    numbers,
    pictures_again,
    rows,
    saved,
    with_photos,
)

entry = Section("Warnings")

entry(
    "A loss that still falls",
    "The loss still falls by <share> (<number> nats) an epoch; train longer: epochs=<number>.",
    meaning="Codes and scores of this model would change with more training. The command line and "
    "reports say the same.",
    given="""
from micvae import Disentangler

model = Disentangler("vae", latent_dim=2, batch_size=32, epochs=10)
model.fit(X)
""",
    remedy="Train for as many epochs as the message says.",
    fix="model.set_params(epochs=model.convergence_.epochs).fit(X)",
    prepare=lambda folder: {"X": grey(side=8) / np.float32(1000)},
)

entry(
    "Columns stored as float32",
    "column '<name>' of <data> is float32 and varies by <number> around <number>, which float32 "
    "resolves to <number> only; give it as float64, or subtract an offset before it is stored as "
    "float32.",
    meaning="The column lost digits before it was given.",
    given="model.fit(X)",
    remedy="Take the column from its source in double precision.",
    fix="""
X["time"] = source
model.fit(X)
""",
    prepare=learner(
        X=lambda: frame(time=(5_644_724 + 3 * numbers()[:, 2]).astype(np.float32)),
        source=lambda: 5_644_724 + 3 * numbers()[:, 2],
    ),
)

entry(
    "Rows of pictures that are not there",
    "<file>: <number> rows are left out, as the files do not exist (e.g. <file>).",
    meaning="`factors.csv` names pictures that the folder does not hold.",
    given=TRAIN.format("photos"),
    remedy="Remove the rows, or add the pictures.",
    fix="""sed -i "/^missing/d" photos/factors.csv""",
    again=True,
    prepare=with_photos(
        table=rows("file,size", lambda i: f",{i % 3}") + "missing-1.png,1\nmissing-2.png,2\n"
    ),
)

entry(
    "A given scale and the one of the model",
    "<array>: read with value_range=(<number>, <number>), as the description says; the model was "
    "trained on <dtype> with value_range=(<number>, <number>).",
    meaning="The pictures are read with another scale than those that the model was trained on.",
    given="micvae encode runs/new \"arrays('photos.npy', value_range=(0, 510))\" --out codes.csv",
    remedy="Leave the range out: pictures are then read as those of the training.",
    fix="micvae encode runs/new photos.npy --out codes.csv",
    prepare=pictures_again,
)

entry(
    "Feature names that were not fitted",
    "X has feature names, but Disentangler was fitted without feature names",
    meaning="The model was fitted to an array. The order of the columns cannot be checked.",
    given="""
model.fit(X.to_numpy())
model.transform(X)
""",
    remedy="Give arrays to both, or frames to both.",
    fix="model.transform(X.to_numpy())",
    prepare=learner(X=frame),
)

entry(
    "Sources that cannot be unmixed",
    "FastICA did not converge in <number> steps: some of the features may be Gaussian, and "
    "Gaussian ones cannot be unmixed.",
    meaning="Independent component analysis needs sources that are not Gaussian, but for one.",
    given="micvae train fast-ica --data readings.npy --latent-dim 12 --out runs/new",
    remedy="Ask for fewer latents, or use another method.",
    fix="micvae train vae --data readings.npy --latent-dim 12 --out runs/newer",
    prepare=saved("readings.npy", np.random.default_rng(0).normal(size=(1000, 12))),
)

entry(
    "A training that begins again",
    "training begins again: <reason>",
    meaning="The checkpoint of an interrupted training cannot be used. The training starts from "
    "its first step, and the result is the same.",
    given=NEW.format("runs/new"),
    remedy="Nothing is to be done. The finished run is not trained again.",
    fix=NEW.format("runs/new"),
    prepare=lambda folder: broken_checkpoint(folder),
)


def broken_checkpoint(folder: Path) -> None:
    interrupted(folder)
    (folder / "runs" / "new" / "checkpoint.safetensors").write_bytes(b"cut short")
