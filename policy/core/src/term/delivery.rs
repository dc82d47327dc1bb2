//! Terms 33 and 34: networks and formats of the delivery of answers.

use super::odrl::{find_word, iri_list, right_operand, sorted_list, text_list};
use super::rule::{
    AdmissionCheck, AdmissionContext, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order::order_from_inclusion;
use crate::refusal::{ErrorCode, Refusal};
use crate::value::delivery::{DeliveryFormat, NetworkPrefix};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 33: networks from which questions may come, and so to which answers are sent.
pub(super) struct NetworksTerm<'a>(pub(super) &'a [NetworkPrefix]);

pub(super) static NETWORKS: TermSpec = TermSpec {
    numbers: &[33],
    name: "networks",
    position: OdrlPosition::Permission,
    operand: "virtualLocation",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::PlaceNotAllowed],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "connect from one of the networks",
    test: "addresses_lie_in_networks_or_not",
};

impl TermRule for NetworksTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &NETWORKS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(text_list(self.0))
    }

    fn to_canonical_json(&self) -> Json {
        sorted_list(self.0)
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Delivery)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        let Some(address) = to.context.address else {
            return Err(Refusal::new(
                ErrorCode::PlaceNotAllowed,
                "it is not known from which address the question comes",
            ));
        };
        if self.0.iter().any(|network| network.holds(address)) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::PlaceNotAllowed,
            format!("the question comes from {}", address.to_canonical()),
        )
        .with_help("connect from one of the networks of the clause"))
    }
}

impl NetworksTerm<'_> {
    /// Comparison with another clause; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let inside = |one: &[NetworkPrefix], other: &[NetworkPrefix]| {
            one.iter()
                .all(|one| other.iter().any(|other| one.is_within(other)))
        };
        order_from_inclusion(inside(self.0, other.0), inside(other.0, self.0))
    }
}

const FORMATS: [(&str, DeliveryFormat); 1] = [("h:arrow-ipc", DeliveryFormat::ArrowIpc)];

/// Term 34: permitted formats.
pub(super) struct FormatsTerm<'a>(pub(super) &'a [DeliveryFormat]);

pub(super) static FORMATS_ALLOWED: TermSpec = TermSpec {
    numbers: &[34],
    name: "formats",
    position: OdrlPosition::Permission,
    operand: "fileFormat",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::FormatNotAllowed],
    nature: DemandKind::Technical,
    hides_rows: false,
    remedy: "take the answer in one of the formats",
    test: "formats_are_listed_or_refused",
};

impl TermRule for FormatsTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &FORMATS_ALLOWED
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let list = self.0.iter().map(|format| find_word(&FORMATS, format));
        right_operand(iri_list(list))
    }

    fn to_canonical_json(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|format| format.as_str()).collect();
        sorted_list(&names)
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Delivery)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        if self.0.contains(&to.context.format) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::FormatNotAllowed,
            format!("the answer would be sent as {}", to.context.format.as_str()),
        )
        .with_help("take it in one of the formats of the clause"))
    }
}

/// Reads the ODRL form of the formats.
pub(super) fn read_formats(form: &mut OdrlReader<'_>) -> Result<Vec<DeliveryFormat>, Refusal> {
    let list = form.read_iris("rightOperand")?;
    let list = list.iter().map(|one| form.one_of(&FORMATS, one, "format"));
    list.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::with_admission_context;
    use crate::term::contract_context::ContractContext;

    #[track_caller]
    fn check(networks: &[&str], address: Option<&str>, expect: bool) {
        let networks: Vec<NetworkPrefix> =
            networks.iter().map(|text| text.parse().unwrap()).collect();
        let around = ContractContext {
            address: address.map(|text| text.parse().unwrap()),
            ..ContractContext::QUIET
        };
        let met = with_admission_context("2026-06-01T00:00:00Z", |admission| {
            NetworksTerm(&networks).admit(&AdmissionContext {
                context: &around,
                ..*admission
            })
        });
        assert_eq!(met.is_ok(), expect);
        if let Err(refusal) = met {
            assert_eq!(refusal.code, ErrorCode::PlaceNotAllowed);
        }
    }

    #[test]
    fn addresses_lie_in_networks_or_not() {
        check(&["10.20.0.0/16"], Some("10.20.255.1"), true);
        check(&["10.20.0.0/16"], Some("10.21.0.1"), false);
        check(&["10.20.0.0/16"], Some("::ffff:10.20.3.4"), true);
        check(&["10.20.0.0/16", "fd00::/8"], Some("fd12::1"), true);
        check(&["0.0.0.0/0"], Some("192.0.2.1"), true);
        check(&["0.0.0.0/0"], Some("2001:db8::1"), false);
        check(&["192.0.2.7/32"], Some("192.0.2.8"), false);
        check(&["10.20.0.0/16"], None, false);
        for bad in [
            "10.20.0.1/16",
            "10.20.0.0/33",
            "10.20.0.0",
            "::/129",
            "010.0.0.0/8",
        ] {
            assert!(bad.parse::<NetworkPrefix>().is_err(), "{bad}");
        }
    }

    #[test]
    fn formats_are_listed_or_refused() {
        let met = |list: &[DeliveryFormat]| {
            with_admission_context("2026-06-01T00:00:00Z", |admission| {
                FormatsTerm(list).admit(admission)
            })
        };
        assert!(met(&[DeliveryFormat::ArrowIpc]).is_ok());
        assert_eq!(met(&[]).unwrap_err().code, ErrorCode::FormatNotAllowed);
    }
}
