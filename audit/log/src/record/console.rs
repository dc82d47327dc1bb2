//! Records of the console: who came in, and who was refused.

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
