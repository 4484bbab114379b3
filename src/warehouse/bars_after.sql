-- The next bars of these assets ($1) after a key ($2 to $4), at most $5, in key order. Days and times that SQLite's
-- texts cannot represent are left out: no source sends them.
SELECT asset_id::text, date, source::text, ingested_at, {values}
FROM price_daily
WHERE asset_id = ANY ($1::text[])
  AND (asset_id, date, source) > ($2::text, $3::date, $4::text)
  AND date BETWEEN '1000-01-01' AND '9999-12-31'
  AND ingested_at BETWEEN '1900-01-01' AND '9999-12-31'
ORDER BY asset_id, date, source
LIMIT $5::bigint
