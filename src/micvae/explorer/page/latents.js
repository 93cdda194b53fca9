// A row per latent: its name, a slider or choices, its value, and how much it tells.

const FEW = 12;  // so many values are buttons side by side; more are steps of a slider

function histogram(latent) {
  const n = latent.density.length;
  const bars = latent.density.map((share, i) => {
    const height = share === 0 ? 0 : Math.max(4, share);
    return `M${i + 0.08} 100V${100 - height}H${i + 0.92}V100Z`;
  });
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", `0 0 ${n} 100`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  drawing.innerHTML = `<path d="${bars.join("")}"/>`;
  return drawing;
}

function slider(d, latent) {
  const values = latent.values;
  const control = element("input", {
    type: "range",
    min: values ? 0 : latent.low,
    max: values ? values.length - 1 : latent.high,
    step: values ? 1 : "any",
    "data-latent": d,
  });
  control.addEventListener("input", () => {
    const at = control.valueAsNumber;
    setLatent(d, values ? values[at] : at);
  });
  const mark = element("span", { class: "own", "aria-hidden": "true" });
  const track = element("div", { class: "track" }, histogram(latent), mark, control);
  return {
    root: track,
    label: (name) => control.setAttribute("aria-label", name),
    show(value) {
      control.value = values ? nearestIndex(values, value) : value;
      control.setAttribute("aria-valuetext", valueText(latent, value));
    },
    showOwn(value) {
      mark.hidden = value === null;
      if (value === null) return;
      const at = values ? nearestIndex(values, value) : value;
      mark.style.setProperty("--at", share(at, Number(control.min), Number(control.max)));
    },
  };
}

function choices(d, latent) {
  const busiest = Math.max(...latent.density, 1);
  const inputs = latent.values.map((value) => {
    const input = element("input", { type: "radio", name: `choice-${d}`, "data-latent": d });
    input.addEventListener("input", () => setLatent(d, value));
    return input;
  });
  const labels = inputs.map((input, i) => {
    const text = element("span", {}, valueText(latent, latent.values[i]));
    const label = element("label", {}, input, text);
    label.style.setProperty("--share", latent.density[i] / busiest);
    return label;
  });
  const root = element("div", { class: "choices", role: "radiogroup" }, ...labels);
  const columns = labels.length > 6 ? Math.ceil(labels.length / 2) : labels.length;
  root.style.setProperty("--columns", columns);
  return {
    root,
    label: (name) => root.setAttribute("aria-label", name),
    show(value) {
      inputs[nearestIndex(latent.values, value)].checked = true;
    },
    showOwn(value) {
      const own = value === null ? -1 : nearestIndex(latent.values, value);
      labels.forEach((label, i) => label.classList.toggle("own", i === own));
    },
  };
}

function nearestIndex(values, value) {
  let best = 0;
  values.forEach((v, i) => {
    if (Math.abs(v - value) < Math.abs(values[best] - value)) best = i;
  });
  return best;
}

function latentRow(d, top) {
  const latent = content.latents[d];
  const few = latent.values !== null && latent.values.length <= FEW;
  const control = few ? choices(d, latent) : slider(d, latent);
  const name = element("input", {
    type: "text",
    class: "name",
    placeholder: "name it",
    maxlength: content.longest,
    "aria-label": `Name of ${latent.symbol}`,
    autocomplete: "off",
    spellcheck: "false",
  });
  name.addEventListener("change", () => rename(d, name.value));
  const output = element("output", {});
  const told = content.informative ? latent.kl : latent.effect;
  const meter = element("div", { class: "meter" }, element("span", {}));
  meter.firstChild.style.width = `${100 * share(told, 0, top)}%`;
  const worth = element(
    "div",
    { class: "worth" },
    meter,
    content.informative ? `KL ${shown(told)} nats` : `effect ${shown(told)}`,
  );
  const row = element(
    "div",
    { class: `latent${latent.active ? "" : " inactive"}` },
    element("div", { class: "who" }, element("span", { class: "symbol" }, latent.symbol), name),
    control.root,
    output,
    worth,
  );
  const update = () => {
    const own = state.origin === null ? null : codeOf(state.origin)[d];
    const outside = latent.values === null && share(state.code[d], latent.low, latent.high) % 1 === 0;
    control.show(state.code[d]);
    control.showOwn(own);
    output.textContent = valueText(latent, state.code[d]);
    output.classList.toggle("outside", outside);
  };
  const showName = () => {
    name.value = names[latent.key];
    control.label(nameOf(d));
  };
  listeners.push(update);
  renamed.push(showName);
  showName();
  return row;
}

function buildLatents() {
  const worth = (latent) => (content.informative ? latent.kl : latent.effect);
  const top = Math.max(...content.latents.map(worth), 1e-9);
  const rows = (active) =>
    content.order.filter((d) => content.latents[d].active === active).map((d) => latentRow(d, top));
  const inactive = rows(false);
  document.getElementById("sliders").append(...rows(true));
  document.getElementById("inactive-sliders").append(...inactive);
  document.getElementById("inactive").hidden = inactive.length === 0;
  document.getElementById("inactive-title").textContent =
    `${inactive.length} inactive latent${inactive.length === 1 ? "" : "s"}`;
  const first = content.informative
    ? "Most informative first, by KL: how much a latent tells about a sample."
    : "Strongest effect on what is decoded first.";
  document.getElementById("latents-caption").textContent =
    `${first} A slider spans the middle 98% of the data's codes, whose histogram stands above it; ` +
    "the mark is the sample's own code." +
    (content.latents.some((latent) => latent.values !== null)
      ? " The bar below a choice says how often the data has it."
      : "");
  document.getElementById("download").addEventListener("click", downloadNames);
  document.getElementById("forget").addEventListener("click", forgetNames);
}
