// What a sample looks like: pixels of an image, or the bars of a vector.

const dark = matchMedia("(prefers-color-scheme: dark)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// One channel is grey, of four the last (opacity) is left out, as in the reports.
function paintImage(canvas, values, offset = 0) {
  const [channels, height, width] = content.shape;
  const plane = height * width;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      const from = channels >= 3 ? c * plane : 0;
      pixels.data[4 * i + c] = Math.round(255 * values[offset + from + i]);
    }
    pixels.data[4 * i + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function paintVector(canvas, values, offset = 0) {
  const rows = content.features.length;
  const unit = Math.max(2, Math.min(8, Math.round(96 / rows)));
  canvas.width = 96;
  canvas.height = rows * unit;
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour("track");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colour("accent");
  content.features.forEach((feature, row) => {
    const part = share(values[offset + row], feature.low, feature.high);
    const gap = unit > 3 ? 1 : 0;
    pen.fillRect(0, row * unit, Math.max(1, 96 * part), unit - gap);
  });
}

const paint = pictures ? paintImage : paintVector;

function share(value, low, high) {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

function shown(value) {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

// Categories and other whole values have no decimals.
function valueText(latent, value) {
  const whole = latent.values?.every(Number.isInteger);
  return whole ? String(Math.round(value)) : shown(value);
}

function factorText(value) {
  return Number.isInteger(value) ? value.toLocaleString("en") : shown(value);
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// One tab stop for many: arrows move within it, as in any list or grid.
function roving(cells, move) {
  cells.forEach((cell, i) => {
    cell.tabIndex = i === 0 ? 0 : -1;
    cell.addEventListener("keydown", (event) => {
      const next = move(i, event.key);
      if (next === undefined) return;
      event.preventDefault();
      const target = cells[Math.min(cells.length - 1, Math.max(0, next))];
      target.focus();
    });
    cell.addEventListener("focus", () => {
      for (const other of cells) other.tabIndex = -1;
      cell.tabIndex = 0;
    });
  });
}
