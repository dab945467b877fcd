-- The turn log. `kind`: 0 a turn, 1 a fact beside turns; `record` is its JSON.
CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    kind INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
