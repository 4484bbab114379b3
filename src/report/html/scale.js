// From values to places on the paper.

/** A scale for prices, from top to bottom; equal steps are equal shares on a log scale. */
function priceScale(least, greatest, top, bottom, log) {
  const of = log && least > 0 ? Math.log : (v) => v;
  let [a, b] = [of(least), of(greatest)];
  const room = (b - a || Math.abs(b) || 1) * 0.04;
  a -= room;
  b += room;
  const y = (value) => bottom - ((of(value) - a) / (b - a)) * (bottom - top);
  return { y, ticks: ticks(least, greatest, log && least > 0) };
}

/** Round values between two others: about six, or on a wide log scale the 1-2-5 of each power. */
function ticks(least, greatest, log) {
  if (log && greatest / least > 8) {
    const found = [];
    for (let power = Math.floor(Math.log10(least)); power <= Math.log10(greatest); power++) {
      for (const step of greatest / least > 1000 ? [1] : [1, 2, 5]) {
        const value = step * 10 ** power;
        if (value >= least && value <= greatest) found.push(value);
      }
    }
    return found;
  }
  const rough = (greatest - least) / 5 || Math.abs(greatest) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((s) => s * power).find((s) => s >= rough) ?? power;
  const found = [];
  for (let value = Math.ceil(least / step) * step; value <= greatest + step * 1e-9; value += step) found.push(value);
  return found;
}

/** A tick in few digits: 1.2M, 150,000, 12.5. */
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return new Intl.NumberFormat(korean ? "ko" : "en", { notation: "compact", maximumSignificantDigits: 4 }).format(value);
  return new Intl.NumberFormat("en-US", { maximumSignificantDigits: size >= 1000 ? 6 : 4 }).format(value);
}

/** The days at which the time axis says something: weeks, months, quarters or years, whichever has room for its texts. */
function dateTicks(slots, step) {
  const marks = [
    [10, (d) => `${d.getUTCFullYear()}-${d.getUTCMonth()}-${Math.floor(d.getUTCDate() / 8)}`],
    [7, (d) => `${d.getUTCFullYear()}-${d.getUTCMonth()}`],
    [7, (d) => `${d.getUTCFullYear()}-${Math.floor(d.getUTCMonth() / 3)}`],
    [4, (d) => `${d.getUTCFullYear()}`],
    [4, (d) => `${Math.floor(d.getUTCFullYear() / 5)}`],
  ];
  for (const [letters, mark] of marks) {
    const found = [];
    let before = null;
    for (const [i, slot] of slots.entries()) {
      const name = mark(new Date(slot.day * DAY));
      if (before !== null && name !== before) found.push({ i, text: isoDay(slot.day).slice(0, letters) });
      before = name;
    }
    const room = (letters * 7 + 12) / step;
    const apart = found.filter((tick, n) => n === 0 || tick.i - found[n - 1].i >= room);
    // A holiday may bring two texts together; when it is the rule, the next kind of step is the one.
    if (apart.length >= found.length * 0.75) return apart;
  }
  return [];
}
