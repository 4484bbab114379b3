-- Optional: one bar for each asset and date, the first in the asset's source order among the sources in its own currency.
CREATE OR REPLACE VIEW best_price AS
SELECT DISTINCT ON (p.asset_id, p.date)
       p.asset_id, p.date, p.source, p.open, p.high, p.low, p.close, p.volume, p.ingested_at
FROM asset_master m
CROSS JOIN LATERAL json_array_elements_text(m.source_priority::json) WITH ORDINALITY AS s (source, priority)
JOIN price_daily p ON p.asset_id = m.asset_id AND p.source = s.source
ORDER BY p.asset_id, p.date, s.priority;
