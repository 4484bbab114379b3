-- Whether there are more rows than a number; reads no further than that.
SELECT count(*) > ?1
FROM (SELECT 1 FROM price_daily LIMIT ?1 + 1)
