//! Records of the console: who came in, who was refused, and who acted.

use serde::{Deserialize, Serialize};

/// A person of the participant signed in at the console.
///
/// Written by the participant of the person. Proves who could read the pages of the console, and with which roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSignInRecord {
    /// The pseudonym of the person.
    pub actor: String,
    /// The proof of the person: `link`, a code from the local socket.
    pub method: String,
    /// The roles of the person.
    pub roles: Vec<String>,
}

/// The console refused a sign-in, or a page that the roles of a person do not permit.
///
/// Written by the participant. Proves the attempt; the record contains no code and no text that was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleRefusalRecord {
    /// The pseudonym of the person; absent where nobody was signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The code of the refusal.
    pub code: String,
    /// The page, by its first word, such as `contracts`.
    pub page: String,
}

/// A person acted at the console: signed, withdrew, answered or declined.
///
/// Written by the participant of the person, before anything is signed or sent. Proves who said yes, to which page, and by which proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleActRecord {
    /// The pseudonym of the person.
    pub actor: String,
    /// The words of the command that the act runs, such as `contract sign`.
    pub act: String,
    /// The identity of the contract or the negotiation.
    pub subject: String,
    /// The SHA-256 of the page of the contract that was shown, in the language of the signatures.
    pub shown: String,
    /// The proof that the person was present: `session` alone, or `host`, a number that the person typed at the machine.
    pub proof: String,
}
