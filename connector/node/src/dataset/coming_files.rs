//! Files that people send now: each has a place until it has come, or its sender is gone.

use crate::process::randomness::random_hex;
use hansa_audit_log::digest::Digest;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Files that come now, with the digests of their persons, by their identities.
#[derive(Debug, Default)]
pub struct ComingFiles(Mutex<BTreeMap<String, Digest>>);

impl ComingFiles {
    /// Identities of all files that come now.
    pub(super) fn list_ids(&self) -> BTreeSet<String> {
        self.0.lock().keys().cloned().collect()
    }

    /// Identities of the files of a person that come now.
    pub(super) fn list_ids_of(&self, person: Digest) -> BTreeSet<String> {
        let coming = self.0.lock();
        let own = coming.iter().filter(|(_, owner)| **owner == person);
        own.map(|(id, _)| id.clone()).collect()
    }
}

/// Place of a file that comes. It is free again at the end of the value.
#[derive(Debug)]
pub(super) struct ComingPlace {
    files: Arc<ComingFiles>,
    id: String,
}

impl ComingPlace {
    /// Takes a place for a file of a person, with a fresh identity.
    pub(super) fn take(files: &Arc<ComingFiles>, person: Digest) -> Self {
        let id = random_hex(16);
        files.0.lock().insert(id.clone(), person);
        Self {
            files: Arc::clone(files),
            id,
        }
    }

    /// Identity of the file.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for ComingPlace {
    fn drop(&mut self) {
        self.files.0.lock().remove(&self.id);
    }
}
