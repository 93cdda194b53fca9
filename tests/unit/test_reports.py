"""Reports: which is written for which folder, that a page stands alone, and what it says."""

import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from micvae import reports
from micvae.cli import main
from micvae.errors import RunError
from micvae.files import read_json, write_json
from micvae.objectives import MIConstrained, VAEObjective
from micvae.records import encoded
from micvae.reports import report_comparison, report_folder
from micvae.reports.quantities import quantity
from micvae.reports.style import INK, THEMED
from micvae.reports.svg import variable
from micvae.scoring import evaluate_run
from micvae.studies.comparison import compare_runs, labelled
from micvae.studies.paper import LITERAL, RECOMMENDED, VANILLA, table1
from micvae.studies.study import Cell, row_of
from micvae.studies.table import StudyTable, write_table
from micvae.training.config import RunConfig
from micvae.training.run import Run
from micvae.training.train import train_run

PAPER_ROWS = (VANILLA, LITERAL)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two seeds of two methods, trained for a moment and scored."""
    folder = tmp_path_factory.mktemp("runs")
    cells = []
    for seed in range(2):
        for row, objective in zip(PAPER_ROWS, (VAEObjective(), MIConstrained()), strict=True):
            data = f"squares(n=160, seed={seed})"
            config = RunConfig(
                objective=objective, data=data, epochs=1, batch_size=32, seed=seed, device="cpu"
            )
            cells.append(Cell(row, config))
            evaluate_run(train_run(config, folder / cells[-1].path))
    return folder, cells


@pytest.fixture(scope="module")
def study(runs, tmp_path_factory):
    """The paper's comparison as `micvae reproduce` leaves it, one row without any run."""
    source, cells = runs
    folder = tmp_path_factory.mktemp("study") / "paper"
    shutil.copytree(source, folder)
    own = {"group": "table", "ablation": True, "beta": 1.0}
    rows = [
        row_of(cell, folder).with_columns(
            {**own, "mi_weight": 0.0 if cell.row == VANILLA else 10.0}
        )
        for cell in cells
    ]
    write_table(StudyTable(tuple(rows)), folder)
    write_json(folder / "table1.json", encoded(table1(StudyTable(tuple(rows)))))
    description = {
        "title": "A <title> & more",
        "kind": "paper",
        "quick": True,
        "seeds": 2,
        "notes": ["Two angles cannot be told apart."],
        "rows": [
            {"label": label, "description": "", "config": {}}
            for label in (*PAPER_ROWS, RECOMMENDED)
        ],
        "failed": {"runs/lost": "Traceback\n  far below\nValueError: out of luck"},
    }
    write_json(folder / "study.json", description)
    return folder


@pytest.fixture(scope="module")
def paper_page(study):
    return page_of(report_folder(study))


@pytest.fixture(scope="module")
def run_folder(runs):
    folder, cells = runs
    path = folder / cells[0].path
    report_folder(path)
    return path


def page_of(path: Path) -> ElementTree.Element:
    """The page as a tree: it is well-formed XML as well as HTML."""
    return ElementTree.fromstring(path.read_text(encoding="utf-8"))


def text_of(page: ElementTree.Element, section: str | None = None) -> str:
    root = page if section is None else page.find(f".//section[@id='{section}']")
    return "" if root is None else " ".join(" ".join(root.itertext()).split())


def shown_values(page: ElementTree.Element) -> set[float]:
    return {float(cell.get("value")) for cell in page.iter("data")}


SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def pictures(page: ElementTree.Element) -> list[ElementTree.Element]:
    """Every figure as the page shows it: an SVG, or an image where that would be large."""
    return [element for element in page.iter() if element.tag in ("img", f"{SVG}svg")]


def pictures_named(page: ElementTree.Element) -> list[str]:
    named = []
    for span in page.iter("span"):
        if span.get("class") == "names":
            listed = re.fullmatch(r"Files: (.*) \(\.png, \.svg\)", "".join(span.itertext()))
            named += listed[1].split(", ")
    return named


def assert_alone_and_whole(folder: Path, page: ElementTree.Element) -> None:
    """Nothing is fetched, nothing runs, and every figure is on disk in both formats."""
    for element in page.iter():
        assert element.tag not in ("script", "link", "iframe", "object", "embed")
        for name in ("src", "href", "srcset", "data", "action", "style"):
            assert not re.search(r"^\s*(\w*:?//|http)|url\(", element.get(name, ""))
        if element.tag == "img":
            assert element.get("src").startswith("data:image/")
            assert element.get("alt")
        if element.tag == f"{SVG}svg":
            assert element.get("role") == "img" and element.get("aria-label")
        assert re.match(r"#|data:image/png;", element.get(f"{XLINK}href", "#"))
    assert "url(" not in text_of(page) and "@import" not in text_of(page)
    named = pictures_named(page)
    assert len(named) == len(set(named)) == len(pictures(page)) > 0
    for name in named:
        with Image.open(folder / "figures" / f"{name}.png") as picture:
            assert min(picture.size) > 50
        assert ElementTree.parse(folder / "figures" / f"{name}.svg").getroot().tag.endswith("svg")
    assert (folder / "report.html").stat().st_size < 5e6
    assert_first_screen(page)


def assert_first_screen(page: ElementTree.Element) -> None:
    """The answer in a sentence and a few key figures, before anything else."""
    header = page.find(".//header")
    answer = "".join(header.find("p[@class='answer']").itertext())
    assert answer.endswith(".") and len(answer) < 500
    keys = header.findall("dl[@class='keys']/div")
    assert 1 <= len(keys) <= 8
    assert all("".join(key.find(".//strong").itertext()) for key in keys)


def test_names_in_figures_are_the_figures_own(paper_page):
    """Two figures with one name each would clip each other; every reference has its target."""
    named = [element.get("id") for element in paper_page.iter() if element.get("id")]
    assert len(named) == len(set(named))
    for figure in pictures(paper_page):
        text = ElementTree.tostring(figure, encoding="unicode")
        used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text))
        assert {a or b for a, b in used} <= {e.get("id") for e in figure.iter()}


def test_text_in_figures_is_text_and_follows_the_page(paper_page):
    seeds = next(
        figure for figure in pictures(paper_page) if "every seed" in figure.get("aria-label")
    )
    words = [" ".join(text.itertext()) for text in seeds.iter(f"{SVG}text")]
    assert {"MIG", "DCI disentanglement", VANILLA} <= set(words)
    drawn = ElementTree.tostring(seeds, encoding="unicode")
    assert "currentColor" in drawn
    assert not {c for c in re.findall(r"(?:fill|stroke): (#\w{6})", drawn)} & (THEMED | {"#ffffff"})


def test_every_themed_colour_has_its_dark_tone():
    css = (Path(reports.__file__).parent / "page.css").read_text()
    dark = css[css.index("@media screen and (prefers-color-scheme: dark)") :]
    for colour in THEMED - {INK}:
        assert f"{variable(colour)}: #" in dark, colour


def test_page_of_a_run_stands_alone(run_folder):
    page = page_of(run_folder / "report.html")
    assert_alone_and_whole(run_folder, page)
    assert pictures_named(page) == [
        "samples",
        "factors",
        "reconstructions",
        "traversals",
        "mi-latents-factors",
        "codes-factors",
        "mi-latents",
        "curves",
    ]
    assert page.find(".//p[@class='banner']") is None
    assert not text_of(page, "missing")


def test_page_of_a_run_shows_its_scores(run_folder):
    scores = read_json(run_folder / "scores.json")
    shown = shown_values(page_of(run_folder / "report.html"))
    assert {*scores["metrics"].values(), scores["r_mi"], scores["kl"]} <= shown


def test_the_command_on_the_page_names_the_same_configuration(run_folder):
    command = text_of(page_of(run_folder / "report.html"), "again")
    assert "micvae train vae --data 'squares(n=160, seed=0)' --latent-dim 3" in command


def test_the_command_scores_a_run_without_scores_and_a_page_only_reads_them(runs, tmp_path):
    source, cells = runs
    shutil.copytree(source / cells[1].path, tmp_path / "run")
    expected = read_json(tmp_path / "run" / "scores.json")["metrics"]
    (tmp_path / "run" / "scores.json").unlink()
    with pytest.raises(RunError, match="has no scores; run micvae evaluate"):
        report_folder(tmp_path / "run")
    assert Run(tmp_path / "run").scores() is None
    main(["report", str(tmp_path / "run")])
    assert Run(tmp_path / "run").scores().metrics == expected
    assert (tmp_path / "run" / "report.html").is_file()


def test_the_same_run_gives_the_same_bytes_and_matplotlib_keeps_its_settings(run_folder):
    def written():
        files = [p for p in run_folder.rglob("*") if p.suffix in (".svg", ".png", ".html")]
        return {p.name: p.read_bytes() for p in files}

    settings, before = dict(mpl.rcParams), written()
    report_folder(run_folder)
    assert written() == before
    assert dict(mpl.rcParams) == settings


def test_page_of_the_paper_stands_alone(study, paper_page):
    assert_alone_and_whole(study, paper_page)
    named = pictures_named(paper_page)
    assert named[:3] == ["seeds", "differences", "ablation"]
    for kind in ("reconstructions", "traversals", "mi-latents-factors", "codes-factors", "curves"):
        assert len([name for name in named if re.match(rf"{kind}-.*seed-[01]$", name)]) == 2


def test_page_of_the_paper_shows_every_number_of_its_table(study, paper_page):
    entries = read_json(study / "table1.json")
    wanted = {
        value
        for entry in entries
        for name, value in entry.items()
        if value is not None and (name.endswith("_mean") or name.startswith("paper_"))
    }
    shown = shown_values(paper_page)
    assert wanted == shown
    literal = next(entry for entry in entries if entry["method"] == LITERAL)
    low, high = (literal[f"mig_{end}"] for end in ("low", "high"))
    assert f"[{low:.3f}, {high:.3f}]" in text_of(paper_page, "scores")
    # Two seeds: the table says what the first screen says.
    assert "2 seeds: too few to tell" in text_of(paper_page, "scores")
    assert "distinguishable" not in text_of(paper_page, "scores")


def test_two_seeds_settle_nothing_on_the_first_screen(study, paper_page, tmp_path):
    """All of two differences have one sign in half of all studies of equal methods."""
    shutil.copytree(study, tmp_path / "s", ignore=shutil.ignore_patterns("figures", "*.html"))
    described = read_json(study / "study.json")
    write_json(tmp_path / "s" / "study.json", {**described, "kind": "study"})
    for page in (paper_page, page_of(report_folder(tmp_path / "s"))):
        first = "".join(page.find(".//header").itertext())
        assert "distinguishable" not in first
    assert "2 seeds: too few to tell" in "".join(paper_page.find(".//header").itertext())


def test_page_of_the_paper_says_what_was_found_and_what_is_missing(paper_page):
    assert "Quick look, not a result" in text_of(paper_page)
    assert paper_page.find(".//h1").text == "A <title> & more"
    assert "Two angles cannot be told apart." in text_of(paper_page, "notes")
    assert paper_page.find(".//section[@id='findings']") is None  # of a quick look there are none
    missing = text_of(paper_page, "missing")
    assert "Failed: runs/lost (ValueError: out of luck)" in missing
    assert f"{RECOMMENDED}: 0 of 2 seeds finished." in missing
    assert "far below" not in missing


def test_a_study_comes_out_with_a_run_removed_and_nothing_described(study, tmp_path):
    shutil.copytree(study, tmp_path / "study", ignore=shutil.ignore_patterns("figures", "*.html"))
    shutil.rmtree(tmp_path / "study" / "runs" / LITERAL.replace(" ", "-"))
    write_json(tmp_path / "study" / "study.json", {"title": "bare"})
    page = page_of(report_folder(tmp_path / "study"))
    assert_alone_and_whole(tmp_path / "study", page)
    assert f"Figures of {LITERAL}" in text_of(page, "missing")
    assert "2 seeds" in text_of(page, "scores")
    assert page.find(".//p[@class='kind']").text == "Study"


def test_one_seed_shows_no_interval_and_a_table_alone_is_enough(study, tmp_path):
    folder = tmp_path / "one"
    shutil.copytree(study, folder, ignore=shutil.ignore_patterns("figures", "*.html", "runs"))
    rows = [row for row in pq.read_table(folder / "table.parquet").to_pylist() if row["seed"] == 0]
    pq.write_table(pa.Table.from_pylist(rows), folder / "table.parquet")
    (folder / "table1.json").unlink()
    page = page_of(report_folder(folder))
    assert_alone_and_whole(folder, page)
    scores = text_of(page, "scores")
    assert "a single seed, without intervals" in scores
    assert "1 seed" in scores
    assert "distinguishable" not in scores and "too few" not in scores
    assert "[" not in scores


def test_colour_images_without_factors_and_ten_latents(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (80, 64, 64, 3), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", images=images)
    config = RunConfig(
        objective=VAEObjective(),
        data=str(tmp_path / "noise.npz"),
        latent_dim=10,
        epochs=1,
        batch_size=16,
    )
    run = train_run(config, tmp_path / "run")
    evaluate_run(run)
    page = page_of(report_folder(run.path))
    assert_alone_and_whole(run.path, page)
    assert "no factors that vary" in text_of(page, "missing")
    named = pictures_named(page)
    assert named == ["samples", "reconstructions", "traversals", "mi-latents", "curves"]
    (tmp_path / "noise.npz").unlink()
    with pytest.raises(RunError, match="is kept: it has figures that cannot be drawn now"):
        report_folder(run.path)
    (run.path / "report.html").unlink()
    page = page_of(report_folder(run.path))
    assert pictures_named(page) == ["traversals", "mi-latents", "curves"]
    assert "the data cannot be read" in text_of(page, "missing")


def test_one_latent_and_a_constant_factor(tmp_path):
    generator = np.random.default_rng(0)
    factors = np.stack([generator.integers(0, 3, 96), np.ones(96), generator.random(96)], axis=1)
    images = np.broadcast_to(factors[:, :1, None] / 2, (96, 32, 32)).astype(np.float32)
    np.savez(tmp_path / "data.npz", images=images, factors=factors, factor_names=["a", "same", "b"])
    config = RunConfig(
        objective=VAEObjective(),
        data=str(tmp_path / "data.npz"),
        latent_dim=1,
        epochs=1,
        batch_size=16,
    )
    run = train_run(config, tmp_path / "run")
    evaluate_run(run)
    page = page_of(report_folder(run.path))
    assert_alone_and_whole(run.path, page)
    assert "mi-latents" not in pictures_named(page)


def test_runs_side_by_side_and_seeds_of_one_configuration_together(runs, tmp_path):
    folder, cells = runs
    page = page_of(
        report_comparison(
            compare_runs([Run(folder / cell.path) for cell in cells]), tmp_path / "out"
        )
    )
    assert_alone_and_whole(tmp_path / "out", page)
    assert page.find(".//p[@class='kind']").text == "Comparison"
    scores = text_of(page, "scores")
    assert "vae 2 seeds" in scores and "mi-constrained 2 seeds" in scores
    assert "not trained on the same samples" in text_of(page, "findings")  # seed-wise data
    expected = {Run(folder / cell.path).scores().metrics["mig"] for cell in cells[::2]}
    assert any(np.isclose(v, np.mean(list(expected))) for v in shown_values(page))


def test_runs_of_one_seed_are_compared_without_a_word_on_intervals(runs, tmp_path):
    """The answer gives the values and their difference, and says that one seed proves nothing."""
    folder, cells = runs
    pair = [Run(folder / cell.path) for cell in cells[:2]]
    page = page_of(report_comparison(compare_runs(pair), tmp_path / "out"))
    assert_alone_and_whole(tmp_path / "out", page)
    vae, constrained = (run.scores().metrics["mig"] for run in pair)
    answer = page.find(".//p[@class='answer']").text
    best, value = max(("vae", vae), ("mi-constrained", constrained), key=lambda one: one[1])
    assert f"{best} has the highest MIG, {quantity('mig').shown(value)}" in answer
    assert answer.endswith("One seed per method: no estimate of the variance between seeds.")
    assert ("above vae" in answer) == (best != "vae")
    scores = text_of(page, "scores")
    assert "a single seed, without intervals" in scores
    assert "Δ: difference to vae under the same seed" in scores
    assert "bootstrap" not in scores and "too few to tell" not in scores


def test_runs_are_named_by_what_differs():
    vae, literal = RunConfig(objective=VAEObjective()), RunConfig(objective=MIConstrained())
    longer = RunConfig(objective=VAEObjective(), epochs=30, seed=4, data="squares(seed=4)")
    assert labelled([vae, literal]) == ["vae", "mi-constrained"]
    again = RunConfig(objective=VAEObjective(), seed=3, data="squares(seed=3)")
    assert labelled([again, longer]) == ["vae, epochs 20", "vae, epochs 30"]


def test_a_comparison_refuses_one_run_or_one_twice_and_spares_other_pages(runs, tmp_path):
    folder, cells = runs
    one, other = (Run(folder / cell.path) for cell in cells[:2])
    for given in ([one], [one, other, one]):
        with pytest.raises(RunError, match="at least two runs, each given once"):
            report_comparison(compare_runs(given), tmp_path)
    with pytest.raises(RunError, match="choose another --out"):
        report_comparison(compare_runs([one, other]), one.path)


def test_a_folder_that_is_neither_run_nor_study_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"neither a run.*nor a study.*micvae train") as caught:
        report_folder(tmp_path)
    assert str(tmp_path) in str(caught.value)
    write_json(tmp_path / "study.json", ["no", "object"])
    with pytest.raises(RunError, match="expected an object with title"):
        report_folder(tmp_path)


def test_an_interrupted_study_is_called_one(runs, tmp_path):
    """`run_study` writes study.json once all is trained; before that there are runs alone."""
    source, _ = runs
    shutil.copytree(source / "runs", tmp_path / "runs")
    with pytest.raises(RunError, match=r"unfinished study.*same command again"):
        report_folder(tmp_path)
    with pytest.raises(RunError, match=r"is not a run.*holds a study, whose runs are in .*runs"):
        Run(tmp_path)


def test_a_study_without_its_table_names_the_remedy(tmp_path):
    write_json(tmp_path / "study.json", {"title": "begun", "kind": "paper"})
    with pytest.raises(RunError, match=r"not finished\. Give the same command again"):
        report_folder(tmp_path)


def test_an_unfinished_run_is_refused_and_left_as_it_was(runs, tmp_path):
    source, cells = runs
    shutil.copytree(source / cells[1].path, tmp_path / "run")
    record = read_json(tmp_path / "run" / "run.json")
    write_json(tmp_path / "run" / "run.json", record | {"status": "training"})
    with pytest.raises(RunError, match="not finished"):
        report_folder(tmp_path / "run")
    assert not (tmp_path / "run" / "report.html").exists()
