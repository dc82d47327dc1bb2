//! Terms 33 and 34: to where, and in what form, answers are sent.

use super::Term;
use super::odrl::{iris, says, set, texts, word};
use super::order::subset;
use super::rule::{Admission, Check, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
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

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The text is no network such as `10.20.0.0/16`, or has bits behind its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network is written like 10.20.0.0/16, without bits behind its length")]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = text.split_once('/').ok_or(NoNetwork)?;
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let bits: u8 = bits.parse().map_err(|_| NoNetwork)?;
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
            return Err(NoNetwork);
        }
        Ok(network)
    }
}

/// Term 33: from which networks questions may come, and so to which answers go.
pub(super) struct To<'a>(pub(super) &'a [Network]);

pub(super) static NETWORKS: Spec = Spec {
    numbers: &[33],
    name: "networks",
    place: Place::Permission,
    operand: "virtualLocation",
    operators: &["isAnyOf"],
    executed: &[Stage::Admission],
    codes: &[Code::PlaceNotAllowed],
    nature: Nature::Use,
    hides_rows: false,
    mend: "connect from one of the networks",
    test: "addresses_lie_in_networks_or_not",
    read: |form| form.texts("rightOperand").map(Term::Networks),
};

impl Rule for To<'_> {
    fn spec(&self) -> &'static Spec {
        &NETWORKS
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("virtualLocation", "isAnyOf", texts(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.one_of(self.0);
        tongue.pick(
            format!("only to the networks {list}"),
            format!("nur in die Netze {list}"),
            format!("só para as redes {list}"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn check(&self) -> Option<Check> {
        Some(Check::Delivery)
    }

    fn admit(&self, to: &Admission<'_>) -> Result<(), Refusal> {
        let Some(address) = to.around.address else {
            return Err(Refusal::new(
                Code::PlaceNotAllowed,
                "it is not known from which address the question comes",
            ));
        };
        if self.0.iter().any(|network| network.holds(address)) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::PlaceNotAllowed,
            format!("the question comes from {}", address.to_canonical()),
        )
        .with_help("connect from one of the networks of the clause"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        let inside = |one: &[Network], other: &[Network]| {
            one.iter()
                .all(|one| other.iter().any(|other| one.within(other)))
        };
        match other {
            Term::Networks(other) => {
                super::order::both(inside(self.0, other), inside(other, self.0))
            }
            _ => None,
        }
    }
}

/// A form in which rows travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Arrow IPC over Flight.
    ArrowIpc,
}

const FORMATS: [(&str, Format); 1] = [("h:arrow-ipc", Format::ArrowIpc)];

impl Format {
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
pub(super) struct In<'a>(pub(super) &'a [Format]);

pub(super) static FORMATS_ALLOWED: Spec = Spec {
    numbers: &[34],
    name: "formats",
    place: Place::Permission,
    operand: "fileFormat",
    operators: &["isAnyOf"],
    executed: &[Stage::Admission],
    codes: &[Code::FormatNotAllowed],
    nature: Nature::Technical,
    hides_rows: false,
    mend: "take the answer in one of the formats",
    test: "formats_are_listed_or_refused",
    read: read_formats,
};

impl Rule for In<'_> {
    fn spec(&self) -> &'static Spec {
        &FORMATS_ALLOWED
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        let list = self.0.iter().map(|format| word(&FORMATS, format));
        says("fileFormat", "isAnyOf", iris(list))
    }

    fn say(&self, tongue: Tongue) -> String {
        let names: Vec<&str> = self.0.iter().map(|format| format.as_str()).collect();
        let list = tongue.one_of(&names);
        tongue.pick(
            format!("sent as {list} only"),
            format!("nur gesendet als {list}"),
            format!("enviado só como {list}"),
        )
    }

    fn normal(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|format| format.as_str()).collect();
        set(&names)
    }

    fn check(&self) -> Option<Check> {
        Some(Check::Delivery)
    }

    fn admit(&self, to: &Admission<'_>) -> Result<(), Refusal> {
        if self.0.contains(&to.around.format) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::FormatNotAllowed,
            format!("the answer would be sent as {}", to.around.format.as_str()),
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

fn read_formats(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let list = form.iris("rightOperand")?;
    let list = list.iter().map(|one| form.one_of(&FORMATS, one, "format"));
    Ok(Term::Formats(list.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::admitting;
    use crate::term::around::Around;

    #[track_caller]
    fn check(networks: &[&str], address: Option<&str>, expect: bool) {
        let networks: Vec<Network> = networks.iter().map(|text| text.parse().unwrap()).collect();
        let around = Around {
            address: address.map(|text| text.parse().unwrap()),
            ..Around::QUIET
        };
        let met = admitting("2026-06-01T00:00:00Z", |admission| {
            To(&networks).admit(&Admission {
                around: &around,
                ..*admission
            })
        });
        assert_eq!(met.is_ok(), expect);
        if let Err(refusal) = met {
            assert_eq!(refusal.code, Code::PlaceNotAllowed);
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
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn formats_are_listed_or_refused() {
        let met = |list: &[Format]| {
            admitting("2026-06-01T00:00:00Z", |admission| {
                In(list).admit(admission)
            })
        };
        assert!(met(&[Format::ArrowIpc]).is_ok());
        assert_eq!(met(&[]).unwrap_err().code, Code::FormatNotAllowed);
    }
}
