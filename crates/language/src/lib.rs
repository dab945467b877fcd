//! Language understanding: the example-based intent classifier.
