-- The same for who may delete nothing: they stand for no price any more.
UPDATE asset_source
SET priority = NULL
FROM UNNEST($1::text[], $2::text[]) AS gone (asset_id, source)
WHERE asset_source.asset_id = gone.asset_id AND asset_source.source = gone.source
