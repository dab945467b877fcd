//! Persistence: documents, the turn log and its projections.
