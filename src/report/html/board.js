// The board: an index to search, rows and charts that are made when they are asked for.

/** What each asset is found by, in the order of the board. */
const index = JSON.parse(document.getElementById("index").textContent).map(([id, name, symbols, category, attention]) => ({ id, name, symbols, category, attention }));

/** So many rows are shown at once. */
const ROWS_AT_ONCE = 200;

const rows = document.getElementById("rows");
const rowOf = new Map([...rows.children].map((row) => [Number(row.dataset.at), row]));
/** The rows that are no elements yet, as src/report/html/board_row.html has written and escaped them. */
const keptRows = (document.getElementById("more-rows")?.textContent ?? "").split(/(?=<tr role="row")/).slice(1);
const firstKept = index.length - keptRows.length;

/** Elements of a text that a template of the page has escaped. */
function elements(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

function boardRow(at) {
  if (!rowOf.has(at)) rowOf.set(at, elements(keptRows[at - firstKept].replace("</tbody></table>", "")).querySelector("tr"));
  translate(rowOf.get(at));
  return rowOf.get(at);
}

/** What is searched in: an asset by its id, name, symbols, and its category in both languages. */
const searched = index.map(({ id, name, symbols, category }) => [id, name, ...symbols, category, KOREAN[category] ?? ""].join(" ").toLowerCase());

const find = document.getElementById("find"), attention = document.getElementById("attention");
let matches = [...index.keys()], shown = firstKept;

function showRows() {
  rows.replaceChildren(...matches.slice(0, shown).map(boardRow));
  document.getElementById("no-match").hidden = matches.length > 0;
  const more = matches.length > shown;
  document.querySelector(".more").hidden = !more;
  document.getElementById("show-more").hidden = !more;
  document.getElementById("found").textContent = say("{0} of {1} assets", count(Math.min(shown, matches.length)), count(index.length));
}

/** Shows the assets with all words of the search in them. */
function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const fits = (at) => (!attention.checked || index[at].attention) && words.every((word) => searched[at].includes(word));
  matches = [...index.keys()].filter(fits);
  shown = ROWS_AT_ONCE;
  showRows();
  const found = new Set(matches);
  for (const section of document.querySelectorAll(".asset")) section.hidden = !found.has(Number(section.dataset.at));
}

/** The chart and coverage of an asset, made where they are not there yet. */
function section(at) {
  const kept = document.getElementById(`kept-${at}`);
  if (kept) {
    const made = elements(kept.textContent).firstElementChild;
    kept.replaceWith(made);
    translate(made);
    localTimes(made);
    watch(made);
  }
  const found = document.getElementById(`asset-${at}`);
  // Whoever asks for it wants to see it, whatever is searched for.
  if (found) found.hidden = false;
  return found;
}

function go(at) {
  location.hash = `asset-${at}`;
  section(at)?.scrollIntoView();
}

function sectionOfHash() {
  const at = /^#asset-(\d+)$/.exec(location.hash);
  if (at) section(Number(at[1]))?.scrollIntoView();
}

/** Up and down from row to row, as from the search to the first one. */
function moveByKey(event) {
  const links = [...rows.querySelectorAll(".who a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown") links[at + 1]?.focus();
  else if (event.key === "ArrowUp") (links[at - 1] ?? find).focus();
  else if (event.key === "Enter" && document.activeElement === find && matches.length > 0) go(matches[0]);
  else return;
  event.preventDefault();
}

document.querySelector(".filter").hidden = false;
find.addEventListener("input", filter);
attention.addEventListener("change", filter);
document.getElementById("show-more").addEventListener("click", () => {
  shown += ROWS_AT_ONCE;
  showRows();
});
for (const part of [find, rows]) part.addEventListener("keydown", moveByKey);
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  find.focus();
});
// Before the browser looks for the place of the link.
addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#asset-"]');
  if (link) section(Number(link.hash.slice("#asset-".length)));
}, true);
addEventListener("hashchange", sectionOfHash);

// A long table has the rest of its rows when it is opened.
for (const rest of document.querySelectorAll("noscript.rest")) {
  rest.closest("details").addEventListener("toggle", () => {
    rest.previousElementSibling.tBodies[0].append(...elements(rest.textContent).querySelectorAll("tr"));
    rest.remove();
  }, { once: true });
}
