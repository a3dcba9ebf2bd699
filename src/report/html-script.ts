//
//   What runs in an HTML report: draws the charts, sorts tables, and lets a brush over points select the same points
//   everywhere.
//

export const BOOT = `
(async () => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const views = {};
  for (const [name, chart] of Object.entries(charts)) {
    const container = document.getElementById("chart-" + name);
    const spec = vegaLite.compile(chart).spec;
    views[name] = await new vega.View(vega.parse(spec), { renderer: "svg", container, hover: true }).runAsync();
  }

  const brushed = Object.keys(charts).filter((name) => charts[name].usermeta && charts[name].usermeta.brush);
  const ranges = {};
  const rows = document.querySelectorAll("tr[data-id]");
  const select = () => {
    const bounds = Object.values(ranges).flatMap(({ points, range }) =>
      Object.entries(range).map(([field, [from, to]]) => ({ points, field, from: Math.min(from, to), to: Math.max(from, to) })));
    let chosen = null;
    for (const { points, field, from, to } of bounds) {
      const inside = new Set(points.filter((one) => one[field] >= from && one[field] <= to).map((one) => one.id));
      chosen = chosen === null ? inside : new Set([...chosen].filter((id) => inside.has(id)));
    }
    for (const row of rows) row.hidden = chosen !== null && !chosen.has(row.dataset.id);
    for (const name of brushed) views[name].signal("chosen", chosen === null ? null : [...chosen]).runAsync();
  };
  for (const name of brushed) {
    const points = charts[name].layer[0].data.values;
    views[name].addSignalListener("brush", (_, range) => {
      ranges[name] = { points, range };
      select();
    });
  }

  const valueOf = (row, column) => {
    const text = row.cells[column].textContent;
    const number = Number(text.replaceAll(",", ""));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : a === b ? 0 : 1);
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
      head.firstChild.addEventListener("click", () => {
        const sign = head.ariaSort === "ascending" ? -1 : 1;
        for (const other of table.tHead.rows[0].cells) other.ariaSort = "none";
        head.ariaSort = sign === 1 ? "ascending" : "descending";
        const sorted = [...table.tBodies[0].rows].sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column)));
        table.tBodies[0].append(...sorted);
      });
    }
  }

  window.mobisimViews = views;
  document.documentElement.dataset.drawn = String(Object.keys(views).length);
})();
`;
