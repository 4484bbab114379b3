-- Two scales in one series: when each series was compared as a whole last, and what the owner accepts of it.

-- The day in the exchange's zone; NULL in a file of an older program, until the next collect begins to count.
ALTER TABLE series ADD COLUMN audited_on TEXT;

-- Findings that the owner does not want to hear of again: those of a rule on these days, both included. For scale_refused:
-- the source's answer is taken although it makes a step there. (A session without a bar is waived in waiver.)
CREATE TABLE rule_waiver (
    asset_id   TEXT NOT NULL,
    rule       TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    waived_at  TEXT NOT NULL,
    PRIMARY KEY (asset_id, rule, start_date, end_date)
) WITHOUT ROWID;

-- Finds the few series that are suspect: a value in them may be in another scale.
CREATE INDEX finding_suspect ON finding (asset_id, source)
WHERE resolved_at IS NULL AND rule IN ('scale_step', 'scale_refused', 'scale_unknown');

-- One bar for each asset and date: the first in the asset's source order, of the sources in its own currency. suspect is 1
-- while the bar's series may hold two scales.
DROP VIEW best_price;
CREATE VIEW best_price AS
SELECT p.asset_id, p.date, p.source, m.currency, p.open, p.high, p.low, p.close, p.volume, p.ingested_at, p.is_final,
       EXISTS (
           SELECT 1
           FROM finding f
           WHERE f.asset_id = p.asset_id AND f.source = p.source AND f.resolved_at IS NULL
             AND f.rule IN ('scale_step', 'scale_refused', 'scale_unknown')
       ) AS suspect
FROM price_daily p
JOIN asset_source s ON s.asset_id = p.asset_id AND s.source = p.source AND s.own_currency = 1
JOIN asset_master m ON m.asset_id = p.asset_id
WHERE NOT EXISTS (
    SELECT 1
    FROM asset_source t
    JOIN price_daily q ON q.asset_id = t.asset_id AND q.date = p.date AND q.source = t.source
    WHERE t.asset_id = p.asset_id AND t.own_currency = 1 AND t.priority < s.priority
);
