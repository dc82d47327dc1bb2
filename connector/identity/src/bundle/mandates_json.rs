//! What a bundle says of the mandates of a participant, as JSON, both directions.

use super::bundle_validation::invalid;
use crate::signature::MandateRegistration;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::json::strict_object::{ObjectErrors, StrictObject, StrictObjectError};
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;

/// Adds what there is to say: a bundle from before there was such a thing stays as it was signed.
pub(super) fn write(mandates: &MandateRegistration, member: &mut BTreeMap<String, Json>) {
    if let Some(since) = mandates.since {
        member.insert(SINCE.to_owned(), Json::text(since));
    }
    if mandates.revoked.is_empty() {
        return;
    }
    let revoked = mandates.revoked.iter().map(|(statement, from)| {
        Json::object([
            ("statement", Json::text(statement)),
            ("from", Json::text(from)),
        ])
    });
    member.insert(REVOKED.to_owned(), Json::List(revoked.collect()));
}

/// Takes it out of a member.
///
/// # Errors
/// `BUNDLE_INVALID`, also for a mandate that stands twice.
pub(super) fn read(
    member: &mut StrictObject<impl ObjectErrors>,
) -> Result<MandateRegistration, Refusal> {
    let fault =
        |fault: StrictObjectError| invalid(format!("a mandate of the trust bundle: {fault}"));
    let mut revoked = BTreeMap::new();
    for item in super::bundle_json::some(member, REVOKED, Ok)? {
        let mut fields = StrictObject::of(item, "", fault)?;
        let statement: Digest = fields.parsed("statement")?;
        let from = fields.time("from")?;
        fields.finish()?;
        if revoked.insert(statement, from).is_some() {
            return Err(invalid(format!(
                "the mandate `{}` stands twice in the trust bundle",
                statement.short()
            )));
        }
    }
    Ok(MandateRegistration {
        since: super::bundle_json::instant(member.optional(SINCE))?,
        revoked,
    })
}

const SINCE: &str = "mandatesSince";
const REVOKED: &str = "revokedMandates";

#[cfg(test)]
mod tests {
    use super::{read, write};
    use crate::league_fixture::{DAY, start};
    use crate::signature::MandateRegistration;
    use hansa_audit_log::digest::Digest;
    use hansa_audit_log::json::Json;
    use hansa_audit_log::json::strict_object::StrictObject;
    use hansa_policy::refusal::ErrorCode;
    use std::collections::BTreeMap;

    #[test]
    fn a_mandate_is_revoked_once_and_nothing_is_written_where_none_is() {
        let mut member = BTreeMap::new();
        write(&MandateRegistration::default(), &mut member);
        assert!(member.is_empty());
        let mandates = MandateRegistration {
            since: Some(start()),
            revoked: [(Digest::of(b"one"), start().plus_micros(DAY))].into(),
        };
        write(&mandates, &mut member);
        let taken = |member: &BTreeMap<String, Json>| {
            let mut fields = StrictObject::plain(Json::Object(member.clone())).unwrap();
            let read = read(&mut fields).map_err(|refusal| refusal.code)?;
            fields.finish().unwrap();
            Ok(read)
        };
        assert_eq!(taken(&member), Ok(mandates));
        let Some(Json::List(list)) = member.get_mut("revokedMandates") else {
            panic!("a list")
        };
        list.push(list[0].clone());
        assert_eq!(taken(&member), Err(ErrorCode::BundleInvalid));
        member.insert("revokedMandates".to_owned(), Json::List(Vec::new()));
        assert_eq!(taken(&member), Err(ErrorCode::BundleInvalid));
    }
}
