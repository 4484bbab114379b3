-- The bars of a series between two days, with when their values were fetched first and by which run.
SELECT {bar}, known_since, job_id
FROM price_daily
WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4
