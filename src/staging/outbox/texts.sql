-- The texts that are sent to the warehouse, without duplicates, with their table and column. Values that are not text
-- are rejected row by row.
WITH series AS (SELECT DISTINCT asset_id, source FROM price_daily)
SELECT 'price_daily', 'asset_id', asset_id FROM series WHERE typeof(asset_id) = 'text'
UNION
SELECT 'price_daily', 'source', source FROM series WHERE typeof(source) = 'text'
UNION
SELECT 'asset_master', 'asset_id', asset_id FROM asset_master WHERE typeof(asset_id) = 'text'
UNION
SELECT 'asset_master', 'name', name FROM asset_master WHERE typeof(name) = 'text'
UNION
SELECT 'asset_master', 'category', category FROM asset_master WHERE typeof(category) = 'text'
UNION
SELECT 'job_run', 'job_name', job_name FROM job_run WHERE typeof(job_name) = 'text'
UNION
-- The longest text at the end of a run.
SELECT 'job_run', 'status', 'partial_failure'
