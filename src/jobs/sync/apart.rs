//! Records that go in one statement where they can: one that is refused is split off, and the others go.

use anyhow::Result;

use crate::warehouse::{Class, WarehouseError};

/// Sends records, in halves where one of them is refused, until it is alone; `refused` hears of it. `send` says what the
/// warehouse answered, or why the run has to stop.
///
/// # Errors
/// The first failure that no record is the reason of.
pub(super) fn send_apart<T>(
    records: &[T],
    send: &mut impl FnMut(&[T]) -> Result<Result<(), WarehouseError>>,
    refused: &mut impl FnMut(&T, WarehouseError) -> Result<()>,
) -> Result<()> {
    match (send(records)?, records) {
        (Ok(()), _) => Ok(()),
        (Err(failure), _) if failure.class() != Class::Data => Err(failure.into()),
        (Err(failure), [record]) => refused(record, failure),
        (Err(_), _) => {
            let (front, back) = records.split_at(records.len() / 2);
            send_apart(front, send, refused)?;
            send_apart(back, send, refused)
        }
    }
}
