-- How transcripts are going, as turns say that changed it. A transcript in which nothing stood out has no row here.
-- `started_seq` is the transcript's, so that lists come in their order.
CREATE TABLE transcript_moods (
    tenant TEXT NOT NULL,
    transcript BLOB NOT NULL,
    started_seq INTEGER NOT NULL,
    -- 0 low, 1 medium, 2 high.
    risk INTEGER NOT NULL,
    -- The strongest emotion that is shown; null where none is.
    sentiment TEXT,
    -- All of it, as JSON.
    mood TEXT NOT NULL,
    PRIMARY KEY (tenant, transcript)
) STRICT, WITHOUT ROWID;
CREATE INDEX transcript_moods_newest ON transcript_moods (tenant, started_seq);
