//! The statement `group/1` by which a participant says who belongs to one of its groups.

use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::group::{GroupName, SignedGroupList};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::strict_object::ReaderErrorCodes;
use hansa_policy::strict_object::StrictObjectReader;
use std::collections::BTreeSet;

const FORMAT: &str = "group/1";

/// The most members of one group.
pub const MOST: usize = 512;

/// What a list says, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupStatement {
    /// Which group.
    pub name: GroupName,
    /// Whose.
    pub owner: ParticipantId,
    /// Counts up with each list of the group, from 1.
    pub serial: u64,
    /// Who belongs to it; at most [`MOST`].
    pub members: BTreeSet<ParticipantId>,
    /// When it was written.
    pub issued_at: UtcTimestamp,
}

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(statement: &GroupStatement) -> Vec<u8> {
    let GroupStatement {
        name,
        owner,
        serial,
        members,
        issued_at,
    } = statement;
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("group", Json::text(format!("{owner}/g/{name}"))),
        ("serial", Json::count(*serial)),
        (
            "members",
            Json::List(members.iter().map(Json::text).collect()),
        ),
        ("issuedAt", Json::text(issued_at)),
    ]))
}

/// The statement that the payload makes.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<GroupStatement, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let group = payload.text("group")?;
    let (owner, name) = group
        .split_once("/g/")
        .ok_or_else(|| codes.wrong("a group is written hansa://<domain>/g/<name>"))?;
    let malformed = |text: &str| codes.wrong(format!("`{text}` can't be read"));
    let mut members = BTreeSet::new();
    for member in payload.list("members")? {
        let member = member.as_text().and_then(|text| text.parse().ok());
        members.insert(member.ok_or_else(|| malformed("members"))?);
    }
    if members.len() > MOST {
        return Err(codes.wrong(format!("a group has at most {MOST} members")));
    }
    let statement = GroupStatement {
        name: name
            .parse()
            .map_err(|cause| malformed(name).caused_by(cause))?,
        owner: owner
            .parse()
            .map_err(|cause| malformed(owner).caused_by(cause))?,
        serial: payload.count("serial")?,
        members,
        issued_at: payload.parsed("issuedAt")?,
    };
    payload.finish()?;
    if to_bytes(&statement) != bytes {
        return Err(codes.wrong("a value of the list is not in its one spelling"));
    }
    Ok(statement)
}

/// Reads a list in its envelope: exactly one signature, the owner's, who gives and so signs as a provider does.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedGroupList, Refusal> {
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::Group)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    let statement = from_bytes(&payload)?;
    Ok(SignedGroupList {
        statement: Digest::of(&payload),
        name: statement.name,
        owner: statement.owner,
        serial: statement.serial,
        members: statement.members,
        issued_at: statement.issued_at,
        signature: envelope::only(signatures)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_spelling() {
        let statement = GroupStatement {
            name: "hanse-cities".parse().unwrap(),
            owner: "lindau.example".parse().unwrap(),
            serial: 7,
            members: ["acme.example", "tallinn.example"]
                .map(|one| one.parse().unwrap())
                .into(),
            issued_at: "2026-06-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&statement);
        assert_eq!(from_bytes(&bytes), Ok(statement));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("group/1", "group/2"),
            ("hansa://acme.example", "acme.example"),
            ("/g/hanse", "/d/hanse"),
            ("\"serial\":7", "\"serial\":7.0"),
            (
                "[\"hansa://acme.example\",\"hansa://tallinn.example\"]",
                "[\"hansa://tallinn.example\",\"hansa://acme.example\"]",
            ),
            ("\"serial\"", "\"more\":1,\"serial\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            assert!(from_bytes(other.as_bytes()).is_err(), "{other}");
        }
    }
}
