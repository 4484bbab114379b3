// The days of a chart: the best bar of each as it is adjusted, what is marked on it, what is left out.

/** What prices can be adjusted for, and the column of the factors that each takes. */
const ADJUST = { none: null, splits: 2, all: 3 };

/** Gives the factor of a day; undefined where it is not known. */
function factorsOf(asset, adjust) {
  const column = ADJUST[adjust];
  if (column === null) return () => 1;
  return (day) => asset.factors.find(([since, until]) => since <= day && day < until)?.[column];
}

/** A bar times a factor; null where that is not known. */
function adjusted(bar, factor) {
  if (factor === undefined) return null;
  if (factor === 1) return bar;
  return { ...bar, open: bar.open * factor, high: bar.high * factor, low: bar.low * factor, close: bar.close * factor };
}

/** What is marked on each day. Words of the page stand in texts as they are said now. */
function marksByDay(asset, best, adjust) {
  const marks = new Map();
  const put = (day, kind, text) => marks.set(day, [...(marks.get(day) ?? []), { kind, text }]);
  for (const day of asset.gapDays) put(day, "gap", "");
  const kinds = { price_jump: "jump", suspended: "suspended" };
  for (const [day, source, rule, detail, suspect] of asset.findings) {
    if (rule !== "date_gap") put(day, suspect ? "suspect" : kinds[rule] ?? "finding", `${rule} (${source}): ${detail}`);
  }
  // What a price was before is not adjusted: beside adjusted ones it would look like a move.
  for (const { day, source, changed, time, wasProvisional } of adjust === "none" ? changes(asset) : []) {
    put(day, wasProvisional ? "provisional" : "correction", `${changed} (${source}, ${localTime(new Date(time))})`);
  }
  for (const { day, bar } of best) if (bar && !bar.final) put(day, "provisional", "");
  const days = best.map((slot) => slot.day);
  for (const [day, kind, ...terms] of asset.actions) {
    // One that takes effect on a day without a bar is seen on the next one.
    const seen = days.find((d) => d >= day);
    if (seen !== undefined) put(seen, kind.replace("_", " "), actionText(terms, day === seen ? "" : isoDay(day)));
  }
  return marks;
}

function actionText([amount, currency, numerator, denominator, source, leftOut], day) {
  const what = amount === null ? say("{0} new shares for {1}", count(numerator), count(denominator)) : `${shortest(amount)} ${currency ?? ""}`.trim();
  const parts = [day, source, leftOut ? say("counts in no factor") : ""].filter((part) => part !== "");
  return `${what} (${parts.join(", ")})`;
}

/** What each correction changed, newest first: a bar's values before it, and those after it that are still before the next. */
function changes(asset) {
  const later = new Map();
  for (const series of asset.unpacked) {
    for (const bar of series.bars) later.set(`${bar.day} ${series.source}`, bar);
  }
  return asset.corrections.map(([day, source, [open, high, low, close], volume, time, wasProvisional]) => {
    const before = { open, high, low, close, volume };
    const after = later.get(`${day} ${source}`) ?? before;
    later.set(`${day} ${source}`, before);
    const text = (name, value) => (value === null ? "–" : name === "volume" ? count(value) : asset.price(value));
    const changed = Object.keys(before)
      .filter((name) => before[name] !== after[name])
      .map((name) => `${say(name)} ${text(name, before[name])} → ${text(name, after[name])}`);
    return { day, source, changed: changed.join(", "), time, wasProvisional };
  });
}

/** Every day that is drawn: the best bar of each, and the sessions without one. */
function slotsOf(asset, adjust) {
  const best = new Map();
  for (const series of asset.unpacked.filter((s) => s.own)) {
    for (const bar of series.bars) if (!best.has(bar.day)) best.set(bar.day, { day: bar.day, bar, source: series.source });
  }
  for (const day of asset.gapDays) if (!best.has(day)) best.set(day, { day, bar: null, source: "" });
  const slots = [...best.values()].sort((a, b) => a.day - b.day);
  const marks = marksByDay(asset, slots, adjust);
  const factor = factorsOf(asset, adjust);
  const suspect = new Map(asset.suspect);
  let before = null;
  for (const slot of slots) {
    slot.before = before;
    // The most important first: it is the one that is drawn.
    slot.marks = (marks.get(slot.day) ?? []).sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
    if (!slot.bar) continue;
    slot.suspect = suspect.get(slot.source) <= slot.day;
    slot.bar = adjusted(slot.bar, factor(slot.day));
    slot.leftOut = slot.bar === null;
    before = slot.bar?.close ?? null;
  }
  return slots;
}
