"""Messages of docs/bad-input.md: tables and vectors."""

from messages.entry import Section
from messages.files import TRAIN, csv, rows, with_photos, written

entry = Section("Tables and vectors")

entry(
    "Columns that are not numbers",
    "data: <file>: column <name> has <number> empty entries, column <name> holds text; expected "
    "numbers: leave out these columns, or fill the entries or leave out their rows, or encode text "
    "as 0, 1, ….",
    words="empty entries",
    meaning="A table that is trained on holds numbers only. All columns with text, dates or empty "
    "entries are named at once.",
    given=TRAIN.format("readings.csv"),
    remedy="Encode text as 0, 1, …, give dates as a number of days, and leave out rows with empty "
    "entries.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv").dropna()
table["mode"] = table["mode"].astype("category").cat.codes
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written(
        "readings.csv",
        csv("mode,flow,depth",
            lambda i: f"{'idle' if i % 2 else 'busy'},{i * 7 % 13},{i * i % 17 if i else ''}", 70),
    ),
)  # fmt: skip

entry(
    "Columns of text only",
    "<file>: column <name> holds text, and vectors are numbers; leave it out, or encode categories "
    "as 0, 1, ….",
    meaning="A column of the table holds words.",
    given=TRAIN.format("readings.csv"),
    remedy="Encode its categories as numbers, or leave the column out.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv").drop(columns="operator")
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written(
        "readings.csv", csv("operator,flow,depth", lambda i: f"Ann,{i * 7 % 13},{i * i % 17}")
    ),
)

entry(
    "A table without commas",
    "<file> has no commas between its columns; save it with commas, and with points in decimals.",
    meaning="The columns are separated by semicolons or tabs, as some spreadsheets do.",
    given=TRAIN.format("readings.csv"),
    remedy="Save the table with commas. The same line turns decimal commas into points.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv", sep=";", decimal=",")
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written("readings.csv", csv("flow;depth", lambda i: f"{i * 7 % 13},5;{i * i % 17}")),
)

entry(
    "A table without a header row",
    "<file> has no header row: its first line holds numbers only. Name the columns.",
    meaning="The first line of a table names its columns. Numbers there would be lost.",
    given=TRAIN.format("readings.csv"),
    remedy="Put a line with the names of the columns first.",
    fix="""
from pathlib import Path

path = Path("readings.csv")
path.write_text("flow,depth\\n" + path.read_text())
""",
    again=True,
    prepare=written("readings.csv", csv("", lambda i: f"{i * 7 % 13}.5,{i * i % 17}").lstrip("\n")),
)

entry(
    "Two columns with one name",
    "<file> has two columns named <name>; give every column a name of its own.",
    meaning="Columns are found by their names.",
    given=TRAIN.format("readings.csv"),
    remedy="Give every column a name of its own.",
    fix="""
from pathlib import Path

path = Path("readings.csv")
header, rest = path.read_text().split("\\n", 1)
path.write_text("flow,flow_2\\n" + rest)
""",
    again=True,
    prepare=written("readings.csv", csv("flow,flow", lambda i: f"{i * 7 % 13},{i * i % 17}")),
)

entry(
    "Missing entries in a table",
    "<file>: column <name> has <number> missing entries (<word>); leave these rows out.",
    words="missing entries",
    meaning="A word such as NA or nan stands in a column of numbers.",
    given="micvae evaluate --codes codes.csv --metrics gaussian_total_correlation",
    remedy="Leave out the rows with missing entries.",
    fix="""
import pandas as pd

table = pd.read_csv("codes.csv").dropna()
table.to_csv("codes.csv", index=False)
""",
    again=True,
    prepare=written(
        "codes.csv", csv("z0,z1", lambda i: f"{i * 7 % 13},{i * i % 17 if i != 5 else 'NA'}")
    ),
)

entry(
    "Whole numbers that are too large",
    "column <name> of <file> has whole numbers beyond 2^53 (<number>), which float64 does not hold "
    "exactly; subtract an offset from the column first, such as its smallest value.",
    meaning="Times in nanoseconds and long identifiers lose their last digits as floats.",
    given=TRAIN.format("readings.csv"),
    remedy="Subtract the smallest value of the column.",
    fix="""
import pandas as pd

table = pd.read_csv("readings.csv")
table["time"] -= table["time"].min()
table.to_csv("readings.csv", index=False)
""",
    again=True,
    prepare=written(
        "readings.csv",
        csv("time,flow", lambda i: f"{1_700_000_000_000_000_001 + i * i},{i * 7 % 13}"),
    ),
)

entry(
    "A column that float32 does not resolve",
    "column <name> of <data> varies by <number> around <number>; networks compute in float32, "
    "which does not resolve that: standardise the vectors (leave out --no-standardise or "
    "standardise=False, or name the data as standardised('…')), or subtract an offset.",
    words="networks compute in float32, which does not resolve that",
    meaning="A small variation on top of a large offset is lost in single precision.",
    given="micvae train vae --data map.csv --no-standardise --out runs/new",
    remedy="Leave out `--no-standardise`: columns are then centred in double precision first.",
    fix="micvae train vae --data map.csv --out runs/new",
    prepare=written(
        "map.csv", csv("east,north", lambda i: f"{5644724 + i * 7 % 13 / 40},{i * i % 17}")
    ),
)

entry(
    "A text that does not fit the table",
    "<file>, line <number>, column <name> is '<text>', which is not a number; "
    "encode categories as 0, 1, ….",
    words="not a number; encode categories as 0, 1, …",
    meaning="The columns of `factors.csv` in a folder of pictures are numbers, but for the first "
    "one, which names the picture.",
    given=TRAIN.format("photos"),
    remedy="Number the categories, and say in the header that they have no order.",
    fix="""
import pandas as pd

table = pd.read_csv("photos/factors.csv")
table["colour"] = table["colour"].astype("category").cat.codes
table = table.rename(columns={"colour": "colour (categorical)"})
table.to_csv("photos/factors.csv", index=False)
""",
    again=True,
    prepare=with_photos(table=rows("file,colour", lambda i: ",red" if i % 2 else ",blue")),
)

entry(
    "Decimal commas",
    "<file>, line <number>, column <name> is '<number>', which is not a number; "
    "write decimals with a point.",
    words="write decimals with a point",
    meaning="The table was saved with decimal commas.",
    given=TRAIN.format("photos"),
    remedy="Save it with decimal points.",
    fix="""
import pandas as pd

table = pd.read_csv("photos/factors.csv", sep=";", decimal=",")
table.to_csv("photos/factors.csv", index=False)
""",
    again=True,
    prepare=with_photos(table=rows("file;size", lambda i: f";{i % 3},5")),
)

entry(
    "A line with more or fewer columns",
    "<file>, line <number> has <number> columns, not <number>; put a text that holds the separator "
    "into quotation marks, and give every column of the header a value.",
    words="put a text that holds the separator into quotation marks",
    meaning="A line has a separator too many or too few.",
    given=TRAIN.format("photos"),
    remedy="Mend the line that the message names.",
    fix="""sed -i "8s/.*/06.png,1/" photos/factors.csv""",
    again=True,
    prepare=with_photos(table=rows("file,size", lambda i: f",{i % 3}{',5' if i == 6 else ''}")),
)

entry(
    "A table that is not UTF-8",
    "<file> is not encoded as UTF-8; save it as UTF-8 (CSV UTF-8 in a spreadsheet).",
    meaning="Letters such as ö or é were saved in an older encoding.",
    given=TRAIN.format("photos"),
    remedy="Save the table as UTF-8.",
    fix="""
from pathlib import Path

path = Path("photos/factors.csv")
path.write_text(path.read_text("latin-1"), "utf-8")
""",
    again=True,
    prepare=with_photos(
        lambda place: (place / "factors.csv").write_bytes(
            rows("file,Größe", lambda i: f",{i % 3}").encode("latin-1")
        )
    ),
)

entry(
    "Pictures without a row",
    "<file> has no row for <number> of <number> images, e.g. <file>; add the rows, or remove "
    "these pictures from the folder.",
    meaning="Every picture needs a row in `factors.csv`.",
    given=TRAIN.format("photos"),
    remedy="Add the rows, or remove the pictures from the folder.",
    fix="""
echo "63.png,2" >> photos/factors.csv
""",
    again=True,
    prepare=with_photos(table=rows("file,size", lambda i: f",{i % 3}", 63)),
)

entry(
    "Vectors for a network of pictures",
    "this network reads images, and the data has vectors of <number> numbers; use --network mlp.",
    meaning="The networks `conv` and `patch` read pictures.",
    given="micvae train vae --data readings.csv --network conv --out runs/new",
    remedy="Use the network `mlp`, or leave the option out.",
    fix="micvae train vae --data readings.csv --network mlp --out runs/new",
    prepare=written("readings.csv", csv("flow,depth", lambda i: f"{i * 7 % 13},{i * i % 17}")),
)
