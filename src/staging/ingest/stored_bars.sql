-- The bars of a series between two days, with the time and the run that first fetched their values.
SELECT {bar}, known_since, job_id
FROM price_daily
WHERE asset_id = ?1 AND source = ?2 AND date BETWEEN ?3 AND ?4
