-- Facts beside any conversation that is known: they expire by themselves. Records that are about nobody
-- (what tells of an erasure) have an empty contact and stay.
CREATE INDEX records_loose ON records (tenant, log_seq) WHERE agent IS NULL AND contact <> '';
