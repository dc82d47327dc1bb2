//! Rulebook of a league: machine-checked rules for its members' offers, and the signed acceptance of a version by a member.
//!
//! A data space writes its governance framework down in a rulebook (IDSA Rulebook, section 2.4; Sitra, rulebook model for a fair
//! data economy). OASC MIM3, on contracts, asks for terms and conditions that providers in one ecosystem share. Most of a rulebook
//! is text for people. The rules here are the part that a program can check.

use crate::contract::signature::{Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::{ParticipantId, PurposeId};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// Rules of a rulebook for offers. The list is closed: a program version that does not know a rule refuses the whole rulebook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferRules {
    /// Each offer names its purposes.
    pub purposes_required: bool,
    /// Permitted purposes: each purpose of an offer is one of these or narrower; empty: any.
    pub purposes: Vec<PurposeId>,
    /// Longest duration of a contract, days.
    pub longest_days: Option<u32>,
    /// Smallest number of rows or contributors in each cell of an aggregate.
    pub least_rows: Option<u32>,
    /// Permitted licences of the dataset; empty: any.
    pub licences: Vec<String>,
    /// Each offer demands attribution of the source.
    pub attribution_required: bool,
    /// Public views are forbidden.
    pub no_public_views: bool,
    /// Longest period after which each offer demands deletion, days.
    pub delete_after_most_days: Option<u32>,
}

/// Rule for offers. The name of a rule is its key in the file of a rulebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferRuleKind {
    /// Rule [`OfferRules::purposes_required`].
    PurposesRequired,
    /// Rule [`OfferRules::purposes`].
    Purposes,
    /// Rule [`OfferRules::longest_days`].
    LongestDays,
    /// Rule [`OfferRules::least_rows`].
    LeastRows,
    /// Rule [`OfferRules::licences`].
    Licences,
    /// Rule [`OfferRules::attribution_required`].
    AttributionRequired,
    /// Rule [`OfferRules::no_public_views`]; its key in the file is `public_views`.
    PublicViews,
    /// Rule [`OfferRules::delete_after_most_days`].
    DeleteAfterMostDays,
}

impl OfferRuleKind {
    /// All rules, in display order.
    pub const ALL: [Self; 8] = [
        Self::PurposesRequired,
        Self::Purposes,
        Self::LongestDays,
        Self::LeastRows,
        Self::Licences,
        Self::AttributionRequired,
        Self::PublicViews,
        Self::DeleteAfterMostDays,
    ];

    /// Key of the rule in the file of a rulebook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PurposesRequired => "purposes_required",
            Self::Purposes => "purposes",
            Self::LongestDays => "longest_days",
            Self::LeastRows => "least_rows",
            Self::Licences => "licences",
            Self::AttributionRequired => "attribution_required",
            Self::PublicViews => "public_views",
            Self::DeleteAfterMostDays => "delete_after_most_days",
        }
    }
}

/// Rule that differs between two versions of a rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// Changed rule.
    pub rule: OfferRuleKind,
    /// Value in the old version; absent: the rule was not set.
    pub old: Option<String>,
    /// Value in the new version; absent: the rule is not set.
    pub new: Option<String>,
}

impl OfferRules {
    /// Value of a rule for people; absent where the rule is not set.
    #[must_use]
    pub fn value(&self, rule: OfferRuleKind) -> Option<String> {
        let number = |value: Option<u32>| value.map(|value| value.to_string());
        let flag = |value: bool, word: &str| value.then(|| word.to_owned());
        let list = |value: Vec<&str>| (!value.is_empty()).then(|| value.join(", "));
        match rule {
            OfferRuleKind::PurposesRequired => flag(self.purposes_required, "true"),
            OfferRuleKind::Purposes => list(self.purposes.iter().map(PurposeId::as_str).collect()),
            OfferRuleKind::LongestDays => number(self.longest_days),
            OfferRuleKind::LeastRows => number(self.least_rows),
            OfferRuleKind::Licences => list(self.licences.iter().map(String::as_str).collect()),
            OfferRuleKind::AttributionRequired => flag(self.attribution_required, "true"),
            OfferRuleKind::PublicViews => flag(self.no_public_views, "false"),
            OfferRuleKind::DeleteAfterMostDays => number(self.delete_after_most_days),
        }
    }

    /// Rules that are set, with their values, in display order.
    #[must_use]
    pub fn demanding_rules(&self) -> Vec<(OfferRuleKind, String)> {
        let all = OfferRuleKind::ALL.into_iter();
        all.filter_map(|rule| Some((rule, self.value(rule)?)))
            .collect()
    }

    /// Rules in which `newer` differs from this version.
    #[must_use]
    pub fn changes(&self, newer: &Self) -> Vec<RuleChange> {
        let all = OfferRuleKind::ALL.into_iter();
        all.map(|rule| RuleChange {
            rule,
            old: self.value(rule),
            new: newer.value(rule),
        })
        .filter(|change| change.old != change.new)
        .collect()
    }
}

/// Acceptance of a rulebook as read from its envelope. Its signature is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulebookAcceptance {
    /// SHA-256 of the payload.
    pub statement: Digest,
    /// Participant that accepts and signs.
    pub participant: ParticipantId,
    /// SHA-256 of the rulebook as signed by the league.
    pub rulebook: Digest,
    /// Version of the rulebook.
    pub version: u64,
    /// Instant of writing.
    pub accepted_at: UtcTimestamp,
    /// The participant's signature.
    pub signature: Signature,
}

impl RulebookAcceptance {
    /// Checks that the participant signed the acceptance, and that it names this version and digest of the rulebook.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` when it names another rulebook; otherwise the code of the signature check.
    pub fn check<K: SignatureVerifier + ?Sized>(
        &self,
        version: u64,
        rulebook: Digest,
        keys: &K,
    ) -> Result<(), Refusal> {
        if (self.version, self.rulebook) != (version, rulebook) {
            return Err(Refusal::new(
                ErrorCode::RulebookInvalid,
                format!(
                    "{} accepted another rulebook than the one that has version {version} here",
                    self.participant.domain()
                ),
            ));
        }
        keys.check_signature(
            &self.participant,
            &self.signature,
            SignaturePurpose::Statement,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_the_rule_and_both_values() {
        let old = OfferRules {
            longest_days: Some(730),
            licences: vec!["CC-BY-4.0".to_owned()],
            ..OfferRules::default()
        };
        let new = OfferRules {
            longest_days: Some(365),
            no_public_views: true,
            ..OfferRules::default()
        };
        let told: Vec<_> = old
            .changes(&new)
            .into_iter()
            .map(|change| (change.rule.as_str(), change.old, change.new))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("longest_days", text("730"), text("365")),
                ("licences", text("CC-BY-4.0"), None),
                ("public_views", None, text("false")),
            ]
        );
        assert!(new.changes(&new).is_empty());
        assert!(OfferRules::default().demanding_rules().is_empty());
    }
}
