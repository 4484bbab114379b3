//! Draws candles with volume as lines of text.

use super::{Style, sparkline, step};

/// One bar, or several combined.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candle {
    /// Its label below the chart: the day.
    pub(crate) label: String,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    /// Volume; `None` if unknown.
    pub(crate) volume: Option<f64>,
}

/// Size of a chart in characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Total columns.
    pub(crate) width: usize,
    /// Lines of the price chart; volume and dates come below.
    pub(crate) height: usize,
}

/// Label of the volume line.
const VOLUME: &str = "volume";

/// Content of half a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Empty,
    Wick,
    Body,
}

/// The chart and a line that explains it. `label` formats a price for the axis.
#[must_use]
pub(crate) fn candles(
    bars: &[Candle],
    size: Size,
    style: Style,
    label: impl Fn(f64) -> String,
) -> Vec<String> {
    let least = bars.iter().map(|b| b.low).fold(f64::INFINITY, f64::min);
    let greatest = bars
        .iter()
        .map(|b| b.high)
        .fold(f64::NEG_INFINITY, f64::max);
    if bars.is_empty() || size.height < 2 {
        return Vec::new();
    }
    let axis = Axis::new(least, greatest, size.height, label);
    let room = size.width.saturating_sub(axis.width + 3).max(1);
    let each = bars.len().div_ceil(room);
    let shown: Vec<Candle> = bars.rchunks(each).rev().map(together).collect();
    // Wide candles would look like blocks, so at most two blanks separate them.
    let pitch = (room / shown.len()).clamp(1, 3);
    let mut lines: Vec<String> = (0..size.height)
        .map(|row| price_line(&shown, row, &axis, pitch, style))
        .collect();
    let frame = if style.ascii { '|' } else { '│' };
    if let Some(volume) = volume_line(&shown, pitch, style) {
        lines.push(format!("{volume} {frame} {VOLUME}"));
    }
    lines.push(date_line(&shown, pitch));
    lines.push(explanation(each, style));
    lines
}

/// Combines neighbouring days into one candle.
fn together(bars: &[Candle]) -> Candle {
    let mut bars = bars.iter().cloned();
    let first = bars.next().unwrap_or_else(|| Candle {
        label: String::new(),
        open: f64::NAN,
        high: f64::NAN,
        low: f64::NAN,
        close: f64::NAN,
        volume: None,
    });
    bars.fold(first, |sum, bar| Candle {
        label: sum.label,
        open: sum.open,
        high: sum.high.max(bar.high),
        low: sum.low.min(bar.low),
        close: bar.close,
        volume: match (sum.volume, bar.volume) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        },
    })
}

/// The price axis on the right.
struct Axis {
    least: f64,
    greatest: f64,
    /// Total half lines.
    halves: usize,
    /// The label of each line; may be empty.
    labels: Vec<String>,
    width: usize,
}

impl Axis {
    fn new(least: f64, greatest: f64, height: usize, label: impl Fn(f64) -> String) -> Self {
        let every = height.div_ceil(5).max(1);
        let labels: Vec<String> = (0..height)
            .map(|row| {
                if row % every == 0 || row == height - 1 {
                    label(greatest - (greatest - least) * share(row, height - 1))
                } else {
                    String::new()
                }
            })
            .collect();
        let widths = labels.iter().map(|l| l.chars().count());
        let width = widths.fold(VOLUME.len(), usize::max);
        Self {
            least,
            greatest,
            halves: height * 2,
            labels,
            width,
        }
    }

    /// The half line of a price, counted from the top.
    fn half(&self, price: f64) -> usize {
        let last = self.halves - 1;
        last - step(price, self.least, self.greatest, last)
    }
}

#[allow(clippy::cast_precision_loss, reason = "both are lines of a terminal")]
fn share(row: usize, rows: usize) -> f64 {
    row as f64 / rows.max(1) as f64
}

fn price_line(bars: &[Candle], row: usize, axis: &Axis, pitch: usize, style: Style) -> String {
    let mut line = String::new();
    for bar in bars {
        let mark = mark(bar, row, axis, style.ascii);
        if style.colour && mark != ' ' {
            let colour = if bar.close < bar.open { 31 } else { 32 };
            line.push_str(&format!("\u{1b}[{colour}m{mark}\u{1b}[0m"));
        } else {
            line.push(mark);
        }
        line.extend(std::iter::repeat_n(' ', pitch - 1));
    }
    let (frame, tick) = if style.ascii {
        ('|', '+')
    } else {
        ('│', '┤')
    };
    match axis.labels.get(row).filter(|l| !l.is_empty()) {
        Some(label) => format!("{line} {tick} {label:>width$}", width = axis.width),
        None => format!("{line} {frame}"),
    }
}

fn mark(bar: &Candle, row: usize, axis: &Axis, ascii: bool) -> char {
    let top = axis.half(bar.open.max(bar.close));
    let bottom = axis.half(bar.open.min(bar.close));
    let (high, low) = (axis.half(bar.high), axis.half(bar.low));
    let half = |at: usize| {
        if (top..=bottom).contains(&at) {
            Half::Body
        } else if (high..=low).contains(&at) {
            Half::Wick
        } else {
            Half::Empty
        }
    };
    let halves = (half(row * 2), half(row * 2 + 1));
    match (ascii, bar.close < bar.open) {
        (true, falls) => plain(halves, falls),
        (false, true) => falling(halves),
        (false, false) => rising(halves),
    }
}

fn plain(halves: (Half, Half), falls: bool) -> char {
    match halves {
        (Half::Body, _) | (_, Half::Body) if falls => '#',
        (Half::Body, _) | (_, Half::Body) => 'O',
        (Half::Empty, Half::Empty) => ' ',
        _ => '|',
    }
}

fn rising(halves: (Half, Half)) -> char {
    match halves {
        (Half::Body, Half::Body) => '┃',
        (Half::Body, Half::Wick) => '╿',
        (Half::Body, Half::Empty) => '╹',
        (Half::Wick, Half::Body) => '╽',
        (Half::Empty, Half::Body) => '╻',
        other => wick(other),
    }
}

fn falling(halves: (Half, Half)) -> char {
    match halves {
        (Half::Body, Half::Body) => '█',
        (Half::Body, _) => '▀',
        (_, Half::Body) => '▄',
        other => wick(other),
    }
}

fn wick(halves: (Half, Half)) -> char {
    match halves {
        (Half::Wick, Half::Wick) => '│',
        (Half::Wick, _) => '╵',
        (_, Half::Wick) => '╷',
        _ => ' ',
    }
}

/// The volumes as one line; `None` if none is known.
fn volume_line(bars: &[Candle], pitch: usize, style: Style) -> Option<String> {
    bars.iter().any(|b| b.volume.is_some()).then_some(())?;
    // Starting from zero, so that a small volume is a small mark.
    let volumes = std::iter::once(0.0).chain(bars.iter().map(|b| b.volume.unwrap_or(0.0)));
    let all: Vec<f64> = volumes.collect();
    let marks = sparkline(&all, all.len(), style.ascii);
    let blanks = " ".repeat(pitch - 1);
    let marks = marks.chars().skip(1).zip(bars);
    Some(
        marks
            .map(|(mark, bar)| match bar.volume {
                Some(_) => format!("{mark}{blanks}"),
                None => format!(" {blanks}"),
            })
            .collect(),
    )
}

/// Days below their candles, as many as fit.
fn date_line(bars: &[Candle], pitch: usize) -> String {
    let mut line = String::new();
    let mut used = 0;
    for (at, bar) in bars.iter().enumerate() {
        let column = at * pitch;
        let room = bars.len() * pitch;
        let width = bar.label.chars().count();
        if (column == 0 || column >= used + 3) && column + width <= room.max(width) {
            line.push_str(&" ".repeat(column - used));
            line.push_str(&bar.label);
            used = column + width;
        }
    }
    line
}

fn explanation(each: usize, style: Style) -> String {
    let (up, down) = if style.ascii {
        ('O', '#')
    } else {
        ('┃', '█')
    };
    let sessions = if each == 1 {
        "one day".to_owned()
    } else {
        format!("{each} days")
    };
    format!("a candle is {sessions}; {up} rises, {down} falls")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        ascii: false,
        colour: false,
    };

    fn bar(day: u32, [open, high, low, close]: [f64; 4]) -> Candle {
        Candle {
            label: format!("2026-01-{day:02}"),
            open,
            high,
            low,
            close,
            volume: Some(f64::from(day)),
        }
    }

    fn two() -> Vec<Candle> {
        vec![
            bar(5, [10.0, 30.0, 10.0, 20.0]),
            bar(6, [30.0, 40.0, 10.0, 20.0]),
        ]
    }

    fn draw(bars: &[Candle], width: usize, style: Style) -> Vec<String> {
        let size = Size { width, height: 4 };
        candles(bars, size, style, |p| format!("{p:.0}"))
    }

    #[test]
    fn bodies_and_wicks_stand_where_their_prices_are() {
        let drawn = draw(&two(), 40, PLAIN);
        assert_eq!(
            drawn,
            [
                "   │   ┤     40",
                "│  █   ┤     30",
                "╽  █   ┤     20",
                "┃  │   ┤     10",
                "▇  █   │ volume",
                "2026-01-05",
                "a candle is one day; ┃ rises, █ falls",
            ]
        );
    }

    #[test]
    fn ascii_is_ascii_and_colour_is_only_an_addition() {
        let ascii = Style {
            ascii: true,
            colour: false,
        };
        let drawn = draw(&two(), 40, ascii);
        assert!(drawn.iter().all(|l| l.is_ascii()), "{drawn:?}");
        let coloured = Style {
            ascii: false,
            colour: true,
        };
        for width in [40, 80, 200] {
            let with = draw(&two(), width, coloured).join("\n");
            assert!(with.contains("\u{1b}[31m█\u{1b}[0m") && with.contains("\u{1b}[32m┃\u{1b}[0m"));
            let without = with
                .replace("\u{1b}[31m", "")
                .replace("\u{1b}[32m", "")
                .replace("\u{1b}[0m", "");
            assert_eq!(without, draw(&two(), width, PLAIN).join("\n"));
        }
    }

    #[test]
    fn more_days_than_columns_are_put_together_and_no_line_is_too_wide() {
        let bars: Vec<Candle> = (0..250)
            .map(|n| {
                bar(
                    n % 28 + 1,
                    [
                        f64::from(n) + 1.0,
                        f64::from(n) + 3.0,
                        f64::from(n),
                        f64::from(n) + 2.0,
                    ],
                )
            })
            .collect();
        for width in [20, 40, 80, 200, 400] {
            let drawn = draw(&bars, width, PLAIN);
            for line in drawn.iter().take(6) {
                assert!(line.chars().count() <= width, "{width}: {line:?}");
            }
        }
        let last = draw(&bars, 80, PLAIN).pop().unwrap();
        assert_eq!(last, "a candle is 4 days; ┃ rises, █ falls");
    }

    #[test]
    fn one_price_and_no_bar_are_no_trouble() {
        assert!(draw(&[], 80, PLAIN).is_empty());
        let flat = [bar(5, [10.0; 4])];
        assert!(draw(&flat, 80, PLAIN).len() > 4);
        assert!(draw(&flat, 1, PLAIN).len() > 4);
    }
}
