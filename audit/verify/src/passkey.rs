//! Check of the acts that people confirmed with a passkey: the key was added before in the name of the person, and has signed this act,
//! this page and this instant.
//!
//! Nothing here trusts the house that keeps the log. It can't make an act in the name of a person whose key it does not hold. An act
//! with a login at an issuer rests on the word of the house, and is counted apart.

#[cfg(test)]
mod tests;

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use crate::passkey_records::PasskeyEventBody;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::console::{ConsoleActRecord, ConsolePasskeyRecord, PasskeyProof};
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::keys::PublicKey;
use hansa_identity::passkey::{
    ActChallenge, Passkey, PasskeyAssertion, PasskeyFault, RelyingParty, read_origin,
};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::ErrorCode;
use hansa_proto::base64url;
use std::collections::{BTreeMap, BTreeSet};

/// Longest time between a challenge and the record of its answer, microseconds: the life of a pending act, and a change of the clock.
const LONGEST: i64 = (120 + 300) * 1_000_000;

/// Acts of one file that were proven by passkeys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PasskeyReport {
    /// Number of acts whose signature is good.
    pub(crate) checked: u64,
    /// Number of those whose key was added in another year. Pseudonyms of two years can't be linked, so the key may be of another person.
    pub(crate) not_linked: u64,
    /// Number of acts that rest on a fresh login at an issuer, which can't be checked here.
    pub(crate) by_login: u64,
}

/// Judges the acts of each file, in the order of the files.
pub(crate) fn judge_passkeys(
    case: &EvidenceSet,
    findings: &mut Vec<AuditFinding>,
) -> Vec<PasskeyReport> {
    let copies = case.copies.iter();
    copies.map(|copy| judge_copy(copy, findings)).collect()
}

/// Reason why a record is no evidence.
enum RecordFault {
    /// The record is wrong.
    Broken(ErrorCode, String),
    /// A record before it is not in the file.
    Missing(String),
    /// The record says something that is not known here.
    Unknown(String),
}

impl RecordFault {
    fn wrong_record(sentence: &str) -> Self {
        Self::Broken(ErrorCode::PasskeyInvalid, sentence.to_owned())
    }

    fn unknown_passkey(sentence: &str) -> Self {
        Self::Broken(ErrorCode::PasskeyUnknown, sentence.to_owned())
    }
}

impl From<PasskeyFault> for RecordFault {
    fn from(fault: PasskeyFault) -> Self {
        Self::Broken(ErrorCode::PasskeyInvalid, fault.to_string())
    }
}

/// Key of a person between two records.
struct AddedPasskey {
    actor: String,
    year: String,
    party: String,
    passkey: Passkey,
    is_removed: bool,
}

/// Person of a record, as far as a log tells people apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ActorLink {
    /// The pseudonym of the record that added the key.
    Same,
    /// Another pseudonym of the same year, so another person.
    Other,
    /// A pseudonym of another year.
    NotLinked,
}

/// Account of the keys of one log.
struct PasskeyAccount<'a> {
    owner: &'a ParticipantId,
    /// True where records before the first one of the file exist elsewhere.
    is_part: bool,
    keys: BTreeMap<Digest, AddedPasskey>,
    /// Keys and random bytes of the answers so far. Many passkeys count nothing, so that a counter shows no second use of an answer.
    answers: BTreeSet<(Digest, [u8; 32])>,
    report: PasskeyReport,
}

fn judge_copy(copy: &ExportFile, findings: &mut Vec<AuditFinding>) -> PasskeyReport {
    let mut account = PasskeyAccount {
        owner: &copy.owner,
        is_part: copy.report.is_part,
        keys: BTreeMap::new(),
        answers: BTreeSet::new(),
        report: PasskeyReport::default(),
    };
    for event in &copy.passkeys.0 {
        let judged = match &event.body {
            PasskeyEventBody::Change(change) => account.judge_change(change, event.at),
            PasskeyEventBody::Act(act) => account.judge_act(act, event.at),
        };
        findings.extend(
            judged
                .err()
                .map(|fault| finding_of(copy, event.index, fault)),
        );
    }
    account.report
}

fn finding_of(copy: &ExportFile, index: u64, fault: RecordFault) -> AuditFinding {
    let (file, record) = (copy.file.as_str(), Some(index));
    match fault {
        RecordFault::Broken(code, sentence) => {
            let what = format!("record {index}: {code}: {sentence}");
            AuditFinding::broken_evidence(file, record, what)
        }
        RecordFault::Missing(sentence) => {
            AuditFinding::missing_evidence(file, record, format!("record {index}: {sentence}"))
        }
        RecordFault::Unknown(sentence) => {
            AuditFinding::unknown_format(file, record, format!("record {index}: {sentence}"))
        }
    }
}

impl PasskeyAccount<'_> {
    fn judge_change(
        &mut self,
        change: &ConsolePasskeyRecord,
        at: UtcTimestamp,
    ) -> Result<(), RecordFault> {
        match change.change.as_str() {
            "added" => self.add_key(change, at),
            "removed" => self.remove_key(change, at),
            other => {
                let sentence = format!("`{other}` is no change of a passkey that is known here");
                Err(RecordFault::Unknown(sentence))
            }
        }
    }

    fn add_key(
        &mut self,
        change: &ConsolePasskeyRecord,
        at: UtcTimestamp,
    ) -> Result<(), RecordFault> {
        let spki = decode(&change.public_key)?;
        if Digest::of(&spki) != change.key {
            return Err(RecordFault::wrong_record(
                "the public key is not the one that the record names",
            ));
        }
        let key = PublicKey::from_spki(&spki).map_err(|_| PasskeyFault::Key)?;
        let before = self.keys.get(&change.key);
        if before.is_some_and(|before| !before.is_removed) {
            return Err(RecordFault::wrong_record("the passkey was added already"));
        }
        let counter = before.map_or(0, |before| before.passkey.counter);
        let added = AddedPasskey {
            actor: change.actor.clone(),
            year: year_of(at),
            party: change.party.clone(),
            passkey: Passkey {
                key,
                counter: change.counter.max(counter),
            },
            is_removed: false,
        };
        self.keys.insert(change.key, added);
        Ok(())
    }

    fn remove_key(
        &mut self,
        change: &ConsolePasskeyRecord,
        at: UtcTimestamp,
    ) -> Result<(), RecordFault> {
        let is_part = self.is_part;
        let added = match self.keys.get_mut(&change.key) {
            Some(added) if !added.is_removed => added,
            None if is_part => return Ok(()),
            _ => {
                return Err(RecordFault::unknown_passkey(
                    "no such passkey was added before",
                ));
            }
        };
        added.is_removed = true;
        match link_actor(added, &change.actor, at) {
            ActorLink::Same | ActorLink::NotLinked => Ok(()),
            ActorLink::Other => Err(RecordFault::unknown_passkey(
                "it removes the passkey of another person",
            )),
        }
    }

    fn judge_act(&mut self, act: &ConsoleActRecord, at: UtcTimestamp) -> Result<(), RecordFault> {
        if act.proof != "login" && act.login.is_some() {
            return Err(RecordFault::wrong_record(
                "it has a login at an issuer, and names another proof",
            ));
        }
        if act.proof != "host" && act.typed_by.is_some() {
            return Err(RecordFault::wrong_record(
                "somebody else typed its number, and it names another proof",
            ));
        }
        match (act.proof.as_str(), &act.passkey) {
            ("passkey", Some(proof)) => self.judge_proof(act, proof, at),
            ("passkey", None) => Err(RecordFault::wrong_record(
                "it names a passkey as its proof, and has no answer of one",
            )),
            ("session" | "host", None) => Ok(()),
            ("login", None) => self.judge_login(act, at),
            ("session" | "host" | "login", Some(_)) => Err(RecordFault::wrong_record(
                "it has the answer of a passkey, and names another proof",
            )),
            (other, _) => {
                let sentence = format!("`{other}` is no proof of an act that is known here");
                Err(RecordFault::Unknown(sentence))
            }
        }
    }

    /// Judges a fresh login. The issuer has signed nothing that is kept, so it counts as the word of the house.
    fn judge_login(&mut self, act: &ConsoleActRecord, at: UtcTimestamp) -> Result<(), RecordFault> {
        let login = act.login.as_ref().ok_or_else(|| {
            RecordFault::wrong_record("it names a login as its proof, and has none")
        })?;
        let passed = at.micros().saturating_sub(login.at.micros());
        if !(-LONGEST..=LONGEST).contains(&passed) {
            return Err(RecordFault::wrong_record(
                "its login is of another time, so it was not made for this act",
            ));
        }
        self.report.by_login += 1;
        Ok(())
    }

    fn judge_proof(
        &mut self,
        act: &ConsoleActRecord,
        proof: &PasskeyProof,
        at: UtcTimestamp,
    ) -> Result<(), RecordFault> {
        let is_part = self.is_part;
        let added = match self.keys.get_mut(&proof.key) {
            Some(added) if !added.is_removed => added,
            Some(_) => {
                return Err(RecordFault::unknown_passkey(
                    "its passkey was removed before the act",
                ));
            }
            None if is_part => {
                let sentence = "the record that added its passkey is not in this part of the log";
                return Err(RecordFault::Missing(sentence.to_owned()));
            }
            None => {
                return Err(RecordFault::unknown_passkey(
                    "nobody added its passkey before the act",
                ));
            }
        };
        // The challenge has the pseudonym of its own year, also where the record is of the year after.
        let link = link_actor(added, &act.actor, proof.at);
        if link == ActorLink::Other {
            return Err(RecordFault::unknown_passkey(
                "its passkey was added by another person",
            ));
        }
        let waited = at.micros().saturating_sub(proof.at.micros());
        if !(-LONGEST..=LONGEST).contains(&waited) {
            return Err(RecordFault::wrong_record(
                "its answer is to a challenge of another time",
            ));
        }
        let assertion = PasskeyAssertion {
            client_data: decode(&proof.client_data)?,
            authenticator_data: decode(&proof.authenticator_data)?,
            signature: decode(&proof.signature)?,
        };
        let random: [u8; 32] = decode(&proof.random)?
            .try_into()
            .map_err(|_| RecordFault::wrong_record("its challenge has no 32 random bytes"))?;
        let challenge = ActChallenge {
            participant: self.owner,
            act: &act.act,
            subject: &act.subject,
            shown: &act.shown,
            actor: &act.actor,
            random: &random,
            at: proof.at,
        };
        // A console may get another port in the course of time. The host, which an authenticator signs, stays.
        let origin = read_origin(&assertion.client_data)?;
        let party = RelyingParty::from_origin(&origin).map_err(|_| PasskeyFault::Origin)?;
        if party.id() != added.party {
            return Err(PasskeyFault::Origin.into());
        }
        let counter = assertion.verify(&added.passkey, challenge.compute(), &party)?;
        if counter != proof.counter {
            return Err(RecordFault::wrong_record(
                "it names another counter than the authenticator",
            ));
        }
        if !self.answers.insert((proof.key, random)) {
            return Err(RecordFault::wrong_record(
                "its answer is that of an earlier act",
            ));
        }
        added.passkey.counter = counter;
        self.report.checked += 1;
        self.report.not_linked += u64::from(link == ActorLink::NotLinked);
        Ok(())
    }
}

/// Relation of a pseudonym to the person who added a key. A person has another pseudonym each year.
fn link_actor(added: &AddedPasskey, actor: &str, at: UtcTimestamp) -> ActorLink {
    if added.actor == actor {
        ActorLink::Same
    } else if added.year == year_of(at) {
        ActorLink::Other
    } else {
        ActorLink::NotLinked
    }
}

fn year_of(at: UtcTimestamp) -> String {
    at.to_string().chars().take(4).collect()
}

fn decode(text: &str) -> Result<Vec<u8>, RecordFault> {
    base64url::decode(text).ok_or_else(|| RecordFault::wrong_record("a value is not in base64url"))
}
