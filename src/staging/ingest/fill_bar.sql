-- Writes one bar that came from the warehouse, which therefore has it: its history starts here.
INSERT INTO price_daily (asset_id, date, source, ingested_at, is_final, revision, synced_revision, {values})
VALUES (?1, ?2, ?3, ?4, ?5, 1, 1, {values: ?})
