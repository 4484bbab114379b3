-- The sources of each asset's prices. priority: best first, NULL for a source whose bars cannot serve as the asset's
-- price because they are in another currency. writes_master: the row of asset_master is pricestash's; if no source of
-- an asset has it, the row is its owner's and never changed.
CREATE TABLE IF NOT EXISTS asset_source (
    asset_id      varchar(20) NOT NULL,
    source        varchar(20) NOT NULL,
    priority      integer,
    currency      text        NOT NULL,
    symbol        text        NOT NULL,
    writes_master boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (asset_id, source)
);
