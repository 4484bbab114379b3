-- The currency of rows of asset_master that are ours.
UPDATE asset_master AS stored
SET currency = sent.currency
FROM UNNEST($1::text[], $2::text[]) AS sent (asset_id, currency)
WHERE stored.asset_id = sent.asset_id AND stored.currency IS DISTINCT FROM sent.currency
