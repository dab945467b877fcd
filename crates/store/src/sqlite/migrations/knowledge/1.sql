-- What was uploaded, as it came.
CREATE TABLE originals (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (tenant, source)
) STRICT;

-- Of what there are passages: how many, with how many words. `revision` is whatever the caller tells them apart by.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    revision INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    words INTEGER NOT NULL,
    UNIQUE (tenant, source)
) STRICT;

CREATE TABLE passages (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (source, ordinal)
) STRICT;

-- The words of the passages; a row has its passage's number. `owner` is two words, one that stands for the tenant and
-- one for the source, so that a search reads nothing of other tenants. The words come as the caller cut them: nothing is folded here.
CREATE VIRTUAL TABLE passage_words USING fts5 (
    owner, words, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0"
);
