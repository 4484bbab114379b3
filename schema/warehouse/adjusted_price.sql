-- Optional: best_price adjusted by our own factors, from the actions of the asset's first source in its own currency
-- that lists them, as of known_until. close_split is adjusted for splits that its source did not adjust for, close_all
-- for dividends as well. All of them are NULL if no source of the asset lists its actions, and before the day from
-- which one does.
--
-- A split counts only while its step is still present in the closes, because sources adjust for splits themselves.
-- Below 5:4 a step cannot be distinguished from market moves. A dividend reduces prices by its share of the close
-- before it, in the scale after all splits. Sources divide past amounts by later splits, but not by one of the same
-- day; an amount reported before a split whose step is still present belongs to the old shares, as the closes do.
CREATE OR REPLACE VIEW adjusted_price AS
WITH told AS (
    SELECT DISTINCT ON (s.asset_id) s.asset_id, c.source, c.first_date, c.last_date
    FROM own_source s
    JOIN corporate_action_coverage c ON c.asset_id = s.asset_id AND c.source = s.source
    ORDER BY s.asset_id, s.priority, s.source
), bar AS (
    SELECT p.asset_id, p.date, p.source, p.close, p.currency, p.time,
           lead(p.date) OVER days AS next_date,
           p.close / nullif(lead(p.close) OVER days, 0) AS step
    FROM best_price p
    WINDOW days AS (PARTITION BY p.asset_id ORDER BY p.date)
), action AS (
    -- New shares per old share of the splits between a bar and the next one.
    SELECT b.*, t.source AS action_source, t.last_date AS known_until, b.date >= t.first_date AS is_known,
           (
               SELECT max(e.numerator / e.denominator)
               FROM corporate_action e
               WHERE e.asset_id = b.asset_id AND e.source = t.source AND e.left_out IS NULL
                 AND e.date > b.date AND e.date <= b.next_date
           ) AS ratio
    FROM bar b
    LEFT JOIN told t ON t.asset_id = b.asset_id
), standing AS (
    SELECT a.*,
           (ratio > 1.25 AND step * step > ratio OR ratio < 0.8 AND ratio > 0 AND step * step < ratio)
           AND step / ratio BETWEEN 0.8 AND 1.25 AS stands
    FROM action a
), split AS (
    SELECT s.*,
           exp(sum(CASE WHEN stands THEN -ln(ratio) ELSE 0 END) OVER back) AS split_factor,
           exp(sum(CASE WHEN stands THEN -ln(ratio) ELSE 0 END) OVER behind) AS split_later,
           max(CASE WHEN stands THEN next_date END) OVER behind AS standing_later
    FROM standing s
    WINDOW back AS (PARTITION BY s.asset_id ORDER BY s.date DESC),
           behind AS (PARTITION BY s.asset_id ORDER BY s.date DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), paid AS (
    -- The payments per new share between a bar and the next one.
    SELECT s.*, a.amount
    FROM split s
    LEFT JOIN LATERAL (
        SELECT sum(d.amount / coalesce(d.ratio, 1)) AS amount
        FROM (
            SELECT max(e.numerator / e.denominator) AS ratio,
                   sum(e.amount * CASE WHEN (e.ingested_at AT TIME ZONE 'UTC')::date < s.standing_later THEN s.split_later ELSE 1 END) AS amount
            FROM corporate_action e
            WHERE e.asset_id = s.asset_id AND e.source = s.action_source AND e.left_out IS NULL
              AND e.date > s.date AND e.date <= s.next_date
            GROUP BY e.date
        ) d
    ) a ON true
), dividend AS (
    SELECT s.*,
           exp(sum(CASE WHEN amount < close * split_factor THEN ln(1 - amount / (close * split_factor)) ELSE 0 END) OVER back)
               AS dividend_factor
    FROM paid s
    WINDOW back AS (PARTITION BY s.asset_id ORDER BY s.date DESC)
)
SELECT asset_id, date, source, close,
       CASE WHEN is_known THEN split_factor END AS split_factor,
       CASE WHEN is_known THEN dividend_factor END AS dividend_factor,
       CASE WHEN is_known THEN close * split_factor END AS close_split,
       CASE WHEN is_known THEN close * split_factor * dividend_factor END AS close_all,
       CASE WHEN is_known THEN action_source END AS action_source,
       CASE WHEN is_known THEN known_until END AS known_until,
       currency, time
FROM dividend;
