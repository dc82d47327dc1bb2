//! Installed rulebooks of the league, and the versions that this participant has accepted.
//!
//! Offers are checked against the newest accepted version that is in force by date. A version that is only installed is announced
//! and has no effect.

use crate::config::ConnectorConfig;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::lint::rulebook_rules::VersionedRules;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::rulebook::SignedRulebook;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::RulebookAcceptance;
use hansa_proto::rulebook_acceptance;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Index name of the highest installed version.
pub(crate) const INSTALLED: &str = "rulebook";

/// Index name of the highest accepted version.
pub(crate) const ACCEPTED: &str = "rulebook_accepted";

/// Installed rulebooks, and the acceptances of this participant.
#[derive(Debug, Clone, Default)]
pub struct RulebookRegister {
    installed: BTreeMap<u64, Arc<SignedRulebook>>,
    accepted: BTreeMap<u64, StoredAcceptance>,
    /// Highest version that the log names as accepted and that can't be read here.
    lost: Option<u64>,
}

/// Acceptance by this participant, with its envelope.
#[derive(Debug, Clone)]
pub struct StoredAcceptance {
    /// Content of the acceptance.
    pub(crate) acceptance: RulebookAcceptance,
    /// Envelope of the acceptance, for the league.
    pub(crate) envelope: String,
}

impl RulebookRegister {
    /// Newest accepted version that is in force by date.
    pub fn in_force(&self, now: UtcTimestamp) -> Option<&Arc<SignedRulebook>> {
        let accepted = self.accepted.keys().rev();
        accepted
            .filter_map(|version| self.installed.get(version))
            .find(|rulebook| rulebook.counts_at(now))
    }

    /// Highest accepted version that can't be read. With it missing, the rules for offers are unknown.
    pub(crate) const fn lost_version(&self) -> Option<u64> {
        self.lost
    }

    /// Newest version, if it is not accepted.
    pub fn waiting_version(&self) -> Option<&Arc<SignedRulebook>> {
        self.newest_version()
            .filter(|newest| !self.accepted.contains_key(&newest.version()))
    }

    /// Newest installed version.
    pub fn newest_version(&self) -> Option<&Arc<SignedRulebook>> {
        self.installed.values().next_back()
    }

    /// Newest accepted version, even before its date.
    pub fn newest_accepted(&self) -> Option<&Arc<SignedRulebook>> {
        let accepted = self.accepted.keys().next_back();
        accepted.and_then(|version| self.installed.get(version))
    }

    /// Finds an installed version.
    pub fn version(&self, version: u64) -> Option<&Arc<SignedRulebook>> {
        self.installed.get(&version)
    }

    /// Finds the acceptance of a version.
    pub fn acceptance(&self, version: u64) -> Option<&StoredAcceptance> {
        self.accepted.get(&version)
    }

    /// Checks that `rulebook` is new here.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` if it is older than the newest version, or differs from the installed one of its version.
    pub(crate) fn is_new(&self, rulebook: &SignedRulebook) -> Result<bool, Refusal> {
        let Some(newest) = self.newest_version() else {
            return Ok(true);
        };
        if rulebook.version() < newest.version() {
            return Err(Refusal::new(
                ErrorCode::RulebookInvalid,
                format!(
                    "the file is version {} of the rulebook, and version {} is installed already",
                    rulebook.version(),
                    newest.version()
                ),
            ));
        }
        newest.same_version(rulebook)?;
        Ok(rulebook.version() > newest.version())
    }

    /// Adds a version.
    pub fn install(&mut self, rulebook: SignedRulebook) {
        self.installed
            .insert(rulebook.version(), Arc::new(rulebook));
    }

    /// Adds an acceptance of an installed version. An acceptance of a rulebook that is not installed is left out.
    pub fn accept(&mut self, stored: StoredAcceptance) {
        let version = stored.acceptance.version;
        let known = self.installed.get(&version);
        if known.is_some_and(|rulebook| rulebook.digest() == stored.acceptance.rulebook) {
            self.accepted.insert(version, stored);
            self.lost = self.lost.filter(|lost| *lost > version);
        }
    }
}

/// Rules of a rulebook, as input of the lint.
pub fn to_versioned_rules(rulebook: &SignedRulebook) -> VersionedRules<'_> {
    VersionedRules {
        version: rulebook.version(),
        rules: rulebook.offer_rules(),
    }
}

/// Loads the rulebooks and acceptances that the log names. A version without its file is reported as a fault.
///
/// # Errors
/// If the index or a document can't be read.
pub fn load_register(
    state: &StateIndex,
    documents: &DocumentFolder,
    bundle: &TrustBundle,
    faults: &mut Vec<Refusal>,
) -> Result<RulebookRegister, Refusal> {
    let (installed, accepted) = (
        state.stored_number(INSTALLED)?,
        state.stored_number(ACCEPTED)?,
    );
    let mut register = RulebookRegister::default();
    if installed == 0 {
        return Ok(register);
    }
    for bytes in documents.read_documents(StoredDocumentKind::Rulebook)? {
        match SignedRulebook::read(&bytes, bundle) {
            // A file that a crash left without a record is not installed.
            Ok(rulebook) if rulebook.version() <= installed => register.install(rulebook),
            Ok(_) => {}
            Err(fault) => faults.push(fault),
        }
    }
    for bytes in documents.read_documents(StoredDocumentKind::RulebookAcceptance)? {
        match rulebook_acceptance::from_envelope(&bytes) {
            Ok(acceptance) if acceptance.version <= accepted => {
                register.accept(StoredAcceptance {
                    acceptance,
                    envelope: String::from_utf8_lossy(&bytes).into_owned(),
                });
            }
            Ok(_) => {}
            Err(fault) => faults.push(fault),
        }
    }
    if register.version(installed).is_none() {
        faults.push(missing_version_refusal(installed, "the file"));
    }
    if accepted > 0 && register.acceptance(accepted).is_none() {
        faults.push(missing_version_refusal(accepted, "the acceptance"));
        register.lost = Some(accepted);
    }
    Ok(register)
}

fn missing_version_refusal(version: u64, what: &str) -> Refusal {
    Refusal::new(
        ErrorCode::StateBroken,
        format!("the log names version {version} of the rulebook, and {what} of it is not in the state folder"),
    )
    .with_help("put it back from a backup, or install and accept the version again")
}

/// Reads the rulebooks from the state folder of a participant that may be running. Nothing is changed.
///
/// # Errors
/// Same errors as [`load_register`].
pub fn read_register(
    config: &ConnectorConfig,
    bundle: &TrustBundle,
) -> Result<RulebookRegister, Refusal> {
    let Some(state) = StateIndex::open_read_only(&config.state.join("state.db"))? else {
        return Ok(RulebookRegister::default());
    };
    if state.stored_number(INSTALLED)? == 0 {
        return Ok(RulebookRegister::default());
    }
    let documents = DocumentFolder::open(&config.state)?;
    // Faults are dropped here; opening the state reports them.
    load_register(&state, &documents, bundle, &mut Vec::new())
}
