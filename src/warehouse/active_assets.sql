-- The active assets with their names.
SELECT asset_id::text, coalesce(name, '')::text
FROM asset_master
WHERE is_active
ORDER BY asset_id
