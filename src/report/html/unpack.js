// Numbers: unpacking the series, and prices as people read them.
const DIGITS = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map((c, i) => [c.charCodeAt(0), i]));

/** Base-64 variable-length quantities, as src/report/pack.rs writes them. */
function numbers(text) {
  const found = [];
  let value = 0, scale = 1;
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS.get(text.charCodeAt(i));
    // Not by bits: those would end at 32.
    value += (digit & 31) * scale;
    if (digit & 32) {
      scale *= 32;
    } else {
      found.push(value % 2 ? -(value - 1) / 2 : value / 2);
      value = 0;
      scale = 1;
    }
  }
  return found;
}

/** Sums of differences. */
function sums(differences) {
  let sum = 0;
  return differences.map((d) => (sum += d));
}

/** The bars of a series, each with exactly the doubles that the staging file has. */
function unpack(series) {
  const days = sums(numbers(series.days));
  const volumes = series.volumes === undefined ? series.raw_volumes : numbers(series.volumes).map((v) => (v === 0 ? null : v - 1));
  const provisional = new Set(series.provisional);
  const at = series.prices === undefined ? rawPrices(series.raw) : wholePrices(series);
  return days.map((day, i) => ({ day, ...at(i), volume: volumes[i], final: !provisional.has(i) }));
}

function rawPrices(raw) {
  return (i) => ({ open: raw[4 * i], close: raw[4 * i + 1], high: raw[4 * i + 2], low: raw[4 * i + 3] });
}

function wholePrices(series) {
  const whole = numbers(series.prices);
  const power = Number(`1e${series.decimals}`);
  const price = (n) => (series.single ? Math.fround(n / power) : n / power);
  let before = 0;
  const bars = [];
  for (let i = 0; i < whole.length; i += 4) {
    const open = before + whole[i];
    const close = open + whole[i + 1];
    const high = Math.max(open, close) + whole[i + 2];
    const low = Math.min(open, close) - whole[i + 3];
    before = close;
    bars.push({ open: price(open), high: price(high), low: price(low), close: price(close) });
  }
  return (i) => bars[i];
}

/** An adjusted price is of no source: more digits than these say nothing. */
const ADJUSTED_DIGITS = 8;

/** The digits that the source sent: 12.77 for the single-precision 12.770000457763672. */
function shortest(value) {
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

const DAY = 86400000;

/** 2026-01-23 */
function isoDay(day) {
  return new Date(day * DAY).toISOString().slice(0, 10);
}

/** The day's name, in the language of the page. */
function weekday(day) {
  return new Intl.DateTimeFormat(korean ? "ko" : "en", { weekday: "short", timeZone: "UTC" }).format(day * DAY);
}

/** Writes an asset's prices in its currency's own format; an index is no amount of money. */
function priceFormat(asset) {
  const locale = korean ? "ko-KR" : "en-US";
  const plain = new Intl.NumberFormat(locale, { minimumFractionDigits: asset.decimals, maximumFractionDigits: 20 });
  if (asset.index) return (value) => plain.format(shortest(value));
  // A browser takes GBp for GBP, and pence for pounds.
  if (!/^[A-Z]{3}$/.test(asset.currency)) return (value) => `${plain.format(shortest(value))} ${asset.currency}`;
  try {
    const money = new Intl.NumberFormat(locale, { style: "currency", currency: asset.currency, currencyDisplay: "narrowSymbol", maximumFractionDigits: 20 });
    return (value) => money.format(shortest(value));
  } catch {
    // Not every code is one of ISO 4217.
    return (value) => `${plain.format(shortest(value))} ${asset.currency}`;
  }
}

function count(value) {
  return value.toLocaleString("en-US");
}

/** A share with sign and arrow. */
function change(share) {
  const text = (Math.abs(share) * 100).toFixed(2);
  if (text === "0.00") return { kind: "flat", text: "■ 0.00 %" };
  return share > 0 ? { kind: "up", text: `▲ +${text} %` } : { kind: "down", text: `▼ −${text} %` };
}
