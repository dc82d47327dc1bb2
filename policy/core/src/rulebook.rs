//! The rulebook of a league: the rules that offers of its members must keep to, and the statement by which a member accepts a
//! version of it.
//!
//! A data space writes its governance framework down in a rulebook (IDSA Rulebook, section 2.4; Sitra, rulebook model for a fair data
//! economy). OASC MIM3, on contracts, asks for terms and conditions that providers in one ecosystem share. Most of a rulebook is
//! text for people. The rules here are the part that a program can check.

use crate::contract::signature::{Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::{ParticipantId, PurposeId};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// The rules of a rulebook for offers. The list is closed: a version of the program that does not know a rule refuses the
/// rulebook that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferRules {
    /// Each offer names its purposes.
    pub purposes_required: bool,
    /// Each purpose of an offer is one of these or narrower; empty: any.
    pub purposes: Vec<PurposeId>,
    /// The most days that a contract may last.
    pub longest_days: Option<u32>,
    /// Each cell of an aggregate counts so many rows or contributors at least.
    pub least_rows: Option<u32>,
    /// The licence of the dataset is one of these; empty: any.
    pub licences: Vec<String>,
    /// Each offer demands that its source is named.
    pub attribution_required: bool,
    /// Nothing is offered to the public, without a contract.
    pub no_public_views: bool,
    /// Each offer demands that what was received is deleted after so many days at most.
    pub delete_after_most_days: Option<u32>,
}

/// A rule for offers. Its name is the key in the file of a rulebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferRuleKind {
    /// [`OfferRules::purposes_required`]
    PurposesRequired,
    /// [`OfferRules::purposes`]
    Purposes,
    /// [`OfferRules::longest_days`]
    LongestDays,
    /// [`OfferRules::least_rows`]
    LeastRows,
    /// [`OfferRules::licences`]
    Licences,
    /// [`OfferRules::attribution_required`]
    AttributionRequired,
    /// [`OfferRules::no_public_views`], which the file states as `public_views`
    PublicViews,
    /// [`OfferRules::delete_after_most_days`]
    DeleteAfterMostDays,
}

impl OfferRuleKind {
    /// All of them, in the order in which they are shown.
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

    /// The key of the rule in the file of a rulebook.
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

/// A rule that says something else in one version of a rulebook than in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// The rule.
    pub rule: OfferRuleKind,
    /// The value before; absent: the rule was not there.
    pub old: Option<String>,
    /// The value after; absent: the rule is no longer there.
    pub new: Option<String>,
}

impl OfferRules {
    /// The value of a rule for people; absent where the rule demands nothing.
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

    /// The rules that demand something, with their values, in the order in which they are shown.
    #[must_use]
    pub fn demanding_rules(&self) -> Vec<(OfferRuleKind, String)> {
        let all = OfferRuleKind::ALL.into_iter();
        all.filter_map(|rule| Some((rule, self.value(rule)?)))
            .collect()
    }

    /// The rules in which `newer` differs from this.
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

/// The acceptance of a rulebook as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulebookAcceptance {
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// Who accepts; the participant signs.
    pub participant: ParticipantId,
    /// SHA-256 of the rulebook as the league signed it.
    pub rulebook: Digest,
    /// The version of the rulebook.
    pub version: u64,
    /// When it was written.
    pub accepted_at: UtcTimestamp,
    /// The participant's signature.
    pub signature: Signature,
}

impl RulebookAcceptance {
    /// Checks that the participant signed the acceptance, and that it is of the rulebook with this version and this digest.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` when it is of another rulebook; the code of the signature's fault.
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
        keys.check(
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
