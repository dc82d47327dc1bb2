//! The rulebook of a league: a numbered document with the rules for its members, signed by the key that signs the trust bundle.
//!
//! A rulebook holds the text that people read, byte for byte, and the rules that programs check. The key of the league stands in
//! it and in the trust bundle, so that a member takes no rulebook but that of its own league.

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

/// The largest text of a rulebook, in bytes.
pub const LARGEST_TEXT: usize = 256 * 1024;

/// Content of a rulebook before the league numbers and signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulebookDraft {
    /// Title for people.
    pub title: String,
    /// The document that people read.
    pub text: RulebookText,
    /// First instant at which the rules count.
    pub from: UtcTimestamp,
    /// The rules that are checked.
    pub offers: OfferRules,
}

/// The document that people read: plain text or Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RulebookTextForm", into = "RulebookTextForm")]
pub struct RulebookText {
    /// Name of its file, without folders.
    pub name: String,
    /// Its text.
    pub content: String,
}

impl RulebookText {
    /// The document in a file.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` for one that is empty, too large, no UTF-8, or holds characters that a terminal would obey or not show.
    pub fn new(name: &str, bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.is_empty() || bytes.len() > LARGEST_TEXT {
            return Err(invalid(format!(
                "the text of a rulebook has 1 to {LARGEST_TEXT} bytes, and this one {}",
                bytes.len()
            )));
        }
        let content = std::str::from_utf8(bytes).map_err(|cause| {
            invalid("the text of a rulebook is plain text or Markdown in UTF-8").caused_by(cause)
        })?;
        let lines = content.replace("\r\n", "\n");
        if printable_lines(&lines) != lines {
            return Err(invalid(
                "the text of the rulebook holds characters that are not shown, or that a terminal would obey",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            content: content.to_owned(),
        })
    }

    /// The lines of the document as they are shown, whatever ends them in the file.
    #[must_use]
    pub fn lines(&self) -> String {
        self.content.replace("\r\n", "\n")
    }

    /// SHA-256 of the document.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.content.as_bytes())
    }
}

/// The members of the document in JSON. Another digest than that of the text is another spelling.
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
    /// The league's name for people.
    pub league: String,
    /// The key that signs the rulebook: it is the league.
    pub key: PublicKey,
    /// Counts up with every rulebook of the league, from 1.
    pub version: u64,
    /// When it was signed.
    pub issued_at: UtcTimestamp,
    /// What its operator wrote.
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
    /// Checks what the types of the members leave open.
    fn check(&self) -> Result<(), Refusal> {
        if self.version == 0 {
            return Err(invalid("the versions of a rulebook begin with 1"));
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
            Some((rule, _)) => Err(invalid(format!(
                "`{}` is 0, or a list that is not in ascending order",
                rule.as_str()
            ))),
            None => Ok(()),
        }
    }
}

/// True where each text is above the one before, so that none stands twice.
fn is_ascending<'a>(texts: impl Iterator<Item = &'a str>) -> bool {
    texts.is_sorted_by(|one, next| one < next)
}

/// A rulebook whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRulebook {
    content: RulebookContent,
    envelope: Json,
}

impl SignedRulebook {
    /// Reads a rulebook of the league whose trust bundle this is.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID` when it is malformed or not signed by the key that it names; `WRONG_LEAGUE` when that is the key of
    /// another league.
    pub fn read(bytes: &[u8], league: &TrustBundle) -> Result<Self, Refusal> {
        let envelope =
            signed_envelope::from_bytes(bytes, "the rulebook", ErrorCode::RulebookInvalid)?;
        let content = RulebookContent::open(&envelope)?;
        content.check()?;
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

    /// The version of the rulebook.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.content.version
    }

    /// The rules that are checked.
    #[must_use]
    pub const fn offers(&self) -> &OfferRules {
        &self.content.draft.offers
    }

    /// The bytes of the rulebook, as the league distributes them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        signed_envelope::to_bytes(&self.envelope)
    }

    /// SHA-256 of what the league signed; people compare it and members accept it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let signed = self.envelope.get(EnvelopeKind::Rulebook.member());
        signed.map_or_else(|| self.envelope.digest(), Json::digest)
    }

    /// Whether its rules count at `now`.
    #[must_use]
    pub fn counts_at(&self, now: UtcTimestamp) -> bool {
        self.content.draft.from <= now
    }

    /// Refuses another rulebook with the number of this one.
    ///
    /// # Errors
    /// `RULEBOOK_INVALID`
    pub fn same_version(&self, other: &Self) -> Result<(), Refusal> {
        if self.version() != other.version() || self.digest() == other.digest() {
            return Ok(());
        }
        Err(invalid(format!(
            "the league signed two different rulebooks with version {}",
            self.version()
        ))
        .with_help("keep both files and ask the operator of your league which one counts"))
    }

    /// Signs `content` and reads the result back through the same checks as everybody else.
    pub(crate) fn seal(
        content: &RulebookContent,
        signer: &dyn ParticipantSigner,
        league: &TrustBundle,
    ) -> Result<Self, Refusal> {
        Self::read(&signed_envelope::to_bytes(&content.seal(signer)?), league)
    }
}

fn invalid(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::RulebookInvalid, sentence)
}
