-- Optional: the sources whose bars can serve as an asset's price, by priority: from asset_source, or for an asset
-- without any there from the list in asset_master, whoever wrote it. currency is NULL if nothing tells it.
CREATE OR REPLACE VIEW own_source AS
SELECT s.asset_id, s.source, s.priority, s.currency
FROM asset_source s
WHERE s.priority IS NOT NULL
UNION ALL
SELECT m.asset_id, o.source, o.priority, to_jsonb(m)->>'currency'
FROM asset_master m
-- What others wrote may not be a list.
CROSS JOIN LATERAL json_array_elements_text(
    CASE WHEN json_typeof(m.source_priority::json) = 'array' THEN m.source_priority::json ELSE '[]' END
) WITH ORDINALITY AS o (source, priority)
WHERE NOT EXISTS (SELECT 1 FROM asset_source s WHERE s.asset_id = m.asset_id);

-- Optional: one bar per asset and date, from the first source in the asset's order that has one, among the sources in
-- its own currency. On a day that a better source lacks, a later one stands in only if the two agree: their closes
-- differ by at most 2 % on at least half of the common days among the ten days of the better source before and the ten
-- after, within 60 days. time is the date as a time, for dashboards.
-- Rows of other programs that are not prices are left out (to PostgreSQL NaN is the greatest number).
CREATE OR REPLACE VIEW best_price AS
SELECT p.asset_id, p.date, p.source, p.open, p.high, p.low, p.close, p.volume, p.ingested_at, s.currency,
       p.date::timestamp AT TIME ZONE 'UTC' AS time
FROM own_source s
JOIN price_daily p ON p.asset_id = s.asset_id AND p.source = s.source
WHERE greatest(p.open, p.high, p.low, p.close) < 'Infinity' AND NOT EXISTS (
    SELECT 1
    FROM own_source t
    WHERE t.asset_id = p.asset_id AND (t.priority, t.source) < (s.priority, s.source)
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

-- Optional: the newest bar of each asset.
CREATE OR REPLACE VIEW latest_price AS
SELECT m.asset_id, m.name, b.date, b.source, b.open, b.high, b.low, b.close, b.volume, b.ingested_at, b.currency, b.time
FROM asset_master m
CROSS JOIN LATERAL (
    SELECT *
    FROM best_price p
    WHERE p.asset_id = m.asset_id
    ORDER BY p.date DESC LIMIT 1
) b;
