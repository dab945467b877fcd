-- Documents as they are now. `tenant` is empty for those of the platform itself.
CREATE TABLE documents (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant, kind, id)
) STRICT;

-- Their earlier versions, the newest few.
CREATE TABLE document_history (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (tenant, kind, id, version)
) STRICT;

-- What they are found by. `scope`: 0 shared, 1 unique in the tenant, 2 unique everywhere.
CREATE TABLE document_keys (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    id TEXT NOT NULL,
    scope INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, name, value, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_keys_by_document ON document_keys (tenant, kind, id);
CREATE INDEX document_keys_anywhere ON document_keys (kind, name, value);
CREATE UNIQUE INDEX document_keys_unique_in_tenant ON document_keys (tenant, kind, name, value) WHERE scope >= 1;
CREATE UNIQUE INDEX document_keys_unique ON document_keys (kind, name, value) WHERE scope = 2;
