"""The ledger as text: what `docs/claims.md` and `micvae reproduce --list` show."""

from collections.abc import Mapping
from pathlib import Path

from micvae import spelling
from micvae.claims.claim import Claim, Published
from micvae.claims.record import ClaimRecord, MeasuredRow, PlanRecord
from micvae.claims.verdict import Compared
from micvae.objectives import Objective
from micvae.studies.timing import said as time_said
from micvae.training.config import RunConfig

NOT_MEASURED = "not measured yet"


def verdict_of(record: ClaimRecord | None) -> str:
    """The verdict; for a small case and without a record, why there is none."""
    if record is None:
        return NOT_MEASURED
    return record.verdict or "small case, no verdict"


def cost_of(claim: Claim, record: ClaimRecord | None, plan: PlanRecord | None) -> str:
    """What the claim takes on two cores, in words.

    A plan comes first: it is in time of the processor, where runs are timed by the clock and
    include what else the machine did.
    """
    if plan is not None and claim.trainings:
        return f"{time_said(plan.seconds / 2)}, planned"
    if record is not None and claim.trainings:
        return f"{time_said(record.seconds / 2)}, measured"
    return "not planned yet" if claim.trainings else "under a minute"


def published_said(published: Published) -> str:
    """The published statement with how it was read: `MCC 0.90 (read from a plot)`."""
    how = "" if published.reading in ("direction", "printed") else f" ({published.reading})"
    return f"{published.said}{how}"


def row_said(row: MeasuredRow) -> str:
    """Mean and interval: `0.857 [0.801, 0.902]`."""
    mean, low, high = row.interval
    return f"{mean:.3f}" + ("" if low is None else f" [{low:.3f}, {high:.3f}]")


def compared_said(one: Compared) -> str:
    """A paired difference in one line."""
    bounds = "" if one.low is None else f" [{one.low:.3f}, {one.high:.3f}]"
    apart = "distinguishable" if one.apart else "not distinguishable"
    return f"{one.higher} − {one.lower}: {one.difference:.3f}{bounds}, {apart}"


def ledger_table(
    claims: Mapping[str, Claim],
    records: Mapping[str, ClaimRecord],
    plans: Mapping[str, PlanRecord],
) -> str:
    """A line of Markdown per claim: statement, source, verdict, seeds, cost and command."""
    lines = [
        "| claim | source | verdict here | seeds | on two cores | command |",
        "|---|---|---|---|---|---|",
    ]
    for name, claim in claims.items():
        record = records.get(name)
        source = f"{claim.source.short}, {claim.source.where}"
        cells = [
            f"[{claim.statement}](#{name})",
            source,
            f"**{verdict_of(record)}**" if record else NOT_MEASURED,
            str(len(claim.seeds)),
            cost_of(claim, record, plans.get(name)),
            f"`micvae reproduce {name}`",
        ]
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines)


def section(claim: Claim, record: ClaimRecord | None, figure: Path | None = None) -> str:
    """A claim in full as Markdown: rows, comparisons, settings, differences from the source.

    Args:
        claim: the claim.
        record: what was measured in full, or None.
        figure: path of its figure as seen from the page, or None.
    """
    published = {one.row: one for one in claim.published}
    lines = [f"### {claim.name}", "", claim.statement, ""]
    lines += [f"Source: {claim.source}. Verdict here: **{verdict_of(record)}**.", ""]
    lines += [f"| row | published | measured: {_cell(claim.quantity)} | per seed |"]
    lines += ["|---|---|---|---|"]
    for label in claim.rows:
        said = published_said(published[label]) if label in published else "–"
        measured, each = NOT_MEASURED, ""
        if record is not None:
            row = record.row(label)
            measured, each = row_said(row), ", ".join(f"{value:.3f}" for value in row.values)
        lines.append("| " + " | ".join(map(_cell, (label, said, measured, each))) + " |")
    lines += ["", *(f"- {compared_said(one)}" for one in (record.compared if record else ()))]
    if record is not None and record.beside:
        beside = "; ".join(f"{row.label} {row_said(row)}" for row in record.beside)
        lines += ["", f"Beside it: {beside}."]
    on = dict.fromkeys(one.on for one in claim.published)
    lines += ["", f"Published on: {'; '.join(on)}.", ""]
    lines += [f"- {text}" for text in claim.differs]
    if claim.trainings:
        follows = "of data and training" if claim.follows_data else "of training"
        seeds = f"Seeds {follows}: {', '.join(map(str, claim.seeds))}."
        lines += ["", seeds, "", "```text"]
        lines += [f"{label}: {setting_said(c)}" for label, c in claim.trainings.items()]
        lines += ["```"]
    if figure is not None:
        lines += ["", f"![{claim.quantity}, every seed of every row]({figure.as_posix()})"]
    return "\n".join(lines)


def setting_said(config: RunConfig) -> str:
    """A whole configuration in one line, method first; seed and restart are left out."""
    values = config.to_json()
    objective = str(spelling.spell(spelling.read(values.pop("objective"), Objective)))
    parts = [f"{k}={v}" for k, v in values.items() if k not in ("seed", "restart", "device")]
    return f"{objective}; {', '.join(parts)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
