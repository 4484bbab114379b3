-- Which of these rows, by their places from 1, have the key of one before them, as the table compares keys: a collation may take
-- two texts for one. The first part of the union has no row; it gives the columns the table's collation.
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
