//! The rulebook of a league: a numbered document with the rules for its members, signed by the key that signs the trust bundle.
//!
//! A rulebook holds the text that people read, byte for byte, and the rules that programs check. The key of the league stands in
//! it and in the trust bundle, so that a member takes no rulebook but that of its own league.

use crate::bundle::TrustBundle;
use crate::keys::PublicKey;
use crate::signature::ParticipantSigner;
use crate::signed_envelope::{self, EnvelopeKind};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::rulebook::OfferRules;
use hansa_policy::safe_text::printable_lines;

mod rulebook_json;
#[cfg(test)]
mod tests;

/// The largest text of a rulebook, in bytes.
pub const LARGEST_TEXT: usize = 256 * 1024;

/// Content of a rulebook before the league numbers and signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Content of a rulebook.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub draft: RulebookDraft,
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
        let content = rulebook_json::read(&envelope)?;
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
        let signed = self.envelope.get(rulebook_json::SIGNED);
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
        let signed = rulebook_json::write(content);
        let signature = signed_envelope::sign(EnvelopeKind::Rulebook, &signed, signer)?;
        let envelope = Json::object([(rulebook_json::SIGNED, signed), ("signature", signature)]);
        Self::read(&signed_envelope::to_bytes(&envelope), league)
    }
}

fn invalid(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::RulebookInvalid, sentence)
}
