// Draws the visible part of a chart as SVG. Every text is set as text, never as markup.
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const round = (n) => Math.round(n * 10) / 10;

/** The places on the paper: prices, marks, volume, difference, dates from top to bottom. */
function layout(width, hasOther, onPaper) {
  const narrow = width < 560;
  // Two charts with all that belongs to them go on a page.
  const price = onPaper ? 170 : narrow ? 210 : 290;
  const rows = { top: 8, marks: 14, volume: narrow || onPaper ? 40 : 54, difference: hasOther ? 54 : 0, dates: 20, axis: narrow ? 52 : 66 };
  const bottom = rows.top + price;
  const marks = bottom + 4;
  const volumeTop = marks + rows.marks + 4;
  const volumeBottom = volumeTop + rows.volume;
  const differenceTop = volumeBottom + (hasOther ? 12 : 0);
  const differenceBottom = differenceTop + rows.difference;
  return { width, plot: width - rows.axis, top: rows.top, bottom, marks, volumeTop, volumeBottom, differenceTop, differenceBottom, height: differenceBottom + rows.dates };
}

/** Everything that is drawn, as one SVG element, and the scales that the crosshair needs. */
function drawChart(view) {
  const { slots, other } = view;
  const place = layout(view.width, other !== null, view.onPaper);
  const step = place.plot / slots.length;
  const x = (i) => (i + 0.5) * step;
  const bars = slots.filter((slot) => slot.bar);
  const lows = bars.map((s) => (view.mode === "line" ? s.bar.close : s.bar.low));
  const highs = bars.map((s) => (view.mode === "line" ? s.bar.close : s.bar.high));
  const others = other === null ? [] : slots.map((s) => other.get(s.day)?.close).filter((c) => c !== undefined);
  const least = Math.min(...lows, ...others), greatest = Math.max(...highs, ...others);
  const scale = priceScale(least, greatest, place.top, place.bottom, view.log);
  const root = svg("svg", { viewBox: `0 0 ${place.width} ${place.height}`, class: "plot", "aria-hidden": "true" });
  root.append(grid(place, scale, slots, x), bands(place, slots, step));
  root.append(view.mode === "line" ? line(slots, x, scale, place) : candles(slots, x, step, scale));
  if (other !== null) root.append(secondLine(slots, other, x, scale), differences(slots, other, x, step, place));
  root.append(volumes(slots, x, step, place), marks(slots, x, place));
  return { root, place, x, step, y: scale.y };
}

function grid(place, scale, slots, x) {
  const group = svg("g", { class: "grid" });
  for (const value of scale.ticks) {
    const y = round(scale.y(value));
    group.append(svg("path", { d: `M0 ${y}H${place.plot}` }), svg("text", { x: place.plot + 6, y: y + 4 }, short(value)));
  }
  for (const { i, text } of dateTicks(slots, place.plot / slots.length)) {
    const at = round(x(i));
    group.append(svg("path", { class: "faint", d: `M${at} ${place.top}V${place.differenceBottom}` }));
    if (at > 24 && at < place.plot - 20) group.append(svg("text", { x: at, y: place.height - 5, class: "middle" }, text));
  }
  return group;
}

/** Days without a bar, days that are left out, and stretches that may be in another scale. */
const BANDS = { gap: "gap-band", leftOut: "left-out-band", suspect: "suspect-band" };

function bands(place, slots, step) {
  const group = svg("g");
  const is = { gap: (slot) => !slot.bar && !slot.leftOut, leftOut: (slot) => slot.leftOut, suspect: (slot) => slot.suspect };
  for (const name of Object.keys(BANDS)) group.append(svg("path", { class: BANDS[name], d: band(place, slots, step, is[name]) }));
  return group;
}

/** Days that lie beside each other are one shape: of many, each would have a line where it meets the next. */
function band(place, slots, step, has) {
  let d = "";
  for (let i = 0; i < slots.length; i++) {
    if (!has(slots[i])) continue;
    const from = i;
    while (i + 1 < slots.length && has(slots[i + 1])) i++;
    const width = Math.max((i + 1 - from) * step, 2);
    const middle = ((from + i + 1) / 2) * step;
    d += `M${round(middle - width / 2)} ${place.top}h${round(width)}V${place.bottom}h${round(-width)}Z`;
  }
  return d;
}

/** Rising candles are hollow, falling ones are filled, so that no colour is needed; where there is no room, thin lines. */
function candles(slots, x, step, scale) {
  const paths = { up: { wick: "", body: "" }, down: { wick: "", body: "" } };
  const wide = step >= 3.5;
  const half = Math.max(0.5, Math.min(step * 0.34, 7));
  slots.forEach((slot, i) => {
    if (!slot.bar) return;
    const { open, high, low, close } = slot.bar;
    const path = close < open ? paths.down : paths.up;
    const at = round(x(i));
    const [top, bottom] = [scale.y(Math.max(open, close)), scale.y(Math.min(open, close))].map(round);
    const [h, l] = [scale.y(high), scale.y(low)].map(round);
    if (!wide) {
      path.wick += `M${at} ${h}V${Math.max(l, h + 0.8)}`;
    } else {
      path.wick += `M${at} ${h}V${top}M${at} ${bottom}V${l}`;
      path.body += `M${round(at - half)} ${top}h${round(2 * half)}V${Math.max(bottom, top + 0.8)}h${round(-2 * half)}Z`;
    }
  });
  const group = svg("g", { class: `candles${wide ? "" : " thin"}` });
  for (const kind of ["up", "down"]) {
    group.append(svg("path", { class: `wick ${kind}`, d: paths[kind].wick }), svg("path", { class: `body ${kind}`, d: paths[kind].body }));
  }
  return group;
}

function pen(slots, value, x, y) {
  let d = "", down = false;
  slots.forEach((slot, i) => {
    const v = value(slot);
    if (v === undefined) return;
    d += `${down ? "L" : "M"}${round(x(i))} ${round(y(v))}`;
    down = true;
  });
  return d;
}

function line(slots, x, scale, place) {
  const d = pen(slots, (s) => s.bar?.close, x, scale.y);
  const first = slots.findIndex((s) => s.bar), last = slots.findLastIndex((s) => s.bar);
  const group = svg("g", { class: "closes" });
  group.append(svg("path", { class: "area", d: `${d}V${place.bottom}H${round(x(first))}Z` }));
  group.append(svg("path", { class: "line", d }), svg("circle", { class: "end", cx: round(x(last)), cy: round(scale.y(slots[last].bar.close)), r: 3 }));
  return group;
}

function secondLine(slots, other, x, scale) {
  return svg("path", { class: "compare", d: pen(slots, (s) => other.get(s.day)?.close, x, scale.y) });
}

/** By which share the second source differs from the bar of another source. */
function differs(slot, other) {
  const second = other?.get(slot.day);
  return slot.bar && second && second.source !== slot.source ? second.close / slot.bar.close - 1 : null;
}

function differences(slots, other, x, step, place) {
  const group = svg("g", { class: "difference" });
  const values = slots.map((slot) => differs(slot, other));
  const most = Math.max(0.001, ...values.map((v) => Math.abs(v ?? 0)));
  const middle = (place.differenceTop + place.differenceBottom) / 2;
  const half = (place.differenceBottom - place.differenceTop) / 2 - 2;
  group.append(svg("path", { class: "zero", d: `M0 ${middle}H${place.plot}` }));
  const d = values.map((v, i) => (v ? `M${round(x(i))} ${middle}V${round(middle - (v / most) * half)}` : ""));
  group.append(svg("path", { class: "sticks", d: d.join(""), "stroke-width": round(Math.max(0.8, Math.min(step * 0.7, 8))) }));
  group.append(svg("text", { x: place.plot + 6, y: middle + 4 }, `±${(most * 100).toPrecision(2)} %`), svg("text", { x: 4, y: place.differenceTop + 9, class: "name" }, say("difference")));
  return group;
}

function volumes(slots, x, step, place) {
  const group = svg("g", { class: "volumes" });
  const most = Math.max(0, ...slots.map((s) => s.bar?.volume ?? 0));
  if (most === 0) return group;
  const d = { up: "", down: "" };
  slots.forEach((slot, i) => {
    if (!slot.bar?.volume) return;
    const height = Math.max(0.6, (slot.bar.volume / most) * (place.volumeBottom - place.volumeTop));
    d[slot.bar.close < slot.bar.open ? "down" : "up"] += `M${round(x(i))} ${place.volumeBottom}v${round(-height)}`;
  });
  for (const kind of ["up", "down"]) group.append(svg("path", { class: kind, d: d[kind], "stroke-width": round(Math.max(0.6, Math.min(step * 0.7, 14))) }));
  group.append(svg("text", { x: place.plot + 6, y: place.volumeTop + 8 }, short(most)), svg("text", { x: 4, y: place.volumeTop + 9, class: "name" }, say("volume")));
  return group;
}

/** A shape of its own for each kind of mark, around a point; the most important kind first. */
const SHAPES = {
  gap: "M-4-4L4 4M4-4L-4 4", suspect: "M-5-4H5L0 5Z", split: "M-5 2V-1H-1V-5H5V5H-1V2Z", jump: "M0-5L5 4H-5Z", suspended: "M-4-4h3v8h-3ZM1-4h3v8h-3Z",
  "capital gain": "M-4-4H4V4H-4ZM-4 0H4", dividend: "M0-4.5a4.5 4.5 0 1 0 .01 0ZM0-2.5V2.5",
  correction: "M0-5L5 0L0 5L-5 0Z", provisional: "M0-4a4 4 0 1 0 .01 0Z", finding: "M0-2.5a2.5 2.5 0 1 0 .01 0Z",
};
const KINDS = Object.keys(SHAPES);

function marks(slots, x, place) {
  const group = svg("g", { class: "marks" });
  slots.forEach((slot, i) => {
    // One shape a day; all of its marks are told below the chart.
    const mark = slot.marks[0];
    if (!mark) return;
    const shape = svg("path", { class: `mark ${mark.kind}`, d: SHAPES[mark.kind], transform: `translate(${round(x(i))} ${place.marks + 7})`, "data-day": isoDay(slot.day) });
    shape.append(svg("title", {}, `${isoDay(slot.day)} ${say(mark.kind)}`));
    group.append(shape);
  });
  return group;
}
