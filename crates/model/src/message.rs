//! Messages: what an agent says, in our own words. Wire forms are made at the edge.
