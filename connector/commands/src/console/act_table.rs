//! Table of all acts of the console with a form, by their paths and by the words of their records.

use crate::console::approval_acts::ApprovalDecline;
use crate::console::console_act::{ConsoleAct, SUBJECT};
use crate::console::dataset_acts::{
    DatasetAdditionAct, DatasetGuardAct, DatasetGuardApproval, DatasetPublicationAct,
    DatasetWithdrawalAct, StagedRemoval,
};
use crate::console::file_acts::{AnswerFiles, EvidenceExport};
use crate::console::group_acts::{GroupAddition, GroupRemoval};
use crate::console::negotiation_acts::{ContractRequest, CounterProposal};
use crate::console::offer_acts::{OfferAddition, OfferEnd};
use crate::console::operator_acts::{BackupMaking, PeerAddition, PeerRemoval, Reload, RunningCut};
use crate::console::person_visit::PersonVisit;
use crate::console::policy_acts::{PolicyAddition, PolicyEdit};
use crate::console::session_acts::{OtherSessionsEnd, SessionEnd};
use crate::console::token_acts::{TokenAddition, TokenEnd, TokenHolder};
use hansa_node::config::offer::OfferSigningMode;

/// Acts of the console with a form.
const ACTS: &[&dyn ConsoleAct] = &[
    &RunningCut,
    &PeerAddition,
    &PeerRemoval,
    &BackupMaking,
    &Reload,
    &TokenAddition(TokenHolder::Anybody),
    &TokenAddition(TokenHolder::Oneself),
    &TokenEnd(TokenHolder::Anybody),
    &TokenEnd(TokenHolder::Oneself),
    &GroupAddition,
    &GroupRemoval,
    &ContractRequest,
    &CounterProposal,
    &SessionEnd,
    &OtherSessionsEnd,
    &EvidenceExport,
    &AnswerFiles,
    &DatasetAdditionAct,
    &StagedRemoval,
    &DatasetPublicationAct,
    &DatasetGuardAct,
    &DatasetGuardApproval,
    &DatasetWithdrawalAct,
    &PolicyEdit(OfferSigningMode::Officer),
    &PolicyEdit(OfferSigningMode::Auto),
    &PolicyAddition,
    &OfferAddition(OfferSigningMode::Officer),
    &OfferAddition(OfferSigningMode::Auto),
    &OfferEnd,
    &ApprovalDecline,
];

/// Act that a path names.
pub(super) struct RequestedAct {
    pub(super) act: &'static dyn ConsoleAct,
    /// Segments that name the subject.
    pub(super) segments: Vec<String>,
}

impl RequestedAct {
    /// Act of a path; none where it is the path of another page.
    pub(super) fn from_path(path: &[&str]) -> Option<Self> {
        let mut acts = ACTS.iter();
        acts.find_map(|act| {
            let pattern = act.path();
            let is_same = pattern.len() == path.len()
                && pattern.iter().zip(path).all(|(expected, segment)| {
                    (*expected == SUBJECT && !segment.is_empty()) || expected == segment
                });
            let named = pattern
                .iter()
                .zip(path)
                .filter(|(expected, _)| **expected == SUBJECT);
            is_same.then(|| Self {
                act: *act,
                segments: named.map(|(_, segment)| (*segment).to_owned()).collect(),
            })
        })
    }

    /// Name of the subject in the record: its segments, or the participant itself.
    pub(super) fn subject(&self, visit: &PersonVisit<'_>) -> String {
        match self.segments.as_slice() {
            [] => visit.connector.id().domain().to_owned(),
            segments => segments.join("/"),
        }
    }
}

/// Act of the words of a record.
pub(super) fn find_act_by_words(words: &str) -> Option<&'static dyn ConsoleAct> {
    let mut acts = ACTS.iter().copied();
    acts.find(|act| act.command_words() == words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_console::ActKind;
    use std::collections::BTreeSet;

    #[test]
    fn each_act_has_a_path_and_words_of_its_own() {
        let mut words: BTreeSet<&str> = ActKind::ALL.map(ActKind::command).into();
        let mut paths = BTreeSet::new();
        for act in ACTS {
            assert!(words.insert(act.command_words()), "{}", act.command_words());
            assert!(paths.insert(act.path()), "{:?}", act.path());
            assert!(!act.roles().is_empty());
            let segments = act.path().iter().map(|segment| match *segment {
                SUBJECT => "a",
                segment => segment,
            });
            let path: Vec<&str> = segments.collect();
            let requested = RequestedAct::from_path(&path).unwrap();
            assert_eq!(requested.act.command_words(), act.command_words());
            let back = requested.act.back_address(&requested.segments);
            assert!(back.starts_with('/'), "{back}");
        }
        assert!(RequestedAct::from_path(&["contracts", "a", "sign"]).is_none());
        assert!(RequestedAct::from_path(&[""]).is_none());
    }
}
