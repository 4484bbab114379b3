//! Finds out who holds a lock that blocks us.

use postgres::{Client, Error};

/// The sessions that block one of ours, or hold a lock on one of our tables that excludes writers; in words.
pub(super) fn holders(client: &mut Client) -> Result<Option<String>, Error> {
    let rows = client.query_typed(include_str!("lock_holders.sql"), &[])?;
    let mut holders = Vec::new();
    for row in &rows {
        let text = |at| {
            row.try_get::<_, Option<String>>(at)
                .map(Option::unwrap_or_default)
        };
        holders.push(format!(
            "the session {} of {} ({:?}, {})",
            row.try_get::<_, i32>(0)?,
            text(1)?,
            text(2)?,
            text(3)?
        ));
    }
    Ok((!holders.is_empty()).then(|| holders.join(" and ")))
}
