// Samples of the data: a strip to choose from, and the chosen one beside what is decoded.

const STRIP = 60;
const sheet = new Image();

async function loadSamples() {
  if (!samples.sheet) return;
  sheet.src = samples.sheet;
  await sheet.decode();
}

const hasSamples = Boolean(samples.sheet || sampleVectors);

function paintSample(canvas, sample) {
  if (sampleVectors) {
    paintVector(canvas, sampleVectors, sample * size);
    return;
  }
  const [, height, width] = content.shape;
  canvas.width = width;
  canvas.height = height;
  const x = width * (sample % samples.across);
  const y = height * Math.floor(sample / samples.across);
  canvas.getContext("2d").drawImage(sheet, x, y, width, height, 0, 0, width, height);
}

function sampleName(sample) {
  return `${pictures ? "image" : "row"} ${samples.rows[sample].toLocaleString("en")}`;
}

function sampleFactors(sample) {
  return factors.map((f) => `${f.name} ${factorText(f.values[sample])}`).join(" · ");
}

function buildStrip() {
  const strip = document.getElementById("strip");
  if (!hasSamples) {
    document.getElementById("pictures").hidden = true;
    return;
  }
  const count = Math.min(STRIP, samples.n);
  const canvases = [];
  const cells = Array.from({ length: count }, (_, sample) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    canvases.push(canvas);
    const about = [sampleName(sample), sampleFactors(sample)].filter(Boolean).join(": ");
    const cell = element(
      "div",
      { role: "option", class: "cell", "aria-label": about, title: about },
      canvas,
    );
    cell.addEventListener("click", () => goTo(sample));
    cell.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      goTo(sample);
    });
    return cell;
  });
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 };
  roving(cells, (i, key) => {
    if (key === "Home") return 0;
    if (key === "End") return count - 1;
    return key in steps ? i + steps[key] : undefined;
  });
  strip.append(...cells);
  const repaint = () => canvases.forEach((canvas, sample) => paintSample(canvas, sample));
  repaint();
  if (!pictures) dark.addEventListener("change", repaint);
  listeners.push(() => {
    cells.forEach((cell, i) => cell.setAttribute("aria-selected", String(i === state.origin)));
  });
}
