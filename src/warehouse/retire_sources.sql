-- The same for users who may not delete: such sources no longer serve as the price.
UPDATE asset_source
SET priority = NULL
FROM UNNEST($1::text[], $2::text[]) AS gone (asset_id, source)
WHERE asset_source.asset_id = gone.asset_id AND asset_source.source = gone.source
