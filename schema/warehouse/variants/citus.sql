-- A variant for more than one machine: the tables distributed by asset_id with Citus 12 (https://docs.citusdata.com), to be
-- made on the coordinator before the first sync, behind the tables of `pricestash schema warehouse`.
--
-- The key and both indexes begin with, or contain, asset_id, so that uniqueness holds on each shard and ON CONFLICT is decided
-- where the row lies. asset_master is small and joined with everything, so every machine has a copy of it; job_run stays on the
-- coordinator.
--
-- What it costs: a chunk holds several assets, so that its statement is not sent to one shard. Citus unpacks the arrays on the
-- coordinator and sends each shard its rows, all in one distributed transaction: one more hop inside the cluster, and two-phase
-- commit. With `sync --assets ID` every chunk is of one asset, and still goes through the coordinator, because Citus does not
-- look into arrays. The DDL was not tried on a cluster by this project's tests; the partitioned variant is.
CREATE EXTENSION IF NOT EXISTS citus;
SELECT create_reference_table('asset_master');
SELECT create_distributed_table('price_daily', 'asset_id', shard_count := 32);
