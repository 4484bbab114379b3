-- The nearest ?5 final bars of a series after a window, else before it: enough of them show whether the scale is the
-- same.
WITH final AS NOT MATERIALIZED (
    SELECT date FROM price_daily WHERE asset_id = ?1 AND source = ?2 AND is_final <> 0
),
behind AS (
    SELECT min(date) AS first, max(date) AS last, count(*) AS bars, 1 AS side
    FROM (SELECT date FROM final WHERE date > ?4 ORDER BY date LIMIT ?5)
),
before AS (
    SELECT min(date) AS first, max(date) AS last, count(*) AS bars, 2 AS side
    FROM (SELECT date FROM final WHERE date < ?3 ORDER BY date DESC LIMIT ?5)
)
SELECT first, last
FROM (SELECT * FROM behind UNION ALL SELECT * FROM before)
WHERE bars > 0
ORDER BY bars >= ?6 DESC, side
LIMIT 1
