//! A series drawn in one line.

use super::step;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];

/// The values as a line of at most `width` characters, each for the last value of its part.
#[must_use]
pub(crate) fn sparkline(values: &[f64], width: usize, ascii: bool) -> String {
    let marks = if ascii { ASCII } else { BLOCKS };
    let part = values.len().div_ceil(width.max(1)).max(1);
    // From the newest backwards, so that the last part is complete and the newest value is the last mark.
    let mut shown: Vec<f64> = values
        .rchunks(part)
        .filter_map(|p| p.last().copied())
        .collect();
    shown.reverse();
    let least = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    shown
        .iter()
        .filter_map(|v| marks.get(step(*v, least, greatest, marks.len() - 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_is_lowest_and_the_newest_comes_last() {
        assert_eq!(sparkline(&[1.0, 2.0, 3.0, 4.0, 8.0], 10, false), "▁▂▃▄█");
        assert_eq!(sparkline(&[1.0, 8.0], 10, true), "_#");
    }

    #[test]
    fn many_values_are_told_by_few_marks() {
        let values: Vec<f64> = (0..250).map(f64::from).collect();
        let line = sparkline(&values, 20, false);
        assert!(line.chars().count() <= 20 && line.ends_with('█') && line.starts_with('▁'));
    }

    #[test]
    fn nothing_and_sameness_are_no_trouble() {
        assert_eq!(sparkline(&[], 10, false), "");
        assert_eq!(sparkline(&[5.0, 5.0], 10, false).chars().count(), 2);
        assert_eq!(sparkline(&[5.0], 0, false).chars().count(), 1);
    }
}
