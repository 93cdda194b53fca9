// Codes of the data in the plane of two latents, coloured by a factor or by a latent.

const RAMPS = {
  light: ["#93bfdd", "#4a90c2", "#1a5f9e", "#0b3564"],
  dark: ["#2b5f8f", "#4a90c2", "#93bfdd", "#e8f2fa"],
};
const CIRCLE = ["#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7", "#0072b2"];
const PALETTE = [
  "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
  "#56b4e9", "#7a5195", "#8c6d31", "#1b9aaa", "#7f7f7f",
];

function ramp(colours, part) {
  const at = part * (colours.length - 1);
  const i = Math.min(colours.length - 2, Math.floor(at));
  const channel = (text, c) => parseInt(text.slice(1 + 2 * c, 3 + 2 * c), 16);
  const mixed = [0, 1, 2].map((c) =>
    Math.round(channel(colours[i], c) + (at - i) * (channel(colours[i + 1], c) - channel(colours[i], c))),
  );
  return `rgb(${mixed.join(" ")})`;
}

// What a choice of colour means: a colour per sample, and the legend that explains it.
function colouring(choice) {
  const scheme = dark.matches ? RAMPS.dark : RAMPS.light;
  const [kind, number] = choice.split(" ");
  if (kind === "none") return { of: () => colour("accent"), legend: [] };
  if (kind === "latent") {
    const { low, high } = content.latents[number];
    const at = (i) => ramp(scheme, share(codeOf(i)[number], low, high));
    return { of: at, legend: scale(scheme, low, high) };
  }
  const factor = factors[number];
  const values = [...new Set(factor.values)].sort((a, b) => a - b);
  if (factor.kind === "categorical" && values.length <= PALETTE.length) {
    const legend = values.map((value, i) => {
      const chip = element("span", { class: "chip" });
      chip.style.background = PALETTE[i];
      return element("span", { class: "key" }, chip, factorText(value));
    });
    return { of: (i) => PALETTE[values.indexOf(factor.values[i])], legend };
  }
  const colours = factor.kind === "angular" ? CIRCLE : scheme;
  const at = (i) => ramp(colours, share(factor.values[i], factor.low, factor.high));
  return { of: at, legend: scale(colours, factor.low, factor.high) };
}

function scale(colours, low, high) {
  const bar = element("span", { class: "bar" });
  bar.style.background = `linear-gradient(to right, ${colours.join(",")})`;
  return [element("span", {}, factorText(low)), bar, element("span", {}, factorText(high))];
}

function fillChoices(across, up, colours) {
  const option = (value, text) => element("option", { value }, text);
  const keep = [across, up, colours].map((select) => select.value);
  const latents = () => content.order.map((d) => option(d, nameOf(d)));
  across.replaceChildren(...latents());
  up.replaceChildren(...latents());
  const group = (label, options) => element("optgroup", { label }, ...options);
  const byFactor = factors.map((f, k) => option(`factor ${k}`, f.name));
  const byLatent = content.order.map((d) => option(`latent ${d}`, nameOf(d)));
  colours.replaceChildren(
    ...(byFactor.length ? [group("factor", byFactor)] : []),
    group("latent", byLatent),
    option("none 0", "none"),
  );
  const start = [content.order[0], content.order[1] ?? content.order[0], colours.options[0].value];
  [across, up, colours].forEach((select, i) => (select.value = keep[i] || start[i]));
}

function buildScatter() {
  const canvas = document.getElementById("scatter");
  if (content.latents.some((latent) => latent.values !== null)) {
    document.getElementById("codes-caption").append(
      " Around each of finitely many values the points are spread, so that all can be seen.",
    );
  }
  const hover = document.getElementById("hover");
  const [across, up, colours] = ["across", "up", "colour"].map((id) => document.getElementById(id));
  const legend = document.getElementById("legend");
  const pen = canvas.getContext("2d");
  const margin = { left: 46, right: 14, top: 12, bottom: 40 };
  const picture = element("canvas", {});
  const words = element("span", {});
  if (hasSamples) hover.append(picture);
  hover.append(words);
  let points = [];

  const range = (d) => {
    const column = Array.from({ length: samples.n }, (_, i) => codeOf(i)[d]);
    const low = Math.min(...column);
    const high = Math.max(...column);
    const spare = 0.05 * (high - low) || 0.5;
    return [low - spare, high + spare];
  };

  // Where a latent has few values, points are spread about them, or most would hide the others.
  const spread = (d, i, irrational) => {
    const values = content.latents[d].values;
    if (values === null || values.length < 2) return 0;
    const apart = Math.min(...values.slice(1).map((v, k) => v - values[k]));
    return 0.6 * apart * (((i + 1) * irrational) % 1 - 0.5);  // evenly, and the same every time
  };

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    const density = devicePixelRatio || 1;
    canvas.width = width * density;
    canvas.height = height * density;
    pen.setTransform(density, 0, 0, density, 0, 0);
    const inner = [width - margin.left - margin.right, height - margin.top - margin.bottom];
    const [x, y] = [Number(across.value), Number(up.value)];
    const [rangeX, rangeY] = [range(x), range(y)];
    const place = (code) => [
      margin.left + (inner[0] * (code[x] - rangeX[0])) / (rangeX[1] - rangeX[0]),
      margin.top + inner[1] * (1 - (code[y] - rangeY[0]) / (rangeY[1] - rangeY[0])),
    ];
    axes(pen, margin, inner, rangeX, rangeY, nameOf(x), nameOf(y));
    const chosen = colouring(colours.value);
    legend.replaceChildren(...chosen.legend);
    points = Array.from({ length: samples.n }, (_, i) => {
      const code = codeOf(i).slice();
      code[x] += spread(x, i, 0.7548776662466927);
      if (y !== x) code[y] += spread(y, i, 0.5698402909980532);
      return place(code);
    });
    pen.globalAlpha = 0.85;
    points.forEach(([px, py], i) => {
      pen.fillStyle = chosen.of(i);
      pen.beginPath();
      pen.arc(px, py, 3.2, 0, 2 * Math.PI);
      pen.fill();
    });
    pen.globalAlpha = 1;
    ring(pen, place(state.code), margin, inner);
  }

  function nearest(px, py, within = 24) {
    let best = null;
    let least = within ** 2;
    points.forEach(([qx, qy], i) => {
      const apart = (px - qx) ** 2 + (py - qy) ** 2;
      if (apart < least) [best, least] = [i, apart];
    });
    return best;
  }

  canvas.addEventListener("pointermove", (event) => {
    const found = nearest(event.offsetX, event.offsetY);
    hover.hidden = found === null;
    canvas.style.cursor = found === null ? "default" : "pointer";
    if (found === null) return;
    if (hasSamples) paintSample(picture, found);
    words.textContent = [sampleName(found), sampleFactors(found)].filter(Boolean).join(" · ");
    const [px, py] = points[found];
    hover.classList.toggle("left", px > canvas.clientWidth / 2);
    hover.style.left = `${px}px`;
    hover.style.top = `${Math.min(py, canvas.clientHeight - 110)}px`;
  });
  canvas.addEventListener("pointerleave", () => (hover.hidden = true));
  canvas.addEventListener("click", (event) => {
    const found = nearest(event.offsetX, event.offsetY);
    if (found !== null) goTo(found);
  });
  const directions = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  canvas.addEventListener("keydown", (event) => {
    const direction = directions[event.key];
    if (!direction) return;
    event.preventDefault();
    const from = state.origin ?? 0;
    const next = towards(points, from, direction);
    if (next !== null) goTo(next);
  });

  fillChoices(across, up, colours);
  for (const select of [across, up, colours]) select.addEventListener("change", draw);
  renamed.push(() => {
    fillChoices(across, up, colours);
    draw();
  });
  dark.addEventListener("change", draw);
  new ResizeObserver(draw).observe(canvas);
  listeners.push(draw);
}

// The nearest point that lies rather in this direction than across it.
function towards(points, from, [dx, dy]) {
  const [x, y] = points[from];
  let best = null;
  let least = Infinity;
  points.forEach(([px, py], i) => {
    const along = (px - x) * dx + (py - y) * dy;
    const off = Math.abs((px - x) * dy) + Math.abs((py - y) * dx);
    if (i === from || along < 1 || off > along) return;
    const cost = along + 2 * off;
    if (cost < least) [best, least] = [i, cost];
  });
  return best;
}

function axes(pen, margin, inner, rangeX, rangeY, nameX, nameY) {
  const [left, top] = [margin.left, margin.top];
  const [right, bottom] = [left + inner[0], top + inner[1]];
  pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  const line = (x0, y0, x1, y1) => {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.stroke();
  };
  pen.strokeStyle = colour("line");
  pen.fillStyle = colour("muted");
  pen.textAlign = "center";
  for (const value of ticks(...rangeX, inner[0] / 90)) {
    const x = left + inner[0] * share(value, ...rangeX);
    line(x, top, x, bottom);
    pen.fillText(tickText(value), x, bottom + 13);
  }
  pen.textAlign = "right";
  for (const value of ticks(...rangeY, inner[1] / 70)) {
    const y = bottom - inner[1] * share(value, ...rangeY);
    line(left, y, right, y);
    pen.fillText(tickText(value), left - 7, y);
  }
  pen.fillStyle = colour("ink");
  pen.textAlign = "right";
  pen.fillText(`${nameX} →`, right, bottom + 30);
  pen.textAlign = "left";
  pen.fillText(`↑ ${nameY}`, left + 6, top + 10);
}

// Round numbers, about so many of them.
function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(2, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) found.push(i * step);
  return found;
}

function tickText(value) {
  return String(Number(value.toPrecision(6))).replace("-", "−");
}

function ring(pen, [x, y], margin, inner) {
  const clamped = [
    Math.min(margin.left + inner[0], Math.max(margin.left, x)),
    Math.min(margin.top + inner[1], Math.max(margin.top, y)),
  ];
  for (const [width, name] of [[5, "surface"], [2.5, "mark"]]) {
    pen.lineWidth = width;
    pen.strokeStyle = colour(name);
    pen.beginPath();
    pen.arc(...clamped, 8, 0, 2 * Math.PI);
    pen.stroke();
  }
}
