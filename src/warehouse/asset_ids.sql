-- Every asset with rows: steps from one to the next by the key, without reading the rows.
WITH RECURSIVE asset (id) AS (
    (SELECT asset_id::text FROM price_daily ORDER BY asset_id LIMIT 1)
    UNION ALL
    SELECT (SELECT asset_id::text FROM price_daily WHERE asset_id > asset.id ORDER BY asset_id LIMIT 1)
    FROM asset
    WHERE asset.id IS NOT NULL
)
SELECT id FROM asset WHERE id IS NOT NULL
