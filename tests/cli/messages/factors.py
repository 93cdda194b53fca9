"""Messages of docs/bad-input.md: factors and kinds."""

import numpy as np

from messages.entry import Section
from messages.files import (
    SCORE,
    TRAIN,
    csv,
    grey,
    learner,
    numbers,
    rows,
    scored,
    with_photos,
    zipped,
)

entry = Section("Factors and kinds")
AGES = csv("age,shape", lambda i: f"{18 + i * 37 % 45},{i % 3}", 200)

entry(
    "A guessed kind, in evaluate",
    "the kind of a factor is a guess: '<name>' is taken as <kind> (<number> distinct values); "
    "specify it by --factor-kinds, one for every factor in the order of the columns",
    meaning="A warning. Many repeated values may be a measurement (continuous) or classes "
    "(ordinal), and scores differ.",
    given=f"{SCORE} --metrics mig",
    remedy="Name the kind of every factor: continuous, ordinal, categorical or angular.",
    fix=f"{SCORE} --metrics mig --factor-kinds continuous categorical",
    prepare=scored(factors=AGES),
)

entry(
    "A guessed kind, in a folder of pictures",
    "the kind of a factor is a guess: '<name>' is taken as <kind> (<number> distinct values); "
    "specify it in the header of factors.csv, as in <name> (ordinal)",
    meaning="A warning. The values allow two answers, continuous and ordinal, and scores differ.",
    given=TRAIN.format("photos"),
    remedy="Write the kind behind the name in the header.",
    fix="""sed -i "1s/age/age (continuous)/" photos/factors.csv""",
    again=True,
    prepare=with_photos(table=rows("file,age", lambda i: f",{i * 37 % 45}")),
)

entry(
    "A guessed kind, in an array file",
    "the kind of a factor is a guess: '<name>' is taken as <kind> (<number> distinct values); "
    "specify it by an array factor_kinds of texts in the file",
    meaning="A warning. The values allow two answers, continuous and ordinal, and scores differ.",
    given=TRAIN.format("data.npz"),
    remedy="Store the kinds beside the factors.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    arrays = dict(file)
np.savez("data.npz", **arrays, factor_kinds=["continuous"])
""",
    again=True,
    prepare=zipped("data.npz", images=grey(), factors=np.arange(64) * 37 % 45),
)

entry(
    "A guessed kind, in Python",
    "the kind of a factor is a guess: <name> is taken as <kind> (<number> distinct values); "
    "specify it by factor_kinds",
    meaning="A warning. The values allow two answers, continuous and ordinal, and scores differ.",
    given="""
from micvae.metrics import evaluate

evaluate(codes, factors, metrics=["mig"])
""",
    remedy="Name the kinds.",
    fix="""evaluate(codes, factors, metrics=["mig"], factor_kinds=["continuous", "ordinal"])""",
    prepare=learner(
        codes=lambda: numbers(200),
        factors=lambda: np.column_stack([np.arange(200) * 37 % 45, np.arange(200) % 3]),
    ),
)

entry(
    "A factor that does not vary",
    "factors: column <name> of <file> is constant, so nothing can be learned about it; leave it "
    "out.",
    meaning="No score is defined for a factor with a single value.",
    given=f"{SCORE} --metrics mig",
    remedy="Leave the column out.",
    fix="""
import pandas as pd

table = pd.read_csv("factors.csv").drop(columns="camera")
table.to_csv("factors.csv", index=False)
""",
    again=True,
    prepare=scored(
        factors=csv("camera,size,shape", lambda i: f"1,{i * 37 % 200 / 200},{i % 3}", 200)
    ),
)

entry(
    "More classes than the samples allow",
    "factor '<name>' has <number> classes in <number> samples, fewer than two samples per class: "
    "give more samples, or call it continuous in factor_kinds",
    words="fewer than two samples per class",
    meaning="Scores that train a classifier need at least two samples of every class.",
    given=f"{SCORE} --metrics sap --factor-kinds categorical categorical",
    remedy="Give more samples, or treat the factor as a measurement.",
    fix=f"{SCORE} --metrics sap --factor-kinds continuous categorical",
    prepare=scored(factors=csv("species,shape", lambda i: f"{i % 30},{i % 3}", 40), n=40),
)

entry(
    "A kind too many or too few",
    "--factor-kinds has <number> entries, but <file> has <number> columns (<names>); give one "
    "each.",
    words="--factor-kinds has",
    meaning="Kinds are given in the order of the columns.",
    given=f"{SCORE} --metrics mig --factor-kinds continuous",
    remedy="Give one kind for every column.",
    fix=f"{SCORE} --metrics mig --factor-kinds continuous categorical",
    prepare=scored(),
)

entry(
    "Two factors with one name",
    "factor_names has '<name>' more than once; give every factor a name of its own.",
    words="factor_names has",
    meaning="Scores are given by the names of the factors.",
    given=TRAIN.format("photos"),
    remedy="Rename one of the columns in the header.",
    fix="""sed -i "1s/.*/file,size,size_2/" photos/factors.csv""",
    again=True,
    prepare=with_photos(table=rows("file,size,size", lambda i: f",{i % 3},{i % 5}")),
)

entry(
    "Factors for other images",
    "factors has <number> rows, but there are <number> images; give one row per image.",
    words="give one row per image",
    meaning="Row i of the factors belongs to image i.",
    given=TRAIN.format("data.npz"),
    remedy="Select the same rows of both arrays.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    images, factors = file["images"], file["factors"]
np.savez("data.npz", images=images[: len(factors)], factors=factors)
""",
    again=True,
    prepare=zipped("data.npz", images=grey(70), factors=np.arange(64) % 3),
)

entry(
    "A method that needs an auxiliary variable",
    "<method> needs an auxiliary variable, and <data> has none; give an array named auxiliary "
    "beside images, or use the auxiliary wrapper on a factor.",
    meaning="Methods such as iVAE learn from something that is observed beside each sample.",
    given="""micvae train ivae --data "squares(n=96)" --out runs/new""",
    remedy="Name a factor that is observed, or store an array `auxiliary` beside the images.",
    fix="""
micvae train ivae --data "auxiliary('squares(n=96)', column='rotation')" --out runs/new
""",
)

entry(
    "A method that needs sequences",
    "<method> needs images in the order of time, and <data> has no sequences; give an array named "
    "sequence beside images, or use the sequences wrapper.",
    meaning="Methods such as SlowVAE learn from frames that follow each other.",
    given="micvae train slow-vae --data data.npz --out runs/new",
    remedy="Store the number of the sequence of every frame, in the order of time.",
    fix="""
import numpy as np

with np.load("data.npz") as file:
    arrays = dict(file)
np.savez("data.npz", **arrays, sequence=np.repeat(np.arange(12), 8))
""",
    again=True,
    prepare=zipped("data.npz", images=grey(96)),
)

entry(
    "An unknown factor",
    "<data> has no factor '<name>'; choose from <names>, or 0 to <number>.",
    meaning="A description of data names a factor that is not there.",
    given="""micvae train vae --data "held_out('squares(n=200)', where={'colour': [0]})" """
    "--out runs/new",
    remedy="Use one of the names in the message.",
    fix="""micvae train vae --data "held_out('squares(n=200)', where={'rotation': [45]})" """
    "--out runs/new",
)

entry(
    "Angles that look the same",
    "The angles <angles> are indistinguishable: a square looks the same after a quarter turn. That "
    "factor is not identifiable from these images.",
    meaning="A warning. A square looks the same after a quarter turn, so no method can tell these "
    "angles apart.",
    given="""micvae train vae --data "squares(n=96, angles=(0, 45, 90))" --out runs/new""",
    remedy="Use angles that differ by less than the symmetry.",
    fix="""micvae train vae --data "squares(n=96, angles=(0, 30, 60))" --out runs/newer""",
)
