-- Whether there are more rows than so many, none of which is read further than that.
SELECT count(*) > ?1
FROM (SELECT 1 FROM price_daily LIMIT ?1 + 1)
