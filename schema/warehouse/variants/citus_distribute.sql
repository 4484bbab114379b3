SELECT create_reference_table('asset_master');
SELECT create_distributed_table(
    'price_daily', 'asset_id',
    shard_count := (SELECT greatest(2 * count(*), 2)::int FROM citus_get_active_worker_nodes())
);
