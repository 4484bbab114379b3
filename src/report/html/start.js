// Starts the page: its language, its charts when they come into view, paper.
const charts = new Map();

function chartOf(root) {
  const data = () => JSON.parse(document.getElementById(`data-${root.dataset.at}`).textContent);
  if (!charts.has(root)) charts.set(root, new Chart(root, data()));
  return charts.get(root);
}

function applyLanguage() {
  page.lang = korean ? "ko" : "en";
  translate(document);
  const button = document.getElementById("language");
  button.hidden = false;
  button.textContent = korean ? "English" : "한국어";
  showRows();
  for (const chart of charts.values()) {
    chart.asset.price = priceFormat(chart.asset);
    chart.build();
    // The texts of its marks as well.
    chart.adjustFor(chart.adjust);
  }
}

/** Calls with an element once it is about to come into view. */
function whenSeen(act) {
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      seen.unobserve(entry.target);
      act(entry.target);
    }
  }, { rootMargin: "400px" });
  return seen;
}

const seenCharts = whenSeen(chartOf), seenStrips = whenSeen((root) => new Coverage(root));

/** Draws what is in a part of the page when it comes into view. */
function watch(root) {
  for (const chart of root.querySelectorAll(".chart")) seenCharts.observe(chart);
  for (const strip of root.querySelectorAll(".coverage")) seenStrips.observe(strip);
}

document.getElementById("language").addEventListener("click", () => {
  korean = !korean;
  applyLanguage();
});
applyLanguage();
localTimes(document);
watch(document);
sectionOfHash();

// Paper shows every chart, drawn for its width: else the texts would be shrunk with the lines.
const PAPER_WIDTH = 720;
addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach((root) => chartOf(root).draw(PAPER_WIDTH)));
addEventListener("afterprint", () => charts.forEach((chart) => chart.draw()));
let wait = 0;
addEventListener("resize", () => {
  clearTimeout(wait);
  wait = setTimeout(() => charts.forEach((chart) => chart.draw()), 100);
});
page.dataset.ready = "yes";
