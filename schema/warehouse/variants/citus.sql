-- A variant for more than one machine: the tables distributed by asset_id with Citus 12 (https://docs.citusdata.com), to be
-- made on the coordinator before the first sync, behind the tables of `pricestash schema warehouse`.
--
-- The key and both indexes begin with, or contain, asset_id, so that uniqueness holds on each shard and ON CONFLICT is decided
-- where the row lies. asset_master is small and joined with everything, so every machine has a copy of it; job_run stays on the
-- coordinator.
--
-- What it costs: a chunk holds several assets and comes as arrays, into which Citus does not look, so that its statement is no
-- single-shard one. Citus runs the parts of WITH one after the other, each as a plan of its own in one distributed transaction
-- (https://github.com/citusdata/citus/pull/2006, /pull/2137): the stored rows are counted before the new ones are written, as the
-- statement needs it, and the coordinator sends each shard its rows. That is one more hop inside the cluster for each part, and
-- two-phase commit; with `sync --assets ID` too. The program needs no change for it. Other than the partitioned variant this
-- one was not tried by the project's tests, which have no cluster: `pricestash sync` and `pricestash verify` show whether it holds.
CREATE EXTENSION IF NOT EXISTS citus;
SELECT create_reference_table('asset_master');
SELECT create_distributed_table('price_daily', 'asset_id', shard_count := 32);
