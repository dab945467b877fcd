//! Dates in the letters of PHP.
