//! An entry of a policy file that is being written: a key with its value.

/// A key with what is said under it.
#[derive(Debug)]
pub(super) struct PolicyFileEntry {
    /// The key; of one within `aggregate` both, with a dot.
    pub(super) key: String,
    kind: PolicyFileEntryKind,
    parts: Vec<EntryPart>,
}

/// An item of a list, or a key of a table.
#[derive(Debug)]
struct EntryPart {
    /// Its place among the others; those of one place stand as they came.
    position: usize,
    name: String,
    value: String,
}

/// How the parts of an entry are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PolicyFileEntryKind {
    /// `key = value`
    Alone,
    /// `key = [value, …]`
    Item,
    /// `key = { name = value, … }`
    Table,
}

impl PolicyFileEntry {
    /// A key with one value.
    pub(super) fn alone(key: &str, value: String) -> Self {
        Self {
            key: key.to_owned(),
            kind: PolicyFileEntryKind::Alone,
            parts: vec![EntryPart {
                position: 0,
                name: String::new(),
                value,
            }],
        }
    }

    /// A key with an item of its list.
    pub(super) fn item(key: &str, value: String) -> Self {
        Self {
            kind: PolicyFileEntryKind::Item,
            ..Self::alone(key, value)
        }
    }

    /// The entry as one of the table under `key`, at a place among the others there.
    pub(super) fn within(self, key: &str, position: usize) -> Self {
        let value = self.to_toml();
        Self {
            key: key.to_owned(),
            kind: PolicyFileEntryKind::Table,
            parts: vec![EntryPart {
                position,
                name: self.key,
                value,
            }],
        }
    }

    /// The entry under another key.
    pub(super) fn with_key(self, key: &str) -> Self {
        let key = key.to_owned();
        Self { key, ..self }
    }

    /// The value as TOML.
    pub(super) fn to_toml(&self) -> String {
        let values: Vec<&str> = self.parts.iter().map(|part| part.value.as_str()).collect();
        match self.kind {
            PolicyFileEntryKind::Alone => values.concat(),
            PolicyFileEntryKind::Item => format!("[{}]", values.join(", ")),
            PolicyFileEntryKind::Table => {
                let parts = self.parts.iter();
                let parts = parts.map(|part| format!("{} = {}", part.name, part.value));
                format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Takes in the parts of another entry of the key; false, where one of them is already said.
    pub(super) fn merge(&mut self, other: Self) -> bool {
        let has_room = match other.kind {
            PolicyFileEntryKind::Alone => false,
            PolicyFileEntryKind::Item => true,
            PolicyFileEntryKind::Table => {
                let is_new =
                    |part: &EntryPart| self.parts.iter().all(|known| known.name != part.name);
                other.parts.iter().all(is_new)
            }
        };
        if has_room {
            self.parts.extend(other.parts);
            self.parts.sort_by_key(|part| part.position);
        }
        has_room
    }
}
