-- The rows, by position from 1, whose key equals that of an earlier one as the table compares keys: a collation may
-- treat two texts as equal. The first part of the union has no rows; it gives the columns the table's collation.
WITH keys AS (
    SELECT asset_id, date, source, 0::bigint AS place
    FROM price_daily
    WHERE false
    UNION ALL
    SELECT asset_id, date, source, place
    FROM UNNEST($1::text[], $2::date[], $3::text[]) WITH ORDINALITY AS sent (asset_id, date, source, place)
)
SELECT place
FROM (
    SELECT place, row_number() OVER (PARTITION BY asset_id, date, source ORDER BY place) AS number
    FROM keys
) AS numbered
WHERE number > 1
