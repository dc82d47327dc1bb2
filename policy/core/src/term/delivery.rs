//! Terms 33 and 34: to where, and in what form, answers are sent.

use super::Term;
use super::language::Language;
use super::odrl::{iris, says, set, texts, word};
use super::rule::{
    AdmissionCheck, AdmissionContext, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order::subset;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkPrefix {
    address: IpAddr,
    bits: u8,
}

impl NetworkPrefix {
    /// Whether the address lies in it. An IPv4 address that is written as an IPv6 one is the IPv4 address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.bits));
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.bits));
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    fn within(&self, other: &Self) -> bool {
        self.bits >= other.bits && other.holds(self.address)
    }
}

impl fmt::Display for NetworkPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The text is no network such as `10.20.0.0/16`, or has bits behind its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network is written like 10.20.0.0/16, without bits behind its length")]
pub struct NetworkPrefixError;

impl FromStr for NetworkPrefix {
    type Err = NetworkPrefixError;

    fn from_str(text: &str) -> Result<Self, NetworkPrefixError> {
        let (address, bits) = text.split_once('/').ok_or(NetworkPrefixError)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkPrefixError)?;
        let bits: u8 = bits.parse().map_err(|_| NetworkPrefixError)?;
        let behind = match address {
            IpAddr::V4(address) if bits <= 32 => {
                address.to_bits().checked_shl(u32::from(bits)).unwrap_or(0) != 0
            }
            IpAddr::V6(address) if bits <= 128 => {
                address.to_bits().checked_shl(u32::from(bits)).unwrap_or(0) != 0
            }
            IpAddr::V4(_) | IpAddr::V6(_) => true,
        };
        let network = Self { address, bits };
        if behind || network.to_string() != text {
            return Err(NetworkPrefixError);
        }
        Ok(network)
    }
}

/// Term 33: from which networks questions may come, and so to which answers go.
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
    read: |form| form.texts("rightOperand").map(Term::Networks),
};

impl TermRule for NetworksTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &NETWORKS
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("virtualLocation", "isAnyOf", texts(self.0))
    }

    fn render(&self, tongue: Language) -> String {
        let list = tongue.one_of(self.0);
        tongue.pick(
            format!("only to the networks {list}"),
            format!("nur in die Netze {list}"),
            format!("só para as redes {list}"),
        )
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn check(&self) -> Option<AdmissionCheck> {
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

    fn compare(&self, other: &Term) -> Option<Ordering> {
        let inside = |one: &[NetworkPrefix], other: &[NetworkPrefix]| {
            one.iter()
                .all(|one| other.iter().any(|other| one.within(other)))
        };
        match other {
            Term::Networks(other) => {
                super::tightness_order::both(inside(self.0, other), inside(other, self.0))
            }
            _ => None,
        }
    }
}

/// A form in which rows travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryFormat {
    /// Arrow IPC over Flight.
    ArrowIpc,
}

const FORMATS: [(&str, DeliveryFormat); 1] = [("h:arrow-ipc", DeliveryFormat::ArrowIpc)];

impl DeliveryFormat {
    /// Every form.
    pub const ALL: [Self; 1] = [Self::ArrowIpc];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ArrowIpc => "arrow-ipc",
        }
    }
}

/// Term 34.
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
    read: read_formats,
};

impl TermRule for FormatsTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &FORMATS_ALLOWED
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let list = self.0.iter().map(|format| word(&FORMATS, format));
        says("fileFormat", "isAnyOf", iris(list))
    }

    fn render(&self, tongue: Language) -> String {
        let names: Vec<&str> = self.0.iter().map(|format| format.as_str()).collect();
        let list = tongue.one_of(&names);
        tongue.pick(
            format!("sent as {list} only"),
            format!("nur gesendet als {list}"),
            format!("enviado só como {list}"),
        )
    }

    fn canonical(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|format| format.as_str()).collect();
        set(&names)
    }

    fn check(&self) -> Option<AdmissionCheck> {
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

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Formats(other) => subset(self.0, other),
            _ => None,
        }
    }
}

fn read_formats(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    let list = form.iris("rightOperand")?;
    let list = list.iter().map(|one| form.one_of(&FORMATS, one, "format"));
    Ok(Term::Formats(list.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::admitting;
    use crate::term::contract_context::ContractContext;

    #[track_caller]
    fn check(networks: &[&str], address: Option<&str>, expect: bool) {
        let networks: Vec<NetworkPrefix> =
            networks.iter().map(|text| text.parse().unwrap()).collect();
        let around = ContractContext {
            address: address.map(|text| text.parse().unwrap()),
            ..ContractContext::QUIET
        };
        let met = admitting("2026-06-01T00:00:00Z", |admission| {
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
            admitting("2026-06-01T00:00:00Z", |admission| {
                FormatsTerm(list).admit(admission)
            })
        };
        assert!(met(&[DeliveryFormat::ArrowIpc]).is_ok());
        assert_eq!(met(&[]).unwrap_err().code, ErrorCode::FormatNotAllowed);
    }
}
