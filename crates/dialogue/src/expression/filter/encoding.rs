//! Filters: encoding.

use super::Group;

pub(super) const FILTERS: Group = &[];
