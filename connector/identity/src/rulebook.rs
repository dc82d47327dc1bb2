//! Rulebook of a league: a numbered document with the rules for its members, signed by the key that signs the trust bundle.
//!
//! A rulebook contains the text for people, byte for byte, and the rules that programs check. It names the key of the league, as
//! the trust bundle does, so that a member accepts only rulebooks of its own league.

use crate::bundle::TrustBundle;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use crate::signed_envelope::{self, EnvelopeKind, SignedContent};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::PurposeId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::{OfferRuleKind, OfferRules};
use hansa_policy::safe_text::printable_lines;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Largest text of a rulebook, bytes.
pub const LARGEST_TEXT: usize = 256 * 1024;

/// Content of a rulebook before the league numbers and signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulebookDraft {
    /// Title for people.
    pub title: String,
    /// Document for people.
    pub text: RulebookText,
    /// First instant at which the rules apply.
    pub from: UtcTimestamp,
    /// Machine-checked rules.
    pub offers: OfferRules,
}

/// Document for people: plain text or Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RulebookTextForm", into = "RulebookTextForm")]
pub struct RulebookText {
    /// Name of its file, without folders.
    pub name: String,
    /// Text of the document.
    pub content: String,
}

impl RulebookText {
    /// Document from the content of a file.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` for a document that is empty, too large, not UTF-8, or contains control or invisible characters.
    pub fn new(name: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.is_empty() || bytes.len() > LARGEST_TEXT {
            return Err(invalid_rulebook_refusal(format!(
                "the text of a rulebook has 1 to {LARGEST_TEXT} bytes, and this one {}",
                bytes.len()
            )));
        }
        let content = std::str::from_utf8(bytes).map_err(|cause| {
            invalid_rulebook_refusal("the text of a rulebook is plain text or Markdown in UTF-8")
                .caused_by(cause)
        })?;
        let lines = content.replace("\r\n", "\n");
        if printable_lines(&lines) != lines {
            return Err(invalid_rulebook_refusal(
                "the text of the rulebook holds characters that are not shown, or that a terminal would obey",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            content: content.to_owned(),
        })
    }

    /// Lines of the document for display, with uniform line ends.
    #[must_use]
    pub fn display_text(&self) -> String {
        self.content.replace("\r\n", "\n")
    }

    /// SHA-256 of the document.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.content.as_bytes())
    }
}

/// Members of the document in JSON. A digest that differs from that of the text is not accepted.
#[derive(Serialize, Deserialize)]
struct RulebookTextForm {
    name: String,
    sha256: Digest,
    content: String,
}

impl From<RulebookText> for RulebookTextForm {
    fn from(text: RulebookText) -> Self {
        Self {
            sha256: text.digest(),
            name: text.name,
            content: text.content,
        }
    }
}

impl TryFrom<RulebookTextForm> for RulebookText {
    type Error = String;

    fn try_from(form: RulebookTextForm) -> Result<Self, String> {
        Self::new(&form.name, form.content.as_bytes()).map_err(|refusal| refusal.sentence)
    }
}

/// Content of a rulebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulebookContent {
    /// Name of the league for people.
    pub league: String,
    /// Key that signs the rulebook. It identifies the league.
    pub key: PublicKey,
    /// Version, counted from 1.
    pub version: u64,
    /// Instant of signing.
    pub issued_at: UtcTimestamp,
    /// Draft by the league's operator.
    #[serde(rename = "content")]
    pub draft: RulebookDraft,
}

impl SignedContent for RulebookContent {
    const KIND: EnvelopeKind = EnvelopeKind::Rulebook;
    const NAME: &'static str = "the rulebook";
    const SIGNER: &'static str = "its league";
    const CODE: ErrorCode = ErrorCode::RulebookInvalid;

    fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl RulebookContent {
    /// Checks rules beyond the types of the members.
    fn check_rules(&self) -> Result<(), Refusal> {
        if self.version == 0 {
            return Err(invalid_rulebook_refusal(
                "the versions of a rulebook begin with 1",
            ));
        }
        let rules = &self.draft.offers;
        let wrong = [
            (OfferRuleKind::LongestDays, rules.longest_days == Some(0)),
            (OfferRuleKind::LeastRows, rules.least_rows == Some(0)),
            (
                OfferRuleKind::DeleteAfterMostDays,
                rules.delete_after_most_days == Some(0),
            ),
            (
                OfferRuleKind::Purposes,
                !is_ascending(rules.purposes.iter().map(PurposeId::as_str)),
            ),
            (
                OfferRuleKind::Licences,
                !is_ascending(rules.licences.iter().map(String::as_str)),
            ),
        ];
        match wrong.iter().find(|(_, is_wrong)| *is_wrong) {
            Some((rule, _)) => Err(invalid_rulebook_refusal(format!(
                "`{}` is 0, or a list that is not in ascending order",
                rule.as_str()
            ))),
            None => Ok(()),
        }
    }
}

/// True if the texts are strictly ascending, and so without duplicates.
fn is_ascending<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    texts.is_sorted_by(|one, next| one < next)
}

/// Rulebook with a checked signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRulebook {
    content: RulebookContent,
    envelope: Json,
}

impl SignedRulebook {
    /// Parses a rulebook of the league with this trust bundle.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` when it is malformed or not signed by the key that it names; `WRONG_LEAGUE` when that is the key of
    /// another league.
    pub fn read(bytes: &[u8], league: &TrustBundle) -> Result<Self, Refusal> {
        let envelope =
            signed_envelope::from_bytes(bytes, "the rulebook", ErrorCode::RulebookInvalid)?;
        let content = RulebookContent::open(&envelope)?;
        content.check_rules()?;
        let own = league.content();
        if content.key != own.key {
            return Err(Refusal::new(
                ErrorCode::WrongLeague,
                format!(
                    "the rulebook is of the league `{}` ({}), this participant belongs to `{}` ({})",
                    content.league,
                    content.key.kid(),
                    own.league,
                    own.key.kid()
                ),
            ));
        }
        Ok(Self { content, envelope })
    }

    /// Content of the rulebook.
    #[must_use]
    pub const fn content(&self) -> &RulebookContent {
        &self.content
    }

    /// Version of the rulebook.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.content.version
    }

    /// Machine-checked rules.
    #[must_use]
    pub const fn offer_rules(&self) -> &OfferRules {
        &self.content.draft.offers
    }

    /// Bytes of the rulebook, as distributed by the league.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        signed_envelope::to_bytes(&self.envelope)
    }

    /// SHA-256 of the signed content. People compare it, and members accept it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let signed = self.envelope.get(EnvelopeKind::Rulebook.member());
        signed.map_or_else(|| self.envelope.digest(), Json::digest)
    }

    /// True if the rules apply at `now`.
    #[must_use]
    pub fn counts_at(&self, now: UtcTimestamp) -> bool {
        self.content.draft.from <= now
    }

    /// Refuses a different rulebook with this version.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID`
    pub fn same_version(&self, other: &Self) -> Result<(), Refusal> {
        if self.version() != other.version() || self.digest() == other.digest() {
            return Ok(());
        }
        Err(invalid_rulebook_refusal(format!(
            "the league signed two different rulebooks with version {}",
            self.version()
        ))
        .with_help("keep both files and ask the operator of your league which one counts"))
    }

    /// Signs `content`, and parses the result with all checks of a received rulebook.
    pub(crate) fn seal(
        content: &RulebookContent,
        signer: &dyn ParticipantSigner,
        league: &TrustBundle,
    ) -> Result<Self, Refusal> {
        Self::read(&signed_envelope::to_bytes(&content.seal(signer)?), league)
    }
}

fn invalid_rulebook_refusal(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::RulebookInvalid, sentence)
}
