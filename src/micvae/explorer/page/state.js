// Where the sliders are, who wants to know, and the samples of the data.

const samples = content.samples;
const sampleCodes = floatsOf(samples.codes);
const sampleVectors = samples.vectors ? floatsOf(samples.vectors) : null;
const factors = samples.factors.map((f) => ({ ...f, values: floatsOf(f.values) }));

const state = {
  code: Float32Array.from(content.mean),
  origin: null,  // which sample the code was taken from, last
};
const listeners = [];

function changed() {
  for (const listener of listeners) listener();
}

function setLatent(d, value) {
  state.code[d] = value;
  changed();
}

function codeOf(sample) {
  return sampleCodes.subarray(sample * dimensions, (sample + 1) * dimensions);
}

function goTo(sample) {
  state.origin = sample;
  state.code.set(codeOf(sample));
  changed();
}

function goToMean() {
  state.origin = null;
  state.code.set(content.mean);
  changed();
}

const NAMES = `micvae latent names: ${content.run}`;
const names = Object.fromEntries(content.latents.map((latent) => [latent.key, latent.name]));

try {
  Object.assign(names, JSON.parse(localStorage.getItem(NAMES) ?? "{}"));
} catch {
  // A browser may keep nothing for pages from files; names then last as long as the page.
}

function nameOf(d) {
  const { key, symbol } = content.latents[d];
  return names[key] ? `${names[key]} (${symbol})` : symbol;
}

const renamed = [];

function rename(d, name) {
  names[content.latents[d].key] = name.trim();
  try {
    localStorage.setItem(NAMES, JSON.stringify(names));
  } catch {
    // As above.
  }
  for (const listener of renamed) listener();
}

function forgetNames() {
  content.latents.forEach(({ key, name }) => (names[key] = name));
  try {
    localStorage.removeItem(NAMES);
  } catch {
    // As above.
  }
  for (const listener of renamed) listener();
}

function downloadNames() {
  const given = Object.fromEntries(Object.entries(names).filter(([, name]) => name));
  const file = new Blob([JSON.stringify(given, null, 2) + "\n"], { type: "application/json" });
  const address = URL.createObjectURL(file);
  element("a", { href: address, download: "latent_names.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
