//! The document `restriction/1` in which a participant keeps the restriction of a dataset. It stays in the house and is signed by
//! nobody; the log names it by its digest.

use crate::canonical_document::{self, CanonicalDocument};
use crate::contract::terms_form::check_own_purposes;
use crate::odrl::{self, OdrlAssignee, OdrlPolicy};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::{ProviderRestriction, StoredRestriction};
use hansa_policy::term::purpose::OwnPurpose;
use serde::{Deserialize, Serialize};

/// Members of the document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestrictionForm {
    title: String,
    /// Version and digest of the purpose vocabulary.
    purposes: String,
    own: Vec<OwnPurpose>,
    policy: Json,
}

impl CanonicalDocument for RestrictionForm {
    const FORM: &'static str = "restriction/1";
    const MALFORMED: ErrorCode = ErrorCode::StatementMalformed;

    fn check_rules(&self) -> Result<(), String> {
        check_own_purposes(&self.own)
    }
}

/// The document: canonical JSON.
#[must_use]
pub fn to_bytes(dataset: &DatasetId, restriction: &ProviderRestriction) -> Vec<u8> {
    canonical_document::to_bytes(&RestrictionForm {
        title: restriction.title().to_owned(),
        purposes: restriction.purpose_vocabulary().to_owned(),
        own: restriction.own_purposes().to_vec(),
        policy: odrl::to_json(&restriction_policy(dataset, restriction)),
    })
}

/// The restriction that the document makes, and of which dataset.
///
/// # Errors
/// `STATEMENT_MALFORMED` when the bytes are not in the one accepted form, and as [`odrl::from_json`] and [`ProviderRestriction::new`]: what
/// this version does not know is refused.
pub fn from_bytes(bytes: &[u8]) -> Result<(DatasetId, ProviderRestriction), Refusal> {
    let form: RestrictionForm = canonical_document::from_bytes(bytes)?;
    let read = odrl::from_json(form.policy)?;
    let restriction = ProviderRestriction::new(form.title, read.clauses, form.purposes, form.own)?;
    if to_bytes(&read.dataset, &restriction) != bytes {
        return Err(Refusal::new(
            ErrorCode::StatementMalformed,
            "a value of the restriction is not in its one spelling",
        ));
    }
    Ok((read.dataset, restriction))
}

/// What is kept of it: a document that can't be read is no restriction, and lets nothing through.
#[must_use]
pub fn read_stored_restriction(
    document: Digest,
    dataset: &DatasetId,
    bytes: &[u8],
) -> StoredRestriction {
    let restriction = from_bytes(bytes)
        .ok()
        .filter(|(of, _)| of == dataset && Digest::of(bytes) == document);
    StoredRestriction {
        document,
        restriction: restriction.map(|(_, restriction)| restriction),
    }
}

fn restriction_policy(dataset: &DatasetId, restriction: &ProviderRestriction) -> OdrlPolicy {
    OdrlPolicy {
        uid: format!("{dataset}/restriction"),
        assigner: dataset.owner.clone(),
        assignee: OdrlAssignee::Open,
        dataset: dataset.clone(),
        clauses: restriction.clauses().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_policy::id::ClauseId;
    use hansa_policy::term::prohibition::{
        ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
    };
    use hansa_policy::term::{Clause, Term};
    use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod};

    fn sample_restriction() -> ProviderRestriction {
        let hidden = ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: Some(ProhibitedPart::Columns(vec!["note".parse().unwrap()])),
            condition: ProhibitionCondition {
                purpose: Some(vec!["works".parse().unwrap()]),
                ..ProhibitionCondition::ALWAYS
            },
        };
        let quota = PeriodQuota {
            max: 10_000,
            per: QuotaPeriod::Days {
                count: QuotaDays::One,
                zone: "Europe/Berlin".parse().unwrap(),
            },
        };
        let terms = [Term::RowQuota(quota), Term::from(hidden)];
        let clauses = terms.into_iter().zip(2..).map(|(term, number)| Clause {
            id: ClauseId(number),
            term,
        });
        let own = hansa_policy::term::purpose::OwnPurpose {
            name: "works".parse().unwrap(),
            parent: "dpv:PublicBenefit".parse().unwrap(),
            text: "Road works".to_owned(),
        };
        ProviderRestriction::new(
            "Works".to_owned(),
            clauses.collect(),
            "2.1:x".to_owned(),
            vec![own],
        )
        .unwrap()
    }

    #[test]
    fn a_restriction_has_one_spelling() {
        let dataset: DatasetId = "hansa://lindau.example/d/bikes".parse().unwrap();
        let bytes = to_bytes(&dataset, &sample_restriction());
        assert_eq!(
            from_bytes(&bytes),
            Ok((dataset.clone(), sample_restriction()))
        );
        let document = Digest::of(&bytes);
        assert_eq!(
            read_stored_restriction(document, &dataset, &bytes).restriction,
            Some(sample_restriction())
        );
        let other: DatasetId = "hansa://lindau.example/d/air".parse().unwrap();
        assert_eq!(
            read_stored_restriction(document, &other, &bytes).restriction,
            None
        );
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("restriction/1", "restriction/2"),
            ("\"own\":", "\"owns\":"),
            ("\"title\":\"Works\"", "\"title\":\"Works\",\"x\":1"),
            ("d/bikes/restriction", "d/bikes/offer"),
            ("\"operator\":\"lteq\"", "\"operator\":\"gteq\""),
            ("#c3", "#c03"),
        ] {
            assert!(text.contains(from), "{from}: {text}");
            let changed = text.replacen(from, to, 1);
            assert!(from_bytes(changed.as_bytes()).is_err(), "{to}");
            let kept = read_stored_restriction(
                Digest::of(changed.as_bytes()),
                &dataset,
                changed.as_bytes(),
            );
            assert_eq!(kept.restriction, None, "{to}");
        }
    }
}
