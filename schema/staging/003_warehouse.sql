-- Which warehouse the rows were acknowledged to: the server's system identifier and the database's name.
CREATE TABLE warehouse (
    only_row      INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    identity      TEXT    NOT NULL,
    recognised_at TEXT    NOT NULL
);
