// The coverage strips answer as well: which day is this, and what is it?

class Coverage {
  constructor(root) {
    this.root = root;
    this.says = root.querySelector(".strip-says");
    this.strips = [...root.querySelectorAll(".strip")];
    this.row = 0;
    this.day = null;
    this.grid = root.querySelector(".strips");
    for (const [name, value] of [["tabindex", "0"], ["role", "application"], ["aria-label", say("Coverage day by day")], ["aria-description", say("Arrow keys move from day to day and from year to year.")]]) {
      this.grid.setAttribute(name, value);
    }
    for (const [row, strip] of this.strips.entries()) {
      strip.addEventListener("pointermove", (event) => {
        const box = strip.getBoundingClientRect();
        this.says.removeAttribute("aria-live");
        this.show(row, Math.floor(((event.clientX - box.left) / box.width) * 366));
      });
      strip.addEventListener("pointerleave", () => this.hide());
    }
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("blur", () => this.hide());
  }

  hide() {
    this.says.textContent = "";
    this.cursor?.remove();
  }

  show(row, day) {
    const strip = this.strips[row];
    // The last column is the last day of a leap year only.
    day = Math.max(0, Math.min(day, lengthOf(Number(strip.dataset.year)) - 1));
    this.row = row;
    this.day = day;
    const date = new Date(Date.UTC(Number(strip.dataset.year), 0, 1 + day)).toISOString().slice(0, 10);
    this.says.textContent = `${date} · ${say(kindOf(strip, day).replace("-", " "))}`;
    this.says.dataset.day = date;
    this.says.dataset.kind = kindOf(strip, day);
    this.cursor ??= svg("path", { class: "cursor" });
    this.cursor.setAttribute("d", `M${day + 0.5} 0V10`);
    strip.append(this.cursor);
  }

  key(event) {
    const strip = this.strips[this.row];
    const first = Number(strip.dataset.first), last = first + Number(strip.dataset.days) - 1;
    const at = this.day ?? last + 1;
    const moves = { ArrowLeft: [this.row, at - 1], ArrowRight: [this.row, at + 1], ArrowUp: [this.row - 1, at], ArrowDown: [this.row + 1, at], Home: [this.row, first], End: [this.row, last] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const [row, day] = moves[event.key];
    this.says.setAttribute("aria-live", "polite");
    if (this.strips[row]) this.show(row, day);
  }
}

function lengthOf(year) {
  return (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / DAY;
}

/** The kind of a day: the path that lies over it, else a bar where the days are known. */
function kindOf(strip, day) {
  const point = new DOMPoint(day + 0.5, 5);
  for (const path of strip.querySelectorAll("[data-day]")) {
    if (path.isPointInStroke(point)) return path.dataset.day;
  }
  const first = Number(strip.dataset.first);
  return day >= first && day < first + Number(strip.dataset.days) ? "bar" : "unknown day";
}
