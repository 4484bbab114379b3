-- Optional: one bar for each asset and date, the first in the asset's source order among the sources in its own currency. On a day that
-- a better source lacks, a later one stands in only if the two agree: their closes differ by at most 2 % on at least half of the common
-- days among the ten days of the better source before and the ten after, within 60 days.
CREATE OR REPLACE VIEW best_price AS
SELECT p.asset_id, p.date, p.source, p.open, p.high, p.low, p.close, p.volume, p.ingested_at
FROM asset_master m
CROSS JOIN LATERAL json_array_elements_text(m.source_priority::json) WITH ORDINALITY AS s (source, priority)
JOIN price_daily p ON p.asset_id = m.asset_id AND p.source = s.source
WHERE NOT EXISTS (
    SELECT 1
    FROM json_array_elements_text(m.source_priority::json) WITH ORDINALITY AS t (source, priority)
    WHERE t.priority < s.priority
      AND CASE
          WHEN EXISTS (SELECT 1 FROM price_daily q WHERE q.asset_id = p.asset_id AND q.date = p.date AND q.source = t.source) THEN true
          ELSE (
              SELECT count(*) > 0
                     AND (count(c.close) = 0 OR 2 * count(*) FILTER (WHERE abs(c.close - near.close) <= 0.02 * abs(near.close)) < count(c.close))
              FROM (
                  (
                      SELECT q.date, q.close
                      FROM price_daily q
                      WHERE q.asset_id = p.asset_id AND q.source = t.source AND q.date < p.date AND q.date >= p.date - 60
                      ORDER BY q.date DESC LIMIT 10
                  )
                  UNION ALL
                  (
                      SELECT q.date, q.close
                      FROM price_daily q
                      WHERE q.asset_id = p.asset_id AND q.source = t.source AND q.date > p.date AND q.date <= p.date + 60
                      ORDER BY q.date LIMIT 10
                  )
              ) near
              LEFT JOIN price_daily c ON c.asset_id = p.asset_id AND c.date = near.date AND c.source = p.source
          )
      END
);
