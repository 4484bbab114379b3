-- Records that a stored bar was fetched again with the same values.
UPDATE price_daily
SET ingested_at = ?4, known_since = ?5, is_final = ?6, revision = revision + 1
WHERE asset_id = ?1 AND date = ?2 AND source = ?3
