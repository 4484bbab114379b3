-- Alerts have several channels, each with an outbox, a memory of what was said in it, and what became of the last message. What is
-- there belongs to the only channel that there was, the webhook.

CREATE TABLE alert_case_of_channel (
    channel  TEXT    NOT NULL,
    topic    TEXT    NOT NULL,
    asset_id TEXT    NOT NULL,
    cause    TEXT    NOT NULL,
    since    TEXT    NOT NULL,
    told     TEXT    NOT NULL,
    named    INTEGER NOT NULL,
    PRIMARY KEY (channel, topic, asset_id)
) WITHOUT ROWID;
INSERT INTO alert_case_of_channel
SELECT 'webhook', topic, asset_id, cause, since, told, named FROM alert_case;
DROP TABLE alert_case;
ALTER TABLE alert_case_of_channel RENAME TO alert_case;

-- What waits are facts, as JSON; words are made of them when they are sent. What waits already is words.
ALTER TABLE alert_outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'webhook';
ALTER TABLE alert_outbox RENAME COLUMN content TO facts;
UPDATE alert_outbox SET facts = json_object('kind', 'text', 'markdown', facts);

-- When a channel last took a message, and when it last did not, with what it said.
CREATE TABLE alert_channel (
    channel      TEXT PRIMARY KEY NOT NULL,
    delivered_at TEXT,
    failed_at    TEXT,
    said         TEXT
) WITHOUT ROWID;
