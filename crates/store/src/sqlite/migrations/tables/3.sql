-- How the transcripts stand whose turns say so; a scenario that nobody took over has no row here.
-- `started_seq` is the transcript's, so that lists come in their order.
CREATE TABLE transcript_states (
    tenant TEXT NOT NULL,
    transcript BLOB NOT NULL,
    started_seq INTEGER NOT NULL,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    endpoint TEXT,
    flagged INTEGER NOT NULL,
    test INTEGER NOT NULL,
    -- All of it, as JSON.
    state TEXT NOT NULL,
    PRIMARY KEY (tenant, transcript)
) STRICT, WITHOUT ROWID;
CREATE INDEX transcript_states_newest ON transcript_states (tenant, started_seq);
CREATE INDEX transcript_states_by_status ON transcript_states (tenant, status, started_seq);

-- What such transcripts are found by. `kind`: 0 a tag, 1 a parameter, 2 a function that was called, which
-- has no value.
CREATE TABLE transcript_labels (
    tenant TEXT NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    started_seq INTEGER NOT NULL,
    transcript BLOB NOT NULL,
    PRIMARY KEY (tenant, kind, name, value, started_seq, transcript)
) STRICT, WITHOUT ROWID;
CREATE INDEX transcript_labels_by_transcript ON transcript_labels (tenant, transcript);

-- The words of the entries, for search; the row of an entry has its position as its number. No text is kept
-- beside the words. `owner` is one word that stands for the tenant, see `sqlite::search`.
CREATE VIRTUAL TABLE entry_words USING fts5 (
    owner, text, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2"
);

-- How far the entries are in the index of words, which follows the other tables: one row.
CREATE TABLE words_checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    log_seq INTEGER NOT NULL
) STRICT;
INSERT INTO words_checkpoint (id, log_seq) VALUES (1, 0);
