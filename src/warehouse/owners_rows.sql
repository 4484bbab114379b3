-- The rows of these assets ($1) in asset_master, with values as text; currency if that column exists.
SELECT m.asset_id::text,
       ARRAY(SELECT key FROM jsonb_each_text(to_jsonb(m)) AS value (key, text) WHERE key = ANY ($2::text[]) ORDER BY key),
       ARRAY(SELECT text FROM jsonb_each_text(to_jsonb(m)) AS value (key, text) WHERE key = ANY ($2::text[]) ORDER BY key)
FROM asset_master m
WHERE m.asset_id = ANY ($1::text[])
ORDER BY m.asset_id
