-- The factors of each asset from a day on (since) up to the day before another (until), by the actions of the first of its sources
-- in its own currency that tells them, as of known_until. No row where nothing is known.
--
-- A split counts only while its step still stands in the closes: sources adjust for splits themselves. Below 5:4 a step cannot be
-- told from the market's own moves. Of splits between two bars the last one counts: they have one step. A dividend takes its share of
-- the close before it, in the scale after all splits: one that was told before a split whose step still stands is of the old shares,
-- as the closes are.
DROP VIEW adjusted_price;
DROP VIEW adjustment;
CREATE VIEW adjustment AS
WITH RECURSIVE told AS (
    SELECT s.asset_id, s.source, c.first_date, c.last_date
    FROM asset_source s
    JOIN corporate_action_coverage c ON c.asset_id = s.asset_id AND c.source = s.source
    WHERE s.own_currency = 1
      AND NOT EXISTS (
          SELECT 1
          FROM asset_source t
          JOIN corporate_action_coverage d ON d.asset_id = t.asset_id AND d.source = t.source
          WHERE t.asset_id = s.asset_id AND t.own_currency = 1 AND t.priority < s.priority
      )
),
-- From the newest day with actions back to the oldest. split_later and dividend_later are the factors by the actions behind until;
-- those of until itself stand beside them: the amount for a share after its splits, the close before, and what of a split stands.
-- standing is the newest split behind until that stands.
chain (asset_id, source, first_date, last_date, since, until, amount, before, split, split_later, dividend_later, standing) AS (
    SELECT asset_id, source, first_date, last_date,
           (SELECT max(a.date) FROM corporate_action a
            WHERE a.asset_id = t.asset_id AND a.source = t.source AND a.left_out IS NULL
              AND a.date <= (SELECT b.date FROM best_price b WHERE b.asset_id = t.asset_id ORDER BY b.date DESC LIMIT 1)),
           '9999-12-31', 0.0, NULL, 1.0, 1.0, 1.0, NULL
    FROM told t
    UNION ALL
    SELECT asset_id, source, first_date, last_date,
           (SELECT max(a.date) FROM corporate_action a
            WHERE a.asset_id = c.asset_id AND a.source = c.source AND a.left_out IS NULL AND a.date < c.since),
           since,
           (SELECT coalesce(sum(a.amount * CASE WHEN a.ingested_at < coalesce(c.standing, iif(c.split <> 1.0, c.until, NULL))
                                                THEN c.split_later * c.split ELSE 1.0 END), 0.0)
                   / coalesce(max(a.numerator / a.denominator), 1.0)
            FROM corporate_action a
            WHERE a.asset_id = c.asset_id AND a.source = c.source AND a.left_out IS NULL AND a.date = c.since),
           (SELECT b.close FROM best_price b WHERE b.asset_id = c.asset_id AND b.date < c.since ORDER BY b.date DESC LIMIT 1),
           (SELECT CASE WHEN (ratio > 1.25 AND step * step > ratio OR ratio < 0.8 AND step * step < ratio)
                         AND step / ratio BETWEEN 0.8 AND 1.25
                        THEN 1.0 / ratio ELSE 1.0 END
            FROM (
                SELECT (SELECT max(a.numerator / a.denominator) FROM corporate_action a
                        WHERE a.asset_id = c.asset_id AND a.source = c.source AND a.left_out IS NULL AND a.date = c.since
                          AND NOT EXISTS (
                              SELECT 1 FROM corporate_action o
                              WHERE o.asset_id = c.asset_id AND o.source = c.source AND o.left_out IS NULL AND o.kind = 'split'
                                AND o.date > c.since
                                AND o.date <= (SELECT b.date FROM best_price b WHERE b.asset_id = c.asset_id AND b.date >= c.since
                                               ORDER BY b.date LIMIT 1)
                          )) AS ratio,
                       (SELECT b.close FROM best_price b WHERE b.asset_id = c.asset_id AND b.date < c.since ORDER BY b.date DESC LIMIT 1)
                       / (SELECT b.close FROM best_price b WHERE b.asset_id = c.asset_id AND b.date >= c.since ORDER BY b.date LIMIT 1)
                       AS step
            )),
           split_later * split,
           dividend_later * CASE WHEN amount < before * split_later * split
                                 THEN 1.0 - amount / (before * split_later * split) ELSE 1.0 END,
           coalesce(standing, iif(split <> 1.0, until, NULL))
    FROM chain c
    WHERE since > first_date
)
SELECT asset_id, source, max(first_date, coalesce(since, first_date)) AS since, until,
       split_later * split AS split_factor,
       dividend_later * CASE WHEN amount < before * split_later * split
                             THEN 1.0 - amount / (before * split_later * split) ELSE 1.0 END AS dividend_factor,
       last_date AS known_until
FROM chain;

-- best_price with its factors: close_split is adjusted for the splits that its source has not adjusted for, close_all for dividends
-- as well. All of them are NULL where no source of the asset tells its actions, and before the day from which one does.
CREATE VIEW adjusted_price AS
SELECT p.asset_id, p.date, p.source, p.currency, p.close, a.split_factor, a.dividend_factor,
       p.close * a.split_factor AS close_split,
       p.close * a.split_factor * a.dividend_factor AS close_all,
       a.source AS action_source, a.known_until
FROM best_price p
LEFT JOIN adjustment a ON a.asset_id = p.asset_id AND a.since <= p.date AND p.date < a.until;
