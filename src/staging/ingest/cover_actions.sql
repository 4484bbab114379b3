-- Extends the days for which all actions are known. Days that do not touch them replace them only if they are newer:
-- nothing is known about the days between.
INSERT INTO corporate_action_coverage (asset_id, source, first_date, last_date, told_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (asset_id, source) DO UPDATE
SET first_date = CASE WHEN excluded.first_date <= date(last_date, '1 day') THEN min(first_date, excluded.first_date) ELSE excluded.first_date END,
    last_date = max(last_date, excluded.last_date),
    told_at = max(told_at, excluded.told_at),
    revision = corporate_action_coverage.revision + 1
WHERE excluded.last_date >= date(first_date, '-1 day') AND (excluded.last_date > last_date OR excluded.first_date < first_date)
