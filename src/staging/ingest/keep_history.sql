-- Keeps a bar that is about to be replaced, with the time and the run.
INSERT INTO price_revision (asset_id, date, source, ingested_at, is_final, known_since, brought_by, replaced_at, job_id, {values})
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, {values: ?})
