// A grid from where the sliders are: every row runs one latent through its range.

const COLUMNS = 9;
const ROWS = 12;

function stops(latent) {
  const values = latent.values;
  const last = values ? values.length - 1 : 1;
  const count = values ? Math.min(COLUMNS, values.length) : COLUMNS;
  return Array.from({ length: count }, (_, i) => {
    const part = count === 1 ? 0 : i / (count - 1);
    return values ? values[Math.round(part * last)] : latent.low + part * (latent.high - latent.low);
  });
}

function buildTraversals(decode) {
  const shownLatents = content.order.filter((d) => content.latents[d].active).slice(0, ROWS);
  const grid = document.getElementById("grid");
  if (shownLatents.length === 0) {
    document.getElementById("traversals").hidden = true;
    return;
  }
  const cells = [];
  const places = [];
  const rows = shownLatents.map((d) => {
    const label = element("div", { role: "rowheader", class: "label" });
    const showName = () => (label.textContent = nameOf(d));
    renamed.push(showName);
    showName();
    const values = stops(content.latents[d]);
    const made = values.map((value, column) => {
      const cell = element("div", { role: "gridcell", class: "cell" }, element("canvas", {}));
      cell.setAttribute("aria-label", `${content.latents[d].symbol} at ${valueText(content.latents[d], value)}`);
      cell.title = valueText(content.latents[d], value);
      cell.addEventListener("click", () => setLatent(d, value));
      cell.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        setLatent(d, value);
      });
      cells.push(cell);
      places.push({ d, value, column });
      return cell;
    });
    grid.append(element("div", { role: "row", class: "row" }, label, ...made));
    return { d, values, cells: made };
  });
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  roving(cells, (i, key) => {
    if (key in steps) return i + steps[key];
    if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
    const { d, column } = places[i];
    const to = shownLatents.indexOf(d) + (key === "ArrowDown" ? 1 : -1);
    if (!rows[to]) return i;
    return cells.indexOf(rows[to].cells[Math.min(column, rows[to].cells.length - 1)]);
  });

  let last = null;
  const redraw = () => {
    if (!last) return;
    cells.forEach((cell, i) => paint(cell.firstChild, last, i * size));
  };
  const decodeAll = async () => {
    const codes = new Float32Array(cells.length * dimensions);
    places.forEach(({ d, value }, i) => {
      codes.set(state.code, i * dimensions);
      codes[i * dimensions + d] = value;
    });
    last = await decode(codes, cells.length);
    redraw();
  };
  let waiting = 0;
  listeners.push(() => {
    for (const { d, values, cells: row } of rows) {
      const here = nearestIndex(values, state.code[d]);
      row.forEach((cell, i) => cell.setAttribute("aria-selected", String(i === here)));
    }
    clearTimeout(waiting);  // a moving slider wants its own image first
    waiting = setTimeout(decodeAll, 120);
  });
  if (!pictures) dark.addEventListener("change", redraw);
}
