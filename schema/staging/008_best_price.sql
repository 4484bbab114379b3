-- Which bar stands for an asset's price on a day: the currency is the one that the stored bars were fetched in, and a later source
-- only stands in where it says the same as the better one.

-- The sources whose bars may stand for an asset's price, by priority: those in the asset's own currency. Bars that were fetched in
-- another one, before assets.toml was edited, are not: they keep their currency, in series.
CREATE VIEW own_source AS
SELECT s.asset_id, s.source, s.priority, m.currency
FROM asset_source s
JOIN asset_master m ON m.asset_id = s.asset_id
LEFT JOIN series e ON e.asset_id = s.asset_id AND e.source = s.source
WHERE s.own_currency = 1 AND coalesce(e.currency, m.currency) = m.currency;

-- One bar for each asset and date: the first in the asset's source order, of the sources in its own currency. On a day that a better
-- source lacks, a later one stands in only if the two agree: their closes differ by at most 2 % on at least half of the common days
-- among the ten days of the better source before and the ten after, within 60 days. suspect is 1 while the bar's series may hold two
-- scales.
DROP VIEW best_price;
CREATE VIEW best_price AS
SELECT p.asset_id, p.date, p.source, s.currency, p.open, p.high, p.low, p.close, p.volume, p.ingested_at, p.is_final,
       EXISTS (
           SELECT 1
           FROM finding f
           WHERE f.asset_id = p.asset_id AND f.source = p.source AND f.resolved_at IS NULL
             AND f.rule IN ('scale_step', 'scale_refused', 'scale_unknown')
       ) AS suspect
FROM price_daily p
JOIN own_source s ON s.asset_id = p.asset_id AND s.source = p.source
WHERE NOT EXISTS (
    SELECT 1
    FROM own_source t
    WHERE t.asset_id = p.asset_id AND t.priority < s.priority
      AND (
          EXISTS (SELECT 1 FROM price_daily q WHERE q.asset_id = p.asset_id AND q.date = p.date AND q.source = t.source)
          OR (
              SELECT count(*) > 0 AND (count(c.close) = 0 OR 2 * total(abs(c.close - near.close) <= 0.02 * abs(near.close)) < count(c.close))
              FROM (
                  SELECT * FROM (
                      SELECT q.date, q.close
                      FROM price_daily q
                      WHERE q.asset_id = p.asset_id AND q.source = t.source AND q.date < p.date AND q.date >= date(p.date, '-60 days')
                      ORDER BY q.date DESC LIMIT 10
                  )
                  UNION ALL
                  SELECT * FROM (
                      SELECT q.date, q.close
                      FROM price_daily q
                      WHERE q.asset_id = p.asset_id AND q.source = t.source AND q.date > p.date AND q.date <= date(p.date, '+60 days')
                      ORDER BY q.date LIMIT 10
                  )
              ) near
              LEFT JOIN price_daily c ON c.asset_id = p.asset_id AND c.date = near.date AND c.source = p.source
          )
      )
);

-- The newest bar of each asset.
DROP VIEW latest_price;
CREATE VIEW latest_price AS
SELECT b.asset_id, m.name, b.date, b.source, b.currency, b.open, b.high, b.low, b.close, b.volume, b.ingested_at, b.is_final
FROM asset_master m
JOIN best_price b ON b.asset_id = m.asset_id
    AND b.date = (SELECT n.date FROM best_price n WHERE n.asset_id = m.asset_id ORDER BY n.date DESC LIMIT 1);
