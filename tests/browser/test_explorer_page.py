"""The explorer in a real browser: it opens from a file and decodes as PyTorch does."""

import json
from contextlib import suppress
from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from micvae.explorer import explore_run
from micvae.files import write_json
from micvae.networks import MLP, Patch
from micvae.objectives import METHODS
from micvae.training.config import RunConfig
from micvae.training.train import train_run

READY = "document.body?.classList.contains('ready') && document.querySelector('[data-code]')"

# Read from a copy that is made for it: the browser warns of canvases that are read back.
PIXELS = """(canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const pen = copy.getContext('2d', { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
  return Array.from({length: data.length / 4}, (_, i) => data[4 * i]);
})"""


def explored(folder, **settings):
    """A page of a run trained for seconds, with what PyTorch knows of it."""
    config = RunConfig(batch_size=32, learning_rate=1e-2, device="cpu", **settings)
    run = train_run(config, folder / "run")
    write_json(run.path / "latent_names.json", {"z1": "</script><b>bold"})
    return SimpleNamespace(
        path=explore_run(run),
        run=run,
        model=run.model(),
        codes=run.representation().codes,
        draws=run.representation().encoded.draws,
    )


@pytest.fixture(scope="module")
def pictures(browser, tmp_path_factory):
    return explored(
        tmp_path_factory.mktemp("pictures"),
        objective=METHODS["joint-vae"](),
        data="squares(n=256, seed=0)",
        network=Patch(width=8, hidden=32),
        latent_dim=4,
        epochs=8,
    )


@pytest.fixture(scope="module")
def vectors(browser, tmp_path_factory):
    return explored(
        tmp_path_factory.mktemp("vectors"),
        objective=METHODS["vae"](),
        data="independent(n=256, seed=0)",
        network=MLP(hidden=16),
        latent_dim=3,
        epochs=8,
    )


@pytest.fixture
def page(browser, pictures):
    browser.size(1280, 900)
    browser.scheme("light")
    browser.open(pictures.path, READY)
    yield pictures
    assert browser.errors == []


CODE = "document.querySelector('#decoded').dataset.code"


def code_of(browser):
    """The code that is drawn."""
    return np.asarray(browser.evaluate(CODE).split(" "), np.float32)


def decoded(model, code):
    with torch.inference_mode():
        return model.decode_codes(torch.from_numpy(code)[None]).mean.numpy()[0]


def settle(browser, latent, value):
    """Wait until what is drawn is what was asked for."""
    browser.wait_for(f"Math.abs({CODE}.split(' ')[{latent}] - {value!r}) < 1e-6")


def limits(browser, latent):
    """Both ends of a slider."""
    slider = f"document.querySelector('input[data-latent=\"{latent}\"]')"
    return browser.evaluate(f"[Number({slider}.min), Number({slider}.max)]")


def move(browser, latent, value):
    """Move a slider as its user does: the browser sets its value and tells the page."""
    slider = f"document.querySelector('input[data-latent=\"{latent}\"]')"
    browser.evaluate(f"{slider}.value = {value!r}, {slider}.dispatchEvent(new Event('input'))")
    settle(browser, latent, value)


def assert_drawn_as_by_pytorch(browser, model):
    """Half a grey value is the canvas' rounding, a hundredth the difference of two runtimes."""
    code = code_of(browser)
    drawn = np.asarray(browser.evaluate(f"{PIXELS}(document.querySelector('#decoded'))"))
    expected = 255 * decoded(model, code).ravel()
    assert np.abs(drawn - expected).max() <= 0.51
    return drawn


def test_moving_a_slider_changes_the_image_as_the_decoder_says(browser, page):
    drawn = []
    for latent in range(3):
        low, high = limits(browser, latent)
        for part in (0, 0.3, 1):
            move(browser, latent, low + part * (high - low))
            drawn.append(assert_drawn_as_by_pytorch(browser, page.model))
    changes = [np.abs(a - b).max() for a, b in pairwise(drawn)]
    assert max(changes) > 20  # grey values: it is seen, and not only measured


def test_a_slider_spans_the_aggregate_posterior(browser, page):
    content = json.loads(browser.evaluate("document.getElementById('content').textContent"))
    for latent, about in enumerate(content["latents"][:3]):
        if about["active"]:
            expected = np.quantile(page.draws[:, latent].astype(float), (0.01, 0.99))
            np.testing.assert_allclose(limits(browser, latent), expected, rtol=1e-9)
    active = page.run.representation().active
    inside = "[...document.querySelectorAll('#inactive-sliders input[data-latent]')]"
    folded = browser.evaluate(f"{inside}.map(i => Number(i.dataset.latent))")
    assert set(folded) == set(np.flatnonzero(~active))
    kl = page.run.representation().latent_kl
    order = [d for d in content["order"] if active[d]]
    assert order == sorted(order, key=lambda d: -kl[d])


def test_a_category_is_a_choice(browser, page):
    radios = "document.querySelectorAll('input[type=radio][data-latent=\"3\"]')"
    assert browser.evaluate(f"{radios}.length") == 4
    for category in (2, 0):
        browser.evaluate(f"{radios}[{category}].click()")
        settle(browser, 3, category)
        assert_drawn_as_by_pytorch(browser, page.model)


def test_the_keyboard_reaches_a_slider_and_moves_it(browser, page):
    focused = "document.activeElement"
    for _ in range(30):
        browser.press("Tab")
        if browser.evaluate(f"{focused}.matches('#sliders input[type=range]')"):
            break
    else:
        pytest.fail("no slider within 30 steps of the Tab key")
    style = browser.evaluate(
        f"(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle({focused}))"
    )
    assert style[0] == "solid" and style[1] >= 2
    latent = int(browser.evaluate(f"{focused}.dataset.latent"))
    before = code_of(browser), assert_drawn_as_by_pytorch(browser, page.model)
    for _ in range(12):
        browser.press("ArrowRight")
    drawn = f"{CODE}.split(' ')[{latent}]"
    browser.wait_for(f"Math.abs({focused}.valueAsNumber - {drawn}) < 1e-6")
    after = code_of(browser), assert_drawn_as_by_pytorch(browser, page.model)
    assert after[0][latent] > before[0][latent]
    assert np.array_equal(np.delete(after[0], latent), np.delete(before[0], latent))
    assert (after[1] != before[1]).any()


def test_an_image_of_the_data_is_a_place_to_start_from(browser, page):
    rows = json.loads(browser.evaluate("document.getElementById('content').textContent"))
    rows = rows["samples"]["rows"]
    browser.evaluate("document.querySelector('#strip [tabindex=\"0\"]').focus()")
    browser.press("ArrowRight")
    browser.press("ArrowRight")
    browser.press("Enter")
    row = rows[2]
    settle(browser, 0, float(page.codes[row, 0]))
    assert np.array_equal(code_of(browser), page.codes[row])
    assert_drawn_as_by_pytorch(browser, page.model)
    image = np.rint(255 * page.run.dataset().images[row, 0]).ravel()
    assert np.array_equal(
        browser.evaluate(f"{PIXELS}(document.querySelector('#from canvas'))"), image
    )
    move(browser, 0, sum(limits(browser, 0)) / 2)
    browser.evaluate("document.getElementById('back').click()")
    settle(browser, 0, float(page.codes[row, 0]))


def test_a_point_of_the_scatter_is_a_place_to_go_to(browser, page):
    browser.evaluate("document.getElementById('scatter').scrollIntoView()")
    browser.evaluate("document.getElementById('scatter').focus()")
    before = browser.evaluate(CODE)
    browser.press("ArrowRight")
    browser.wait_for(f"{CODE} !== {before!r}")
    assert (np.abs(page.codes - code_of(browser)).max(1) == 0).any()
    before = browser.evaluate(CODE)
    x, y, width, height = browser.evaluate(
        "(r => [r.left, r.top, r.width, r.height])"
        "(document.getElementById('scatter').getBoundingClientRect())"
    )
    for across, down in product((0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8), repeat=2):
        at = {"x": x + across * width, "y": y + down * height, "button": "left", "clickCount": 1}
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", **at)
        if browser.evaluate("document.getElementById('hover').hidden"):
            continue  # no point is near
        for kind in ("mousePressed", "mouseReleased"):
            browser.call("Input.dispatchMouseEvent", type=kind, **at)
        with suppress(AssertionError):  # it may be the present one
            browser.wait_for(f"{CODE} !== {before!r}", seconds=2)
            break
    assert browser.evaluate(CODE) != before
    assert (np.abs(page.codes - code_of(browser)).max(1) == 0).any()


def test_a_traversal_shows_what_its_cells_lead_to(browser, page):
    cell = "document.querySelectorAll('#grid .row:first-child .cell')[7]"
    browser.wait_for(f"{cell}.firstChild.width === 32")
    there = np.asarray(browser.evaluate(f"{PIXELS}({cell}.firstChild)"))
    latent = browser.evaluate(
        "Number(document.querySelector('#sliders [data-latent]').dataset.latent)"
    )
    low, high = limits(browser, latent)
    browser.evaluate(f"{cell}.click()")
    settle(browser, latent, low + 7 / 8 * (high - low))
    assert np.array_equal(assert_drawn_as_by_pytorch(browser, page.model), there)


def test_names_are_read_given_and_kept(browser, page):
    name = "document.querySelector('input[aria-label=\"Name of z₁\"]')"
    assert browser.evaluate(f"{name}.value") == "</script><b>bold"
    browser.evaluate(f"{name}.value = 'size', {name}.dispatchEvent(new Event('change'))")
    options = "[...document.querySelectorAll('#across option')].map(o => o.textContent)"
    assert "size (z₁)" in browser.evaluate(options)
    browser.open("/dev/null", "true")
    browser.open(page.path, READY)
    assert browser.evaluate(f"{name}.value") == "size"
    browser.evaluate("document.getElementById('forget').click()")
    assert browser.evaluate(f"{name}.value") == "</script><b>bold"


CONTRAST = """(() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (node) => {
    for (let e = node; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  for (const details of document.querySelectorAll("details")) details.open = true;
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const field = e.matches("input[type=text], select");
    if (!(own || field) || !e.checkVisibility() || e.matches("script, style, option")) continue;
    found.push([ratio(numbers(getComputedStyle(e).color), behind(e)), e.className || e.tagName]);
    if (!field) continue;
    const empty = numbers(getComputedStyle(e, "::placeholder").color);
    found.push([ratio(empty, behind(e)), "placeholder"]);
  }
  const root = getComputedStyle(document.documentElement);
  const hex = (name) => root.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi)
    .map((v) => parseInt(v, 16));
  for (const name of ["--ink", "--muted"]) found.push([ratio(hex(name), hex("--surface")), "axes"]);
  return found;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("data", ["pictures", "vectors"])
def test_text_has_contrast(browser, request, data, scheme):
    """WCAG 2.2, level AA: at least 4.5 to 1 for all text, whatever its size."""
    page = request.getfixturevalue(data)
    browser.scheme(scheme)
    browser.open(page.path, READY)
    found = browser.evaluate(CONTRAST)
    assert len(found) > 40
    assert [entry for entry in found if entry[0] < 4.5] == []


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_wider_than_a_small_window(browser, page, width):
    browser.size(width, 800)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_vectors_are_decoded_too(browser, vectors):
    browser.open(vectors.path, READY)
    for latent in range(3):
        low, high = limits(browser, latent)
        move(browser, latent, low + 0.8 * (high - low))
        drawn = browser.evaluate(
            "[...document.querySelectorAll('#decoded data')].map(d => d.value)"
        )
        expected = decoded(vectors.model, code_of(browser))
        # The page keeps all digits of single precision; two runtimes add in another order.
        np.testing.assert_allclose(np.asarray(drawn, float), expected, rtol=1e-5, atol=1e-5)
    assert browser.errors == []


def test_nothing_is_fetched(browser, page):
    assert browser.evaluate("performance.getEntriesByType('resource').map(e => e.name)") == []
