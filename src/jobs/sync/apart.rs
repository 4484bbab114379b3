//! Sends records in one statement if possible; a refused one is split off, and the others are sent.

use anyhow::Result;

use crate::warehouse::{Class, WarehouseError};

/// Sends records, halving them while one of them is refused, until that one is alone and passed to `refused`. `send`
/// returns the warehouse's answer, or why the run has to stop.
///
/// # Errors
/// The first failure not caused by a record.
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
