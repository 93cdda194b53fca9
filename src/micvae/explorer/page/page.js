// The stage, and how everything is put together.

function buildStage(decode) {
  const views = document.getElementById("views");
  const origin = document.getElementById("origin");
  const back = document.getElementById("back");
  const plain = pictures ? imageView() : vectorView();
  plain.root.id = "decoded";
  views.append(plain.root);
  if (plain.own) document.getElementById("from").prepend(plain.own);

  let running = false;
  let wanted = false;
  async function redraw() {
    wanted = true;
    if (running) return;  // the last position asked for is drawn when this one is done
    running = true;
    while (wanted) {
      wanted = false;
      const code = state.code.slice();
      plain.decoded(await decode(code, 1));
      plain.root.dataset.code = code.join(" ");
    }
    running = false;
  }
  listeners.push(redraw, () => {
    const sample = state.origin;
    if (sampleVectors) plain.original(sample === null ? null : sampleVectors, sample * size);
    else if (pictures) plain.original(sample);
    const moved = sample !== null && codeOf(sample).some((value, d) => value !== state.code[d]);
    back.disabled = !moved;
    const about = sample === null ? "" : sampleFactors(sample);
    origin.textContent =
      sample === null
        ? "Started from the mean code of the data."
        : `Started from ${sampleName(sample)} of ${samples.total.toLocaleString("en")}` +
          (about ? `: ${about}.` : ".") +
          (sampleVectors ? " The marks are its own values." : "");
  });
  back.addEventListener("click", () => goTo(state.origin));
  document.getElementById("mean").addEventListener("click", goToMean);
  document.getElementById("another").addEventListener("click", () => {
    goTo(Math.floor(Math.random() * samples.n));
  });
}

function imageView() {
  const decoded = element("canvas", { role: "img", "aria-label": "The decoded image" });
  const canvas = element("canvas", { role: "img", "aria-label": "The image of the data" });
  return {
    root: decoded,
    own: canvas,
    decoded: (values) => paintImage(decoded, values),
    original(sample) {
      canvas.hidden = sample === null || !hasSamples;
      if (!canvas.hidden) paintSample(canvas, sample);
    },
  };
}

async function start() {
  const status = document.getElementById("status");
  try {
    const [decode] = await Promise.all([openDecoder(), loadSamples()]);
    buildStage(decode);
    buildLatents();
    buildStrip();
    buildTraversals(decode);
    buildScatter();
    status.hidden = true;
    document.body.classList.add("ready");
    goTo(0);
  } catch (error) {
    status.classList.add("banner");
    status.textContent =
      `The decoder could not be started (${error.message}). ` +
      "It needs a browser of 2023 or later, with WebAssembly.";
    console.error(error);
  }
}

start();
