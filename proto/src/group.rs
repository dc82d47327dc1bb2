//! Statement `group/1` by which a participant lists the members of one of its groups.

use crate::envelope::kind::StatementKind;
use crate::statement::{self, Statement};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::group::{GroupName, SignedGroupList};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most members of one group.
pub const MOST: usize = 512;

/// Content of a list before its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "GroupForm", into = "GroupForm")]
pub struct GroupStatement {
    /// Name of the group.
    pub name: GroupName,
    /// Owner of the group.
    pub owner: ParticipantId,
    /// Serial number, which rises with each list of the group, from 1.
    pub serial: u64,
    /// Members, at most [`MOST`].
    pub members: BTreeSet<ParticipantId>,
    /// Time of writing.
    pub issued_at: UtcTimestamp,
}

/// Members of the payload.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupForm {
    /// ID of the group, `hansa://DOMAIN/g/NAME`.
    group: String,
    serial: u64,
    members: BTreeSet<ParticipantId>,
    issued_at: UtcTimestamp,
}

impl From<GroupStatement> for GroupForm {
    fn from(statement: GroupStatement) -> Self {
        Self {
            group: format!("{}/g/{}", statement.owner, statement.name),
            serial: statement.serial,
            members: statement.members,
            issued_at: statement.issued_at,
        }
    }
}

impl TryFrom<GroupForm> for GroupStatement {
    type Error = String;

    fn try_from(form: GroupForm) -> Result<Self, String> {
        let (owner, name) = form
            .group
            .split_once("/g/")
            .ok_or("a group is written hansa://<domain>/g/<name>")?;
        Ok(Self {
            name: name.parse().map_err(|fault| format!("`{name}`: {fault}"))?,
            owner: owner
                .parse()
                .map_err(|fault| format!("`{owner}`: {fault}"))?,
            serial: form.serial,
            members: form.members,
            issued_at: form.issued_at,
        })
    }
}

/// The owner signs in the role of a provider.
impl Statement for GroupStatement {
    const FORM: &'static str = "group/1";
    const KIND: StatementKind = StatementKind::Group;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check_rules(&self) -> Result<(), String> {
        if self.members.len() > MOST {
            return Err(format!("a group has at most {MOST} members"));
        }
        Ok(())
    }
}

/// Reads a list in its envelope. It must have exactly one signature, the owner's.
///
/// # Errors
/// Same errors as [`statement::from_envelope`].
pub fn from_envelope(bytes: &[u8]) -> Result<SignedGroupList, Refusal> {
    let signed = statement::from_envelope::<GroupStatement>(bytes)?;
    Ok(SignedGroupList {
        statement: signed.statement,
        name: signed.content.name,
        owner: signed.content.owner,
        serial: signed.content.serial,
        members: signed.content.members,
        issued_at: signed.content.issued_at,
        signature: signed.signature,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::{from_bytes, to_bytes};

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
        assert_eq!(from_bytes::<GroupStatement>(&bytes), Ok(statement));
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
            assert!(
                from_bytes::<GroupStatement>(other.as_bytes()).is_err(),
                "{other}"
            );
        }
    }
}
