-- Deletes sources that the assets file no longer has.
DELETE FROM asset_source
USING UNNEST($1::text[], $2::text[]) AS gone (asset_id, source)
WHERE asset_source.asset_id = gone.asset_id AND asset_source.source = gone.source
