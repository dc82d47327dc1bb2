//! Hierarchy tables: one line for each value, one column for each level above it.

use super::missing_list::missing_list_refusal;
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// Published hierarchy of values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HierarchyTable {
    /// Names of the levels, without the column of the values.
    names: Vec<String>,
    /// Values of all levels, by value.
    rows: BTreeMap<String, Vec<Option<String>>>,
}

impl HierarchyTable {
    /// Empty table with these levels.
    #[must_use]
    pub const fn new(names: Vec<String>) -> Self {
        Self {
            names,
            rows: BTreeMap::new(),
        }
    }

    /// Adds a value with its levels. False for a value that is already there, or for a wrong number of levels.
    #[must_use]
    pub fn add_value(&mut self, value: String, levels: Vec<Option<String>>) -> bool {
        levels.len() == self.names.len() && self.rows.insert(value, levels).is_none()
    }

    /// Names of the levels.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Index of a level.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where there is no level with this name.
    pub fn level_index(&self, name: &str) -> Result<usize, Refusal> {
        let at = self.names.iter().position(|known| known == name);
        at.ok_or_else(|| missing_list_refusal(format!("the table has no level `{name}`")))
    }

    /// Value on a level; none for a value that the table does not contain.
    #[must_use]
    pub fn value_at_level(&self, value: &str, level: usize) -> Option<&str> {
        self.rows.get(value)?.get(level)?.as_deref()
    }
}
