//! Records of the console: who came in, who was refused, who looked at what is about persons, and who acted.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A person of the participant signed in at the console.
///
/// Written by the participant of the person. Proves who could read the pages of the console, and with which roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSignInRecord {
    /// The pseudonym of the person.
    pub actor: String,
    /// The proof of the person: `link`, a code from the local socket, or `oidc`, an account at the issuer.
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

/// A person looked at the console at what it shows only after such a record: the text of a question, a reason, who is behind a pseudonym,
/// or rows of a dataset about persons.
///
/// Written by the participant of the person, before the page is sent. Proves who could read what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleViewRecord {
    /// The pseudonym of the person who looked.
    pub actor: String,
    /// The content: `question`, `reason`, `person`, `sample` or `profile`.
    pub content: String,
    /// The number of the record that commits to the text, the pseudonym, or the name of the dataset.
    pub subject: String,
}

/// A person acted at the console: signed, withdrew, answered, declined, or gave another command by a form.
///
/// Written by the participant of the person, before the command. Proves who said yes, to which page, and by which proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleActRecord {
    /// The pseudonym of the person.
    pub actor: String,
    /// The words of the command that the act runs, such as `contract sign`.
    pub act: String,
    /// The identity of the contract, the negotiation, or another subject of the command; of the participant where it names none.
    pub subject: String,
    /// The SHA-256 of the page of the contract that was shown, in the language of the signatures; for another form of its text and of
    /// what the person entered, except words about persons.
    pub shown: String,
    /// The proof that the person was present: `session` alone, `host`, a number that the person typed at the machine, `login`, a fresh
    /// login at the issuer, or `passkey`.
    pub proof: String,
    /// The answer of the passkey; absent for another proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyProof>,
    /// The login at the issuer; absent for another proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginProof>,
    /// The pseudonym of the person who typed the number in the place of one without a user at the machine; absent where the person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typed_by: Option<String>,
}

/// A fresh login, as the issuer stated it to the console.
///
/// It rests on the words of the issuer and of the console. The token is not kept, because it names the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginProof {
    /// The issuer identifier.
    pub issuer: String,
    /// The instant of the login.
    pub at: UtcTimestamp,
    /// The authentication context class of the login; absent where the issuer states none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// The answer of a passkey, with all that is needed to verify it without the console.
///
/// The challenge is the SHA-256 of `hansa console act 1`, participant, act, subject, digest of the page, pseudonym, random bytes and
/// instant, each with its length in front as 8 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasskeyProof {
    /// The SHA-256 of the public key, as its record `console_passkey` names it.
    pub key: Digest,
    /// The 32 random bytes of the challenge, in base64url.
    pub random: String,
    /// The instant of the challenge.
    pub at: UtcTimestamp,
    /// The bytes of `authenticatorData`, in base64url.
    pub authenticator_data: String,
    /// The bytes of `clientDataJSON`, in base64url.
    pub client_data: String,
    /// The signature, in base64url.
    pub signature: String,
    /// The counter of the authenticator; 0 where it counts nothing.
    pub counter: u32,
}

/// A person added or removed a passkey.
///
/// Written by the participant of the person. Proves which key signs for the person between two records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsolePasskeyRecord {
    /// The pseudonym of the person.
    pub actor: String,
    /// `added` or `removed`.
    pub change: String,
    /// The SHA-256 of the public key.
    pub key: Digest,
    /// The public key, as SubjectPublicKeyInfo in base64url.
    pub public_key: String,
    /// The identity of the key at its authenticator, in base64url.
    pub credential: String,
    /// The host of the console for which the key was made.
    pub party: String,
    /// The counter of the authenticator at the record; 0 where it counts nothing.
    pub counter: u32,
}
