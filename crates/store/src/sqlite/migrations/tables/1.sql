-- Projections of the turn log: what queries need to find records, and what lists show.
-- Every row is a function of the log. Snapshots and journals stay in the log; rows point there.

-- How far the log is projected: one row.
CREATE TABLE checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    log_seq INTEGER NOT NULL
) STRICT;
INSERT INTO checkpoint (id, log_seq) VALUES (1, 0);

-- One row per record of the log. Facts carry the agent and turn that their transcript had, and nothing
-- in the columns from `agent_version` on.
CREATE TABLE records (
    log_seq INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    contact TEXT NOT NULL,
    transcript BLOB,
    agent BLOB,
    turn INTEGER NOT NULL,
    at INTEGER NOT NULL,
    agent_version INTEGER,
    closed INTEGER,
    message_id TEXT,
    url TEXT,
    source_ip TEXT,
    status INTEGER,
    duration INTEGER,
    -- The attributes by which contacts are looked for that this turn changed, as a JSON object in lower
    -- case; null says that one is gone.
    found_by TEXT
) STRICT;
CREATE INDEX records_by_contact ON records (tenant, contact, log_seq, at);
-- Where the attributes of a contact are; and those of them that tell contacts apart by themselves.
CREATE INDEX records_with_attributes ON records (tenant, contact, log_seq) WHERE found_by IS NOT NULL;
CREATE INDEX records_by_email ON records (tenant, json_extract(found_by, '$.email'), contact)
    WHERE json_extract(found_by, '$.email') IS NOT NULL;
CREATE INDEX records_by_address ON records (tenant, json_extract(found_by, '$.ip_address'), contact)
    WHERE json_extract(found_by, '$.ip_address') IS NOT NULL;
CREATE INDEX records_by_time ON records (tenant, at, contact, agent);
CREATE INDEX records_by_transcript ON records (tenant, transcript, turn) WHERE transcript IS NOT NULL;
CREATE INDEX records_by_message ON records (tenant, contact, message_id) WHERE message_id IS NOT NULL;

-- What was said. `position` is log_seq * 4096 + the entry's place in its record.
CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    author INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    intent TEXT,
    place TEXT,
    body TEXT NOT NULL
) STRICT;

-- The latest turn of a contact with an agent. A contact is the sum of its rows.
CREATE TABLE sessions (
    tenant TEXT NOT NULL,
    contact TEXT NOT NULL,
    agent BLOB NOT NULL,
    first_seen INTEGER NOT NULL,
    log_seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, contact, agent)
) STRICT, WITHOUT ROWID;

-- How a transcript began. How it stands is in the record of its latest turn: a row that changed with
-- each turn would cost as much as all else together.
CREATE TABLE transcripts (
    tenant TEXT NOT NULL,
    transcript BLOB NOT NULL,
    contact TEXT NOT NULL,
    agent BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    started_seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, transcript)
) STRICT, WITHOUT ROWID;
CREATE INDEX transcripts_newest ON transcripts (tenant, started_seq);
CREATE INDEX transcripts_by_contact ON transcripts (tenant, contact, started_seq);

-- The event feed: `seq` counts per tenant, in the order of the log.
CREATE TABLE events (
    tenant TEXT NOT NULL,
    seq INTEGER NOT NULL,
    log_seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;

-- Events that do not come with every turn, by what they are.
CREATE INDEX events_by_kind ON events (tenant, kind, seq) WHERE kind <> 'turn.completed';

-- The number of each tenant's last event.
CREATE TABLE event_counters (
    tenant TEXT PRIMARY KEY,
    last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
