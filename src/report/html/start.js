// Starts the page: its language, its charts when they come into view, its filter.
const { assets } = JSON.parse(document.getElementById("data").textContent);
const charts = new Map();

function chartOf(root) {
  if (!charts.has(root)) charts.set(root, new Chart(root, assets[Number(root.dataset.at)]));
  return charts.get(root);
}

function applyLanguage() {
  page.lang = korean ? "ko" : "en";
  translate(document);
  const button = document.getElementById("language");
  button.hidden = false;
  button.textContent = korean ? "English" : "한국어";
  for (const chart of charts.values()) {
    chart.asset.price = priceFormat(chart.asset);
    chart.build();
    chart.draw();
  }
}

document.getElementById("language").addEventListener("click", () => {
  korean = !korean;
  applyLanguage();
});
applyLanguage();
localTimes(document);

const all = [...document.querySelectorAll(".chart")];
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((e) => e.isIntersecting)) {
    seen.unobserve(entry.target);
    chartOf(entry.target);
  }
}, { rootMargin: "400px" });
for (const root of all) seen.observe(root);

const strips = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((e) => e.isIntersecting)) {
    strips.unobserve(entry.target);
    new Coverage(entry.target);
  }
}, { rootMargin: "400px" });
for (const root of document.querySelectorAll(".coverage")) strips.observe(root);

// Paper shows every chart, drawn for its width: else the texts would be shrunk with the lines.
const PAPER_WIDTH = 720;
addEventListener("beforeprint", () => all.forEach((root) => chartOf(root).draw(PAPER_WIDTH)));
addEventListener("afterprint", () => charts.forEach((chart) => chart.draw()));
let wait = 0;
addEventListener("resize", () => {
  clearTimeout(wait);
  wait = setTimeout(() => charts.forEach((chart) => chart.draw()), 100);
});

const find = document.getElementById("find"), attention = document.getElementById("attention");
function filter() {
  const text = find.value.trim().toLowerCase();
  let shown = 0;
  for (const row of document.querySelectorAll(".board tbody tr")) {
    const { id, name } = assets[Number(row.dataset.at)];
    const fits = `${id} ${name}`.toLowerCase().includes(text) && (!attention.checked || "attention" in row.dataset);
    row.hidden = !fits;
    document.getElementById(`asset-${row.dataset.at}`).hidden = !fits;
    shown += fits;
  }
  document.getElementById("no-match").hidden = shown > 0;
}
document.querySelector(".filter").hidden = false;
find.addEventListener("input", filter);
attention.addEventListener("change", filter);
page.dataset.ready = "yes";
