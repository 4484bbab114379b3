// A chart that answers: ranges, candles or a line, log scale, a second source, crosshair, keys.

/** So many months back; all of it without a number. */
const RANGES = [["3M", 3], ["6M", 6], ["1Y", 12], ["3Y", 36], ["5Y", 60], ["All", 0]];

function html(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

class Chart {
  constructor(root, asset) {
    this.root = root;
    this.asset = asset;
    asset.unpacked ??= asset.series.map((s) => ({ source: s.source, own: s.own, bars: unpack(s) }));
    asset.gapDays ??= sums(numbers(asset.gaps));
    asset.price = priceFormat(asset);
    this.price = (value) => asset.price(this.adjust === "none" ? value : Number(value.toPrecision(ADJUSTED_DIGITS)));
    this.adjust = asset.adjust;
    this.slots = slotsOf(asset, this.adjust);
    this.mode = "candles";
    this.log = false;
    this.others = asset.unpacked.filter((s, i) => s.own && s.bars.length > 0 && i > 0);
    this.choose(this.others[0] ?? null);
    this.at = null;
    this.build();
    this.range(this.reaches(12) ? 12 : 0);
  }

  /** The day so many months before the newest one. */
  since(months) {
    const newest = new Date(this.slots.at(-1).day * DAY);
    const day = newest.getUTCDate();
    newest.setUTCMonth(newest.getUTCMonth() - months);
    // 31 May less three months is the last of February, not a day in March.
    if (newest.getUTCDate() !== day) newest.setUTCDate(0);
    return newest.getTime() / DAY;
  }

  /** Whether there is more to see than so many months. */
  reaches(months) {
    return months === 0 || this.slots[0].day <= this.since(months);
  }

  choose(series) {
    this.series = series;
    const factor = factorsOf(this.asset, this.adjust);
    const bars = (series?.bars ?? []).map((bar) => adjusted({ ...bar, source: series.source }, factor(bar.day)));
    this.other = series && new Map(bars.filter((bar) => bar !== null).map((bar) => [bar.day, bar]));
  }

  /** Shows prices as they are staged, or adjusted; every day stays where it is. */
  adjustFor(adjust) {
    this.adjust = adjust;
    this.slots = slotsOf(this.asset, adjust);
    this.choose(this.series);
    this.draw();
  }

  build() {
    this.ranges = RANGES.map(([text, months]) => this.button(say(text), () => this.range(months), `range-${text}`));
    this.ranges.forEach((button, i) => (button.disabled = !this.reaches(RANGES[i][1])));
    this.modes = [["candles", "Candles"], ["line", "Line"]].map(([mode, text]) => this.button(say(text), () => this.set({ mode }), `mode-${mode}`));
    this.logButton = this.button(say("Log scale"), () => this.set({ log: !this.log }), "log");
    const tools = html("div", { class: "tools" }, group(say("Range"), this.ranges), group(say("Chart"), this.modes), group(say("Log scale"), [this.logButton]));
    this.prices = [["none", "As stored"], ["splits", "Splits"], ["all", "Splits and dividends"]].map(([adjust, text]) => this.button(say(text), () => this.adjustFor(adjust), `adjust-${adjust}`));
    // Without a factor there would be nothing to see.
    if (this.asset.factors.length > 0 || this.adjust !== "none") tools.append(html("span", { class: "adjust" }, html("span", {}, say("Adjusted for")), group(say("Adjusted for"), this.prices)));
    if (this.others.length > 0) tools.append(this.picker());
    this.readout = html("div", { class: "readout", "aria-atomic": "true" });
    const help = html("p", { class: "away", id: `help-${this.root.dataset.at}` }, say("Arrow keys move from bar to bar, plus and minus zoom, Home and End go to the ends."));
    this.paper = html("div", { class: "paper", tabindex: "0", role: "application", "aria-label": `${say("Chart")}: ${this.asset.name}`, "aria-describedby": help.id });
    this.key = html("ul", { class: "mark-key", "aria-label": say("Marks") });
    // Below the chart, which would else move away from the pointer.
    this.remarks = html("div", { class: "remarks", "aria-atomic": "true" });
    this.note = html("p", { class: "hint note", "aria-live": "polite" });
    this.root.replaceChildren(tools, this.note, this.readout, this.paper, this.key, this.remarks, help);
    this.listen();
  }

  button(text, act, name) {
    const button = html("button", { type: "button", "data-name": name }, text);
    button.addEventListener("click", act);
    return button;
  }

  picker() {
    const select = html("select", { "data-name": "other" }, html("option", { value: "" }, say("nothing")));
    this.others.forEach((series, i) => select.append(html("option", { value: String(i) }, series.source)));
    select.value = String(this.others.indexOf(this.series));
    if (this.series === null) select.value = "";
    select.addEventListener("change", () => {
      this.choose(select.value === "" ? null : this.others[Number(select.value)]);
      this.draw();
    });
    return html("label", { class: "other" }, html("span", {}, say("Compare with")), select);
  }

  set(change) {
    Object.assign(this, change);
    this.draw();
  }

  /** Shows so many months back from the newest day; all for 0. */
  range(months) {
    this.months = months;
    const from = months === 0 ? 0 : this.slots.findIndex((slot) => slot.day > this.since(months));
    this.zoom(Math.max(0, from), this.slots.length - 1);
  }

  zoom(from, to) {
    const least = Math.min(5, this.slots.length);
    from = Math.max(0, Math.min(from, this.slots.length - least));
    this.from = from;
    this.to = Math.min(this.slots.length - 1, Math.max(to, from + least - 1));
    if (this.at !== null && (this.at < this.from || this.at > this.to)) this.at = null;
    this.draw();
  }

  /** Draws what is shown, as wide as its place; for paper as wide as that is. */
  draw(paperWidth) {
    const width = paperWidth ?? Math.max(280, this.paper.clientWidth || 900);
    const pressed = (buttons, which) => buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(which(i))));
    pressed(this.ranges, (i) => this.months === RANGES[i][1]);
    pressed(this.modes, (i) => this.mode === ["candles", "line"][i]);
    this.logButton.setAttribute("aria-pressed", String(this.log));
    pressed(this.prices, (i) => this.adjust === Object.keys(ADJUST)[i]);
    const visible = this.slots.slice(this.from, this.to + 1);
    this.sayAdjusted();
    if (!visible.some((slot) => slot.bar)) return this.drawNothing();
    this.drawn = drawChart({ slots: visible, width, onPaper: paperWidth !== undefined, mode: this.mode, log: this.log, other: this.other });
    this.cross = svg("g", { class: "cross" });
    this.drawn.root.append(this.cross);
    this.paper.replaceChildren(this.drawn.root);
    const kinds = KINDS.filter((kind) => visible.some((slot) => slot.marks.some((mark) => mark.kind === kind)));
    const bands = [["suspect", "prices that may be in another scale"], ["leftOut", "left out: no known factor"]].filter(([name]) => visible.some((slot) => slot[name]));
    this.key.replaceChildren(...kinds.map(keyOf), ...bands.map(([name, text]) => bandKey(name, text)));
    this.root.dataset.from = isoDay(visible[0].day);
    this.root.dataset.to = isoDay(visible.at(-1).day);
    this.tell();
  }

  /** What the prices are adjusted for, and how many days have no factor. */
  sayAdjusted() {
    const texts = { none: "", splits: "These prices are adjusted for splits.", all: "These prices are adjusted for splits and dividends." };
    const leftOut = this.slots.filter((slot) => slot.leftOut).length;
    const parts = [say(texts[this.adjust])];
    if (leftOut > 0) parts.push(leftOut === 1 && !korean ? "1 day without a known factor is left out." : say("{0} days without a known factor are left out.", count(leftOut)));
    this.note.textContent = parts.join(" ").trim();
  }

  /** No day of the range has a price: an empty place would look like a fault. */
  drawNothing() {
    this.drawn = null;
    this.at = null;
    for (const part of [this.readout, this.key, this.remarks]) part.replaceChildren();
    this.paper.replaceChildren(html("p", { class: "nothing" }, say("No day of this range has a known factor.")));
  }

  /** The day that is pointed at, else the newest one with a bar. */
  current() {
    if (this.at !== null) return this.slots[this.at];
    return this.slots.slice(this.from, this.to + 1).findLast((slot) => slot.bar);
  }

  tell() {
    const slot = this.current();
    this.readout.replaceChildren(...tellSlot(slot, this.price, this.other));
    this.remarks.replaceChildren(...slot.marks.map(remark));
    this.readout.dataset.day = isoDay(slot.day);
    this.cross.replaceChildren();
    if (this.at === null) return;
    const { x, y, place } = this.drawn;
    const at = round(x(this.at - this.from));
    this.cross.append(svg("path", { d: `M${at} ${place.top}V${place.differenceBottom}` }));
    if (slot.bar) {
      const height = round(y(slot.bar.close));
      this.cross.append(svg("path", { d: `M0 ${height}H${place.plot}` }), svg("circle", { cx: at, cy: height, r: 3.5 }));
    }
    const left = Math.min(Math.max(at, 38), place.plot - 38);
    this.cross.append(svg("rect", { x: left - 38, y: place.height - 18, width: 76, height: 17, rx: 4 }), svg("text", { x: left, y: place.height - 5, class: "middle" }, isoDay(slot.day)));
  }

  point(at) {
    if (!this.drawn) return;
    this.at = at === null ? null : Math.max(this.from, Math.min(this.to, at));
    this.tell();
  }

  /** The place of a slot under the pointer. */
  under(event) {
    const box = this.paper.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * this.drawn.place.width;
    return this.from + Math.floor(x / this.drawn.step);
  }

  listen() {
    let start = null;
    this.paper.addEventListener("pointerdown", (event) => {
      if (this.drawn && event.pointerType === "mouse" && event.button === 0) start = this.under(event);
    });
    this.paper.addEventListener("pointermove", (event) => {
      if (!this.drawn) return;
      // What the pointer shows is seen; only what the keys show has to be said.
      this.aloud(false);
      this.point(this.under(event));
      if (start !== null && Math.abs(this.at - start) > 1) this.select(start, this.at);
    });
    this.paper.addEventListener("pointerleave", () => this.point(null));
    addEventListener("pointerup", (event) => {
      if (start === null) return;
      const end = Math.max(this.from, Math.min(this.to, this.under(event)));
      const [from, to] = [Math.min(start, end), Math.max(start, end)];
      start = null;
      if (to - from > 3) {
        this.months = null;
        this.zoom(from, to);
      } else {
        this.tell();
      }
    });
    this.paper.addEventListener("dblclick", () => this.range(0));
    this.paper.addEventListener("keydown", (event) => this.press(event));
    this.paper.addEventListener("blur", () => this.point(null));
  }

  /** Whether a screen reader says what is told. */
  aloud(is) {
    for (const part of [this.readout, this.remarks]) is ? part.setAttribute("aria-live", "polite") : part.removeAttribute("aria-live");
  }

  /** What dragging would zoom to. */
  select(start, end) {
    const { step, place } = this.drawn;
    const [from, to] = [Math.min(start, end) - this.from, Math.max(start, end) + 1 - this.from];
    this.cross.prepend(svg("rect", { class: "selection", x: round(from * step), y: place.top, width: round((to - from) * step), height: place.differenceBottom - place.top }));
  }

  press(event) {
    if (!this.drawn || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.at ?? this.to;
    const moves = { ArrowLeft: at - (this.at === null ? 0 : 1), ArrowRight: at + 1, PageUp: at - 21, PageDown: at + 21, Home: this.from, End: this.to };
    if (event.key in moves) {
      this.aloud(true);
      this.point(moves[event.key]);
    } else if (event.key === "+" || event.key === "=" || event.key === "-") {
      const part = (this.to - this.from + 1) * (event.key === "-" ? -0.5 : 0.25);
      this.months = null;
      this.zoom(Math.round(this.from + part), Math.round(this.to - part));
    } else if (event.key === "Escape") {
      this.point(null);
    } else {
      return;
    }
    event.preventDefault();
  }
}

function group(label, buttons) {
  return html("div", { class: "group", role: "group", "aria-label": label }, ...buttons);
}

/** A mark and its name. */
function keyOf(kind) {
  const paper = svg("svg", { viewBox: "-6 -6 12 12", "aria-hidden": "true" });
  paper.append(svg("path", { class: `mark ${kind}`, d: SHAPES[kind] }));
  return html("li", {}, paper, say(kind));
}

/** A stretch of days and its name. */
function bandKey(name, text) {
  const paper = svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" });
  paper.append(svg("path", { class: `${BANDS[name]} swatch`, d: "M0 0h12v12h-12Z" }));
  return html("li", {}, paper, say(text));
}

/** A day in words and numbers; each number's exact value stands in its data element. */
function tellSlot(slot, price, other) {
  const day = html("time", { datetime: isoDay(slot.day) }, `${isoDay(slot.day)} ${weekday(slot.day)}`);
  if (slot.leftOut) return [day, html("b", { class: "left-out" }, `– ${say("left out: no known factor")}`)];
  if (!slot.bar) return [day, html("b", { class: "bad" }, `✕ ${say("no bar")}`)];
  const bar = slot.bar;
  const value = (name, number, text) => html("span", { class: "value" }, html("span", {}, `${say(name)} `), html("data", { value: number === null ? "" : String(number), "data-name": name }, text));
  const parts = [day];
  for (const name of ["open", "high", "low", "close"]) parts.push(value(name, bar[name], price(bar[name])));
  if (slot.before > 0) {
    const share = change(bar.close / slot.before - 1);
    parts.push(html("span", { class: share.kind }, share.text));
  }
  parts.push(value("volume", bar.volume, bar.volume === null ? say("unknown") : count(bar.volume)), html("span", { class: "tag" }, slot.source));
  if (slot.suspect) parts.push(html("span", { class: "tag strong" }, say("may be in another scale")));
  const second = other?.get(slot.day);
  if (second && second.source !== slot.source) {
    const share = change(second.close / bar.close - 1);
    parts.push(html("span", { class: "value second" }, `${second.source} `, html("data", { value: String(second.close), "data-name": "second" }, price(second.close)), ` (${share.text})`));
  }
  return parts;
}

function remark({ kind, text }) {
  return html("p", { class: `remark ${kind}` }, html("b", {}, say(kind)), ` ${text}`);
}
