-- Some rows that the warehouse has unchanged.
SELECT {bar}
FROM price_daily
WHERE synced_revision = revision AND synced_revision > 0
LIMIT ?1
