//! Filters: date.

use super::Group;

pub(super) const FILTERS: Group = &[];
