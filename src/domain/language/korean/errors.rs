//! Errors that an owner meets.

#[rustfmt::skip]
pub(super) const ROWS: &[(&str, &str)] = &[
    // Variables
    ("{name} is {value}, it should be {right}", "{name} 값이 {value}입니다. {~right} 합니다"),
    ("en or ko", "en 또는 ko여야"),
];
