"""Messages of docs/bad-input.md: codes and scores."""

import numpy as np

from messages.entry import Section
from messages.files import DECODE, SCORE, csv, numbers, saved, scored, several, written

entry = Section("Codes and scores")

entry(
    "Codes and factors of different lengths",
    "codes have <number> rows and factors <number>: row i of both must be of sample i",
    words="row i of both must be of sample i",
    meaning="Scores compare the codes of a sample with the factors of the same sample.",
    given=f"{SCORE} --metrics mig",
    remedy="Select the same samples in both files.",
    fix="""
import numpy as np
import pandas as pd

factors = pd.read_csv("factors.csv")
np.save("codes.npy", np.load("codes.npy")[: len(factors)])
""",
    again=True,
    prepare=scored(codes=lambda z: np.concatenate([z, z[:9]])),
)

entry(
    "Codes with NaN or infinite values",
    "codes must be finite: <number> of <number> entries are NaN or infinite, the first at row "
    "<number>, column <number>",
    meaning="A model that diverged gives such codes. No score is defined for them.",
    given=f"{SCORE} --metrics mig",
    remedy="Look for the cause, and leave the rows out of both files if they are few.",
    fix="""
import numpy as np
import pandas as pd

codes = np.load("codes.npy")
usable = np.isfinite(codes).all(axis=1)
np.save("codes.npy", codes[usable])
pd.read_csv("factors.csv")[usable].to_csv("factors.csv", index=False)
""",
    again=True,
    prepare=scored(codes=lambda z: np.where(np.arange(len(z))[:, None] == 7, np.nan, z)),
)

entry(
    "A column of text among the codes",
    "codes: column <name> of <file> is text; codes are numbers: leave it out of the file.",
    words="codes are numbers",
    meaning="All columns of a file of codes are latents, unless it is a table of `micvae encode`.",
    given="micvae evaluate --codes codes.csv --metrics gaussian_total_correlation",
    remedy="Leave the column out.",
    fix="""
import pandas as pd

table = pd.read_csv("codes.csv").drop(columns="sample")
table.to_csv("codes.csv", index=False)
""",
    again=True,
    prepare=written(
        "codes.csv", csv("sample,a,b", lambda i: f"s{i},{i * 7 % 13},{i * i % 17}", 200)
    ),
)

entry(
    "Scores that are left out",
    "left out: <names>; <reason>",
    words="left out:",
    meaning="A warning. Some scores are not defined for these samples, for the reason that "
    "follows. All others are given.",
    given=f"{SCORE} --factor-kinds categorical categorical",
    remedy="Do what the reason says, or name the scores that you need.",
    fix=f"{SCORE} --factor-kinds continuous categorical",
    prepare=scored(factors=csv("species,shape", lambda i: f"{i % 30},{i % 3}", 40), n=40),
)

entry(
    "Codes that have lost their digits",
    "<latents>: a large offset has rounded the values to a few different ones; subtract it from "
    "the codes before they "
    "are stored, or store them in float64",
    meaning="A warning. Codes far from 0 were stored in single precision, and most of their "
    "differences are gone.",
    given=f"{SCORE} --metrics mig",
    remedy="Subtract the mean before the codes are stored as float32. What is lost in the file "
    "does not come back.",
    fix="""
codes = model_codes - model_codes.mean(axis=0)
np.save("codes.npy", codes.astype(np.float32))
""",
    again=True,
    prepare=lambda folder: (
        scored(codes=lambda z: (z + 1e8).astype(np.float32))(folder),
        {"np": np, "model_codes": np.random.default_rng(1).normal(size=(200, 2)) + 1e8},
    )[1],
)

entry(
    "One factor or one latent",
    "there is only one factor: DCI disentanglement and modularity are 1 by convention",
    meaning="A warning. Scores that compare factors with each other need two. There are similar "
    "warnings for a single latent and for constant codes.",
    given=f"{SCORE} --metrics dci_disentanglement",
    remedy="Give a second factor that varies, where one is known.",
    fix="""
import pandas as pd

table = pd.read_csv("factors.csv")
table["shape"] = pd.read_csv("shapes.csv")["shape"]
table.to_csv("factors.csv", index=False)
""",
    again=True,
    prepare=several(
        scored(factors=csv("size", lambda i: f"{i * 37 % 200 / 200}", 200)),
        written("shapes.csv", csv("shape", lambda i: f"{i % 3}", 200)),
    ),
)

entry(
    "A score that is not fair to a factor",
    "<scores>: not fair to <kind> factors (column <names>), which they treat as numbers on a line "
    "or expect in a single latent; use block_score",
    meaning="A warning. Most scores treat the values of an angle or of a category as numbers on a "
    "line.",
    given=f"{SCORE} --metrics sap --factor-kinds angular ordinal",
    remedy="Use `block_score`.",
    fix=f"{SCORE} --metrics block_score --factor-kinds angular ordinal",
    prepare=scored(),
)

entry(
    "An unknown metric",
    "unknown metric <name>: choose from <names>",
    meaning="`micvae list metrics` lists all scores.",
    given=f"{SCORE} --metrics dci",
    remedy="Use a name of the list.",
    fix=f"{SCORE} --metrics dci_disentanglement dci_completeness",
    prepare=scored(),
)

entry(
    "A score that needs factors",
    "<score> needs factors: give factors",
    meaning="The score compares codes with known factors.",
    given="micvae evaluate --codes codes.npy --metrics mig",
    remedy="Give the factors, or leave out `--metrics` for all scores that need none.",
    fix="micvae evaluate --codes codes.npy --factors factors.csv --metrics mig",
    prepare=scored(),
)

entry(
    "Codes of another number of latents",
    "<file> has <number> columns; <model> has <number> latents; give a column for each.",
    words="give a column for each",
    meaning="The decoder reads one number for each latent.",
    given=DECODE.format("codes.npy"),
    remedy="Fill the latents that are missing, for instance with 0, the mean of the prior.",
    fix="""
import numpy as np

codes = np.load("codes.npy")
np.save("codes.npy", np.pad(codes, ((0, 0), (0, 1))))
""",
    again=True,
    prepare=saved("codes.npy", numbers(8, 2)),
)

entry(
    "Codes under other names",
    "<file> has no column <name>; <model> needs <names>, and the file has <names>.",
    meaning="In a table, the columns of the latents are found by their names.",
    given=DECODE.format("codes.csv"),
    remedy="Name the columns as the latents of the model.",
    fix="""sed -i "1s/.*/z0,z1,z2/" codes.csv""",
    again=True,
    prepare=written("codes.csv", "size,grey,turn\n1,2,3\n0,0,1\n"),
)
