-- Retracted bars that the warehouse may still have.
SELECT asset_id, date, source, retracted_at, ingested_at, {values}
FROM retraction
WHERE synced_at IS NULL
ORDER BY asset_id, date, source
