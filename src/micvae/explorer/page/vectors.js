// A vector on the stage: a line per feature, with the data's value beside the decoded one.

function vectorView() {
  const rows = content.features.map((feature) => {
    const mark = element("span", { class: "own" });
    const dot = element("span", { class: "dot" });
    const value = element("data", { value: "" });
    const row = element(
      "div",
      { class: "feature" },
      element("span", { class: "label", title: feature.name }, feature.name),
      element("span", { class: "axis" }, mark, dot),
      value,
    );
    return { feature, row, mark, dot, value };
  });
  const place = (feature, value) => `${100 * share(value, feature.low, feature.high)}%`;
  const root = element("div", {}, ...rows.map(({ row }) => row));
  const longest = Math.max(...content.features.map((feature) => feature.name.length));
  root.style.setProperty("--names", `${Math.min(11, Math.max(4, longest))}ch`);
  return {
    root,
    decoded(values) {
      rows.forEach(({ feature, dot, value }, i) => {
        dot.style.left = place(feature, values[i]);
        const own = values[i] * feature.scale + feature.mean; // in the units of the data
        value.value = own;
        value.textContent = shown(own);
      });
    },
    original(values, offset) {
      rows.forEach(({ feature, mark }, i) => {
        mark.hidden = values === null;
        if (values !== null) mark.style.left = place(feature, values[offset + i]);
      });
    },
  };
}
