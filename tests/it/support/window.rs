//! Recordings with their rows found, so that windows can be cut out of them: real answers that are short.
//!
//! Rows are found by their look alone, not by the parsers that read them.

use std::ops::Range;

use super::{recorded, repository};

/// A recorded answer.
pub(crate) struct Recording {
    pub(crate) file: String,
    pub(crate) body: Vec<u8>,
    /// Where the rows stand; a feed that has an array for each price has as many lists of the same length.
    columns: Vec<Vec<Range<usize>>>,
}

impl Recording {
    fn read(file: &str) -> Self {
        let body = recorded(file);
        let columns = match body.trim_ascii_start().first() {
            Some(b'[') => vec![between(&body, b"{", b"}")],
            Some(b'{') => arrays(&body),
            Some(b'<') => vec![between(&body, b"<item", b"/>")],
            _ => vec![lines(&body)],
        };
        let columns = columns.into_iter().filter(|c| !c.is_empty()).collect();
        Self {
            file: file.to_owned(),
            body,
            columns,
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// The answer with these rows only, and everything around them.
    pub(crate) fn window(&self, rows: Range<usize>) -> Vec<u8> {
        let mut window = Vec::new();
        let mut at = 0;
        for column in &self.columns {
            let (first, last) = (&column[0], &column[column.len() - 1]);
            window.extend_from_slice(&self.body[at..first.start]);
            let chosen = &column[rows.clone()];
            window.extend_from_slice(&self.body[chosen[0].start..chosen[chosen.len() - 1].end]);
            at = last.end;
        }
        window.extend_from_slice(&self.body[at..]);
        window
    }
}

/// The recordings of answers that a way to a source may get, as `expected.tsv` lists them.
pub(crate) fn recordings_of(way: &str) -> Vec<Recording> {
    let table = String::from_utf8(recorded("expected.tsv")).unwrap();
    let files = table.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let file = columns.next()?;
        (columns.next() == Some(way)).then_some(file)
    });
    let recordings: Vec<Recording> = files.map(Recording::read).collect();
    assert!(
        !recordings.is_empty(),
        "{way} in {:?}",
        repository("tests/fixtures/expected.tsv")
    );
    recordings
}

fn find(body: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let mut places = body.get(from..)?.windows(what.len());
    places.position(|place| place == what).map(|at| from + at)
}

/// What stands from an opening to the next closing, both included.
fn between(body: &[u8], open: &[u8], close: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(body, at, open)
        && let Some(end) = find(body, start, close)
    {
        at = end + close.len();
        found.push(start..at);
    }
    found
}

/// The lines after the first.
fn lines(body: &[u8]) -> Vec<Range<usize>> {
    let mut at = 0;
    let lines = body.split_inclusive(|b| *b == b'\n').map(|line| {
        at += line.len();
        at - line.len()..at
    });
    lines.skip(1).collect()
}

/// The elements of the arrays of numbers that are as long as the first one, which has the stamps.
fn arrays(body: &[u8]) -> Vec<Vec<Range<usize>>> {
    let mut arrays: Vec<Vec<Range<usize>>> = Vec::new();
    let mut at = 0;
    while let Some(open) = find(body, at, b"[") {
        at = open + 1;
        let close = body[at..].iter().position(|b| b"[]{}\"".contains(b));
        let Some(close) = close.map(|n| at + n).filter(|c| body[*c] == b']') else {
            continue;
        };
        let mut start = at;
        let elements: Vec<Range<usize>> = body[at..close]
            .split(|b| *b == b',')
            .map(|element| {
                let range = start..start + element.len();
                start = range.end + 1;
                range
            })
            .collect();
        if arrays.first().is_none_or(|a| a.len() == elements.len()) {
            arrays.push(elements);
        }
    }
    arrays
}
