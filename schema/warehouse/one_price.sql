-- Optional, for programs that select from price_daily by asset alone: one row per asset and date, in the columns of
-- price_daily. The rows are those of best_price. On days without one, the source with the most bars among those missing
-- in asset_source, such as that of an earlier program, stands in by the same rule: only if it agrees with the better
-- ones around that day.
CREATE OR REPLACE VIEW {view} AS
SELECT b.asset_id, b.date, b.source, b.open, b.high, b.low, b.close, b.volume, b.ingested_at
FROM best_price b
UNION ALL
SELECT p.asset_id, p.date, p.source, p.open, p.high, p.low, p.close, p.volume, p.ingested_at
FROM (
    SELECT DISTINCT ON (o.asset_id) o.asset_id, o.source
    FROM price_daily o
    WHERE NOT EXISTS (SELECT 1 FROM asset_source s WHERE s.asset_id = o.asset_id AND s.source = o.source)
    GROUP BY o.asset_id, o.source
    ORDER BY o.asset_id, count(*) DESC, o.source
) other
JOIN price_daily p ON p.asset_id = other.asset_id AND p.source = other.source
-- To PostgreSQL NaN is the greatest number.
WHERE greatest(p.open, p.high, p.low, p.close) < 'Infinity' AND NOT EXISTS (
    SELECT 1
    FROM own_source t
    WHERE t.asset_id = p.asset_id
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
COMMENT ON VIEW {view} IS 'pricestash: one row an asset and day';
