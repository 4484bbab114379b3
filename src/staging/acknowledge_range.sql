-- Everything that is pending from one key to another is acknowledged, and told in the order of the key.
UPDATE price_daily
SET synced_revision = revision
WHERE revision <> synced_revision
  AND (asset_id, date, source) >= (?1, ?2, ?3)
  AND (asset_id, date, source) <= (?4, ?5, ?6)
RETURNING asset_id, date, source, revision
