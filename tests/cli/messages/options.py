"""Messages of docs/bad-input.md: options and methods."""

import pickle

from messages.entry import Section
from messages.files import (
    SCORE,
    TRAIN,
    csv,
    grey,
    numbers,
    saved,
    scored,
    several,
    with_photos,
    written,
)

entry = Section("Options and methods")

entry(
    "An unknown method",
    "unknown method '<name>' (did you mean <name>?); choose from <names>.",
    words="unknown method",
    meaning="`micvae list methods` lists all methods.",
    given='micvae train betavae --data "squares(n=96)" --out runs/new',
    remedy="Use a name of the list.",
    fix='micvae train beta-vae --data "squares(n=96)" --out runs/new',
)

entry(
    "An unknown preset",
    "<method> has no preset '<name>'; choose from <names>.",
    meaning="A preset is a set of hyperparameters from a publication.",
    given='micvae train mi-constrained:best --data "squares(n=96)" --out runs/new',
    remedy="Use one of the presets in the message, or none.",
    fix='micvae train mi-constrained:paper --data "squares(n=96)" --out runs/new',
)

entry(
    "An option that a method does not have",
    "method '<description>' does not fit <method>(<options>): it has no '<name>'.",
    words="does not fit",
    meaning="The brackets behind the method in the message list its options.",
    given="""
from micvae import Disentangler

Disentangler("beta-vae(gamma=2)", epochs=1).fit(X)
""",
    remedy="Use one of the options in the message.",
    fix="""Disentangler("beta-vae(beta=2)", epochs=1).fit(X)""",
    prepare=lambda folder: {"X": grey()},
)

entry(
    "An option given twice",
    "<option> is given <number> times (<values>); give it once.",
    words="is given",
    meaning="Only the last value would be used.",
    given="micvae evaluate --codes a.npy --codes b.npy --metrics gaussian_total_correlation",
    remedy="Give the option once. Run the command for each value.",
    fix="""
micvae evaluate --codes a.npy --metrics gaussian_total_correlation
micvae evaluate --codes b.npy --metrics gaussian_total_correlation
""",
    prepare=several(saved("a.npy", numbers(80)), saved("b.npy", numbers(90))),
)

entry(
    "A weight that is negative or infinite",
    "<option>: value is <number>; give a number of at least 0.",
    words="give a number of at least 0",
    meaning="Weights of the loss are finite and at least 0.",
    given='micvae train beta-vae --beta nan --data "squares(n=96)" --out runs/new',
    remedy="Give a number of at least 0, or a schedule.",
    fix='micvae train beta-vae --beta "ramp(0, 4, steps=100)" --data "squares(n=96)" '
    "--out runs/new",
)

entry(
    "Fewer samples than a batch",
    "<data> has <number> images, fewer than batch_size <number>; lower batch_size.",
    words="fewer than batch_size",
    meaning="An incomplete batch is left out, and nothing would be trained on.",
    given='micvae train vae --data "squares(n=20)" --out runs/new',
    remedy="Lower the batch size.",
    fix='micvae train vae --data "squares(n=20)" --batch-size 10 --out runs/new',
)

entry(
    "Latents that do not fit the method",
    "<method> cannot use <latents> latents, which lack <traits>; use --latents <names>.",
    words="which lack",
    meaning="The loss of the method needs a posterior or prior of a certain form.",
    given='micvae train beta-tcvae --latents fsq --data "squares(n=96)" --out runs/new',
    remedy="Use one of the latents in the message, or leave the option out.",
    fix='micvae train beta-tcvae --latents gaussian --data "squares(n=96)" --out runs/new',
)

entry(
    "A data set or file that is not there",
    "there is no data set or file '<name>' (did you mean <name>?); give the path of a file "
    "(<endings>) or of a folder of images.",
    meaning="Neither a file nor a known data set has this name. Paths start in the current folder.",
    given=TRAIN.format("reading.csv"),
    remedy="Correct the name.",
    fix=TRAIN.format("readings.csv"),
    prepare=written("readings.csv", csv("flow,depth", lambda i: f"{i * 7 % 13},{i * i % 17}")),
)

entry(
    "A file of an unknown kind",
    "<file> ends in none of <endings>, and is not a folder of images; save the images as "
    "np.savez('data.npz', images=…, factors=…), or name the data set that the file is of: <names>, "
    "as in <example>.",
    meaning="The format of a file is known by the ending of its name.",
    given=TRAIN.format("data.pkl"),
    remedy="Read the file with the program that wrote it, and save the arrays.",
    fix="""
import pickle  # only for files that you wrote yourself

import numpy as np

with open("data.pkl", "rb") as file:
    images = pickle.load(file)
np.savez("data.npz", images=images)
""",
    then=TRAIN.format("data.npz"),
    prepare=lambda folder: (folder / "data.pkl").write_bytes(pickle.dumps(grey())),
)

entry(
    "A wrong option of a data set",
    "data '<description>' does not fit <data>(<options>): it has no '<name>'.",
    meaning="The message lists the options of the data set.",
    given='micvae train vae --data "squares(N=96)" --out runs/new',
    remedy="Use one of the options in the message.",
    fix='micvae train vae --data "squares(n=96)" --out runs/new',
)

entry(
    "A backslash before a quotation mark",
    'data "<description>" …; in a path, write / or \\\\ in place of a \\ before a quotation mark…',
    words="in a path, write / or",
    meaning="A backslash at the end of a quoted path hides the quotation mark.",
    given="micvae train vae --data \"split('C:\\data\\')\" --out runs/new",
    remedy="Write / in place of the backslash.",
    fix="micvae train vae --data \"split('photos/', share=0.1)\" --batch-size 16 --out runs/new",
    prepare=with_photos(),
)

entry(
    "A device that is not available",
    "device '<name>' is not available here; use <names>.",
    meaning="PyTorch does not find this device.",
    given='micvae train vae --data "squares(n=96)" --device mps --out runs/new',
    remedy="Use `auto`, which takes what is there.",
    fix='micvae train vae --data "squares(n=96)" --device auto --out runs/new',
)

entry(
    "A training that diverges",
    "training diverged at step <number> (<terms>). Try a smaller learning rate, a larger batch, a "
    'weight that ramps up such as "ramp(0, 2, steps=1000)", or a likelihood with a larger scale. '
    "…",
    meaning="The loss became NaN or infinite. What was trained until then is kept.",
    given='micvae train vae --data "squares(n=96)" --epochs 30 --learning-rate 1e30 --out runs/new',
    remedy="Use a smaller learning rate, in another folder.",
    fix='micvae train vae --data "squares(n=96)" --epochs 30 --learning-rate 1e-3 --out runs/newer',
)

entry(
    "A file name for a folder",
    "out: <name> ends in <ending>, and a folder is written there; give it a name without the "
    "ending of a file.",
    words="and a folder is written there",
    meaning="`train` and other commands write a folder of files.",
    given='micvae train vae --data "squares(n=96)" --out model.pt',
    remedy="Give the folder a name without such an ending.",
    fix='micvae train vae --data "squares(n=96)" --out model',
)

entry(
    "A wrong ending of an output file",
    "out: <file> ends in <ending>; scores are written as JSON, to a file whose name ends in .json.",
    words="scores are written as JSON",
    meaning="The ending of a file says what is in it.",
    given=f"{SCORE} --metrics mig --out scores.tex",
    remedy="Use the ending that the message names.",
    fix=f"{SCORE} --metrics mig --out scores.json",
    prepare=scored(),
)
