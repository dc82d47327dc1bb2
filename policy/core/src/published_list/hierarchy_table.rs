//! Tables of what a value counts as: a published hierarchy, one line for each value, one column for each level.

use super::missing_list::lacks;
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HierarchyTable {
    /// The names of the levels, without that of the values.
    names: Vec<String>,
    /// For each value, what it is on each level.
    rows: BTreeMap<String, Vec<Option<String>>>,
}

impl HierarchyTable {
    /// A table with these levels.
    #[must_use]
    pub const fn new(names: Vec<String>) -> Self {
        Self {
            names,
            rows: BTreeMap::new(),
        }
    }

    /// Says what a value counts as, on each level in turn; false where it is said already, or on more or fewer levels.
    #[must_use]
    pub fn say(&mut self, value: String, levels: Vec<Option<String>>) -> bool {
        levels.len() == self.names.len() && self.rows.insert(value, levels).is_none()
    }

    /// The names of the levels.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many values it knows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// One level.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` where there is none of that name.
    pub fn level(&self, name: &str) -> Result<usize, Refusal> {
        let at = self.names.iter().position(|known| known == name);
        at.ok_or_else(|| lacks(format!("the table has no level `{name}`")))
    }

    /// What a value counts as; nothing for one that the table does not know.
    #[must_use]
    pub fn of(&self, value: &str, level: usize) -> Option<&str> {
        self.rows.get(value)?.get(level)?.as_deref()
    }
}
