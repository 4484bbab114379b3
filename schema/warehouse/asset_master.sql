-- The configured assets; source_priority is a JSON list of source names, best first.
CREATE TABLE IF NOT EXISTS asset_master (
    asset_id        varchar(20) PRIMARY KEY,
    name            varchar(100),
    category        varchar(20),
    source_priority json,
    is_active       boolean
);
