"""The page of `micvae theorem`: figures, table, and what they say."""

from collections.abc import Callable
from pathlib import Path

from micvae.files import expanded
from micvae.identifiability.record import CLAIMS, TheoremRecord
from micvae.identifiability.theorem import POINTS, RESULT, read_points
from micvae.records import read
from micvae.reports.counterexamples import Points, angles, darmois, modular, rotations
from micvae.reports.page import Cell, Group, Key, Page, Plate, Table, write_page
from micvae.reports.style import number

_DEFINITIONS = (
    ("R_MI", "Σ over ordered pairs i ≠ j of I(z_i; z_j), nats."),
    ("TC", "Total correlation, Σ h(z_i) − h(z), nats; 0 only where all are independent."),
    (
        "null interval",
        "Where the estimate falls when columns are permuted, all checks at once.",
    ),
    ("MCC", "Mean |correlation| of every source with a latent of its own; 1 where they agree."),
)


def report_theorem(folder: Path) -> Path:
    """Write `report.html` and `figures/` of what `micvae theorem` measured.

    Args:
        folder: with `theorem.json` and `theorem.npz`.

    Returns:
        The path of the page.

    Raises:
        RunError: where they are missing or damaged.
    """
    folder = expanded(folder)
    result = read(TheoremRecord, folder / RESULT)
    points = read_points(folder / POINTS)
    met = result.verdicts
    page = Page(
        title="The theorem, tested",
        kind="independent sources, a Gaussian encoder and R_MI = 0 do not identify the sources",
        answer=_answer(result),
        keys=_keys(result),
        table=_table(result),
        groups=[figure(result, points) for figure in THEOREM_FIGURES],
        quick="fewer samples and angles than usual" if result.quick else "",
        findings=[f"{'Yes' if met[name] else 'NO'}: {said}." for name, said in CLAIMS.items()],
        files=((RESULT, "every number in full"), (POINTS, "the points of the figures")),
        command="micvae theorem"
        + (" --quick" if result.quick else "")
        + f" --seed {result.seed} --out {folder.name}",
        definitions=_DEFINITIONS,
    )
    return write_page(page, folder)


def _answer(result: TheoremRecord) -> str:
    halfway = result.halfway()
    scores = ", ".join(f"{number(row.mcc_pearson, 2)} ({row.sources})" for row in halfway)
    largest = max(row.difference for row in result.rotations)
    return (
        "Turned by 45°, other latents explain the same observations (largest difference "
        f"{largest:.0e}), are independent and have the sources' own distributions, and yet agree "
        f"with them only to an MCC of {scores}."
    )


def _keys(result: TheoremRecord) -> list[Key]:
    met = [result.verdicts[name] for name in CLAIMS]
    keys = [Key("claims borne out", str(sum(met)), f"of {len(met)}")]
    for row in result.halfway():
        tc = row.joint
        inside = f"TC {number(tc.value, 3)} nats, null up to {number(tc.high, 3)}"
        keys.append(Key(f"MCC at 45°, {row.sources}", number(row.mcc_pearson, 2), inside))
    return keys


def _table(result: TheoremRecord) -> Table:
    columns = [
        ("sources, angle", ""),
        ("max |x − x′|", ""),
        ("R_MI", "nats, null interval"),
        ("TC", "nats, null interval"),
        ("MCC", "Pearson"),
        ("MCC", "Spearman"),
    ]
    rows = []
    for row in result.rotations:
        joint = row.joint
        rows.append(
            [
                Cell(f"{row.sources}, {row.angle:.0f}°"),
                Cell(f"{row.difference:.0e}", value=row.difference),
                _interval_cell(2 * joint.value, 2 * joint.low, 2 * joint.high),
                _interval_cell(joint.value, joint.low, joint.high),
                Cell(number(row.mcc_pearson, 3), value=row.mcc_pearson),
                Cell(number(row.mcc_spearman, 3), value=row.mcc_spearman),
            ]
        )
    caption = (
        f"Two sources alike, mixed by a swirl; {result.samples:,} samples, of which "
        f"{result.checked:,} for the nearest-neighbour estimates, seed {result.seed}. Null "
        f"intervals from {result.permutations:,} permutations each, wide enough that all "
        "checks of independent columns hold at once with 95% probability. With two "
        "latents R_MI is twice the total correlation. MCC is that of these samples, with "
        "a standard error below 0.01."
    )
    return Table(caption, columns, rows)


def _interval_cell(value: float, low: float, high: float) -> Cell:
    interval = f"[{number(low, 3)}, {number(high, 3)}]"
    return Cell(number(value, 3), interval, value)


def _rotation_group(result: TheoremRecord, points: Points) -> Group:
    alt = "Scatter plots: the same observations from sources rotated by 0°, 15°, 30° and 45°."
    caption = "Every row shows the same observations. Colour: the first source, dark for large."
    plate = Plate("theorem-rotation", rotations(points), alt)
    return Group("The same observations from other independent sources", caption, [plate])


def _angle_group(result: TheoremRecord, points: Points) -> Group:
    alt = "MCC, total correlation and information about the sources against the angle."
    caption = (
        "As the angle grows to 45°, MCC falls and a latent's information about the other source "
        "rises (lines: closed form). The dependence of the latents stays within its null interval "
        "(bars)."
    )
    plate = Plate("theorem-angles", angles(result), alt)
    return Group("What the angle changes", caption, [plate])


def _darmois_group(result: TheoremRecord, points: Points) -> Group:
    alt = "Scatter plots: sources, observations and Darmois' independent latents."
    caption = (
        "The construction gives independent uniform latents for any observations. Colour: the "
        "first source."
    )
    plate = Plate("theorem-darmois", darmois(result, points), alt)
    return Group("Darmois' construction", caption, [plate])


def _modular_group(result: TheoremRecord, points: Points) -> Group:
    alt = "Three uniform variables, the third the sum of the others modulo 1, pair by pair."
    caption = (
        "Each pair fills the square evenly, and the third variable (colour) is a function of the "
        "pair. Right: exact dependence of variables with K values each."
    )
    plate = Plate("theorem-modular", modular(result, points), alt)
    return Group("Pairwise independence is not joint independence", caption, [plate])


THEOREM_FIGURES: list[Callable[[TheoremRecord, Points], Group]] = [
    _rotation_group,
    _angle_group,
    _darmois_group,
    _modular_group,
]
"""In the order of the page."""
