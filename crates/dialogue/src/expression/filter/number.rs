//! Filters: number.

use super::Group;

pub(super) const FILTERS: Group = &[];
