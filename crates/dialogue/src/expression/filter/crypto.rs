//! Filters: crypto.

use super::Group;

pub(super) const FILTERS: Group = &[];
