//! The table: each English text beside its Korean. The English is that of the code, with a name for each value.
//!
//! Korean in 합니다체. `{#rows}` is only the number of `3 rows`, `{~why}` a value that is itself looked up here; both forms of a
//! particle (`을/를`) become the right one. Commands, options, variables, fields and names of findings stay as they are.
//!
//! asset 종목 · bar 시세 · session 거래일 · closed day 휴장일 · exchange 거래소 · source 데이터 제공처 · warehouse PostgreSQL ·
//! staging file SQLite 파일 · row 행 · run 실행 · to waive 예외로 두다 · to retract 철회하다

mod alerts;
mod collect;
mod doctor;
mod errors;
mod files;
mod init;
mod results;
mod status;

/// An English text and its Korean.
pub(super) type Row = (&'static str, &'static str);

/// Sentences, which are also found by what was made of them.
pub(super) const SENTENCES: &[&[Row]] = &[
    status::ROWS,
    doctor::ROWS,
    errors::ROWS,
    files::ROWS,
    collect::ROWS,
    results::ROWS,
];

/// Parts of which a text is composed. They are too short to be found in a sentence.
pub(super) const PARTS: &[&[Row]] = &[alerts::ROWS, init::ROWS];
