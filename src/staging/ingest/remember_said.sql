INSERT INTO source_said (asset_id, source, currency, zone, exchange, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (asset_id, source) DO UPDATE
SET currency = coalesce(excluded.currency, currency),
    zone = coalesce(excluded.zone, zone),
    exchange = coalesce(excluded.exchange, exchange),
    since = excluded.since
WHERE (coalesce(excluded.currency, currency), coalesce(excluded.zone, zone), coalesce(excluded.exchange, exchange))
   IS NOT (currency, zone, exchange);
