-- known_since is '' from now on wherever the values were fetched once only: then ingested_at says when. It was the same time twice in
-- most rows, a sixth of the file. (A row that another program wrote has '' as before, and says the same by it.)
UPDATE price_daily SET known_since = '' WHERE known_since = ingested_at;
UPDATE price_revision SET known_since = '' WHERE known_since = ingested_at;
