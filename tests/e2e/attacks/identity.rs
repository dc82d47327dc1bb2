//! Attacks on who somebody is.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use hansa_policy::id::ContractId;
use hansa_test_support::forged_certificate::CertificateIssuer;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{MaliciousPeer, ticket};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text, wait_for};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

struct IdentityFixture {
    lindau: TestParticipant,
    acme: MaliciousPeer,
    other: MaliciousPeer,
    gone: MaliciousPeer,
    contract: ContractId,
    gones: ContractId,
    league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let firms = ["acme", "other", "gone"].map(|alias| league.firm(alias));
    league.renew("lindau", 30);
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("all", ALL, "auto");
    lindau.serve();
    let [contract, _, gones] = firms.each_ref().map(|firm| {
        firm.knows(&lindau);
        firm.contract("lindau.bikes").parse().unwrap()
    });
    let [acme, other, gone] = ["acme", "other", "gone"].map(|alias| {
        MaliciousPeer::enter(&league, alias, lindau.address(), lindau.domain()).unwrap()
    });
    let mut door = IdentityFixture {
        lindau,
        acme,
        other,
        gone,
        contract,
        gones,
        league,
    };
    tried(&mut door, &ATTACKS)
}

const COUNT: &str = "SELECT count(*) FROM bikes";

const ATTACKS: [AttackCase<IdentityFixture>; 5] = [
    AttackCase {
        number: 55,
        setup: "identity",
        name: "certificates that no league would issue, and none",
        expected: "an alert; one record for all; never a request",
        does: certificates,
        lacks: "",
    },
    AttackCase {
        number: 56,
        setup: "identity",
        name: "older TLS, early data, resumption",
        expected: "an alert; no early data; no tickets",
        does: handshakes,
        lacks: "",
    },
    AttackCase {
        number: 57,
        setup: "identity",
        name: "asks under somebody else's contract",
        expected: "CONTRACT_UNKNOWN, as for none",
        does: |door| {
            let said = |id: ContractId| {
                let answer = door.other.ask(&[id], COUNT);
                answer
                    .message()
                    .replace(&id.to_string(), "ID")
                    .replace(&id.to_short_text(), "ID")
            };
            let absent = ContractId(hansa_audit_log::digest::Digest::of(b"none"));
            let (theirs, none) = (said(door.contract), said(absent));
            let own = door.acme.ask(&[door.contract], COUNT);
            if own.rows != ["2"] {
                return Err(format!("its own is refused: {}", own.message()));
            }
            match theirs == none && theirs.starts_with("CONTRACT_UNKNOWN") {
                true => Ok(theirs),
                false => Err(format!("`{theirs}` is not `{none}`")),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 58,
        setup: "identity",
        name: "says in a header who it is",
        expected: "IDENTITY_HEADER_PRESENT",
        does: |door| {
            let asked = || ticket(&[door.contract], COUNT, PURPOSE.parse().ok());
            for header in [
                "authorization",
                "x-client-cert",
                "x-forwarded-client-cert",
                "x-hansa-peer",
                "x-ssl-client-cert",
            ] {
                let answer = door
                    .other
                    .ticket(&asked(), &[(header, "hansa://acme.example")]);
                if answer.code() != "IDENTITY_HEADER_PRESENT" {
                    return Err(format!("{header}: {:?} {}", answer.rows, answer.message()));
                }
            }
            // One that nobody knows changes nothing.
            for header in ["forwarded", "x-real-ip", "from", "x-peer"] {
                let answer = door
                    .other
                    .ticket(&asked(), &[(header, "hansa://acme.example")]);
                if answer.code() != "CONTRACT_UNKNOWN" {
                    return Err(format!("{header}: {:?} {}", answer.rows, answer.message()));
                }
            }
            Ok("IDENTITY_HEADER_PRESENT".to_owned())
        },
        lacks: "",
    },
    AttackCase {
        number: 59,
        setup: "identity",
        name: "keeps its connection over its expulsion and its certificate's end",
        expected: "PEER_NOT_TRUSTED, CERTIFICATE_EXPIRED at the next request",
        does: outlived,
        lacks: "",
    },
];

fn certificates(door: &mut IdentityFixture) -> AttackVerdict {
    let uri = |text: &str| rcgen::SanType::URI(text.to_owned().try_into().unwrap());
    let (listener, domain) = (door.lindau.address(), door.lindau.domain());
    let forged = |by, spoil: &dyn Fn(&mut rcgen::CertificateParams)| {
        let shown = door
            .league
            .forged("acme.example", by, |params| spoil(params));
        door.league.call(Some(&shown), listener, domain)
    };
    let day = rcgen::date_time_ymd;
    let league = CertificateIssuer::ByTheLeague;
    forged(league, &|_| {}).map_err(|why| format!("a good one: {why}"))?;
    let before = (
        door.lindau.records("action_count").len(),
        door.lindau.records("refuse").len(),
    );
    let cases: [(&str, Result<_, String>); 18] = [
        (
            "signed by itself",
            forged(CertificateIssuer::ByItself, &|_| {}),
        ),
        (
            "by another authority",
            forged(CertificateIssuer::ByAStranger, &|_| {}),
        ),
        (
            "over",
            forged(league, &|params| params.not_after = day(2021, 1, 1)),
        ),
        (
            "not yet",
            forged(league, &|params| {
                params.not_before = day(2089, 1, 1);
            }),
        ),
        (
            "of nobody",
            forged(league, &|params| {
                params.subject_alt_names = vec![uri("hansa://nobody.example")];
            }),
        ),
        (
            "of two",
            forged(league, &|params| {
                params.subject_alt_names.push(uri("hansa://other.example"));
            }),
        ),
        (
            "of the same one twice",
            forged(league, &|params| {
                params.subject_alt_names.push(uri("hansa://acme.example"));
            }),
        ),
        (
            "of a name alone",
            forged(league, &|params| {
                params.subject_alt_names.remove(1);
            }),
        ),
        (
            "of another scheme",
            forged(league, &|params| {
                params.subject_alt_names[1] = uri("https://acme.example");
            }),
        ),
        (
            "of a part",
            forged(league, &|params| {
                params.subject_alt_names[1] = uri("hansa://acme.example/unit");
            }),
        ),
        (
            "in capitals",
            forged(league, &|params| {
                params.subject_alt_names[1] = uri("hansa://ACME.example");
            }),
        ),
        (
            "for servers alone",
            forged(league, &|params| {
                params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
            }),
        ),
        (
            "of an authority",
            forged(league, &|params| {
                params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            }),
        ),
        (
            "with another's domain",
            forged(league, &|params| {
                let name = "lindau.example".to_owned().try_into().unwrap();
                params.subject_alt_names.push(rcgen::SanType::DnsName(name));
            }),
        ),
        (
            "with another's host",
            forged(league, &|params| {
                let address = "127.0.0.1".parse().unwrap();
                params
                    .subject_alt_names
                    .push(rcgen::SanType::IpAddress(address));
            }),
        ),
        (
            "with another's mailbox",
            forged(league, &|params| {
                let name = "data@lindau.example".to_owned().try_into().unwrap();
                params
                    .subject_alt_names
                    .push(rcgen::SanType::Rfc822Name(name));
            }),
        ),
        (
            "with all of its own domain",
            forged(league, &|params| {
                let name = "*.acme.example".to_owned().try_into().unwrap();
                params.subject_alt_names.push(rcgen::SanType::DnsName(name));
            }),
        ),
        ("none", door.league.call(None, listener, domain)),
    ];
    let total = cases.len();
    for (what, called) in cases {
        if let Ok(called) = called {
            return Err(format!("{what}: let in, {called:?}"));
        }
    }
    let after = (
        door.lindau.records("action_count").len(),
        door.lindau.records("refuse").len(),
    );
    let answer = door.acme.ask(&[door.contract], COUNT);
    if answer.rows != ["2"] {
        return Err(format!("a member is refused: {}", answer.message()));
    }
    // One record a minute, however many come.
    match (after.0 - before.0) * 4 < total && after.1 == before.1 {
        true => Ok(format!(
            "{total} certificates: alerts, {} records",
            after.0 - before.0
        )),
        false => Err(format!("{before:?} records became {after:?}")),
    }
}

fn handshakes(door: &mut IdentityFixture) -> AttackVerdict {
    let called = door.league.call(
        Some(&door.league.certificate("acme")),
        door.lindau.address(),
        door.lindau.domain(),
    )?;
    if called.tickets > 0 || called.resumed || called.early {
        return Err(format!("{called:?}"));
    }
    for version in [[3, 0], [3, 1], [3, 2], [3, 3]] {
        let mut tcp = TcpStream::connect(door.lindau.address()).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        tcp.write_all(&old_hello(version)).unwrap();
        let mut said = Vec::new();
        let _ = tcp.read_to_end(&mut said);
        // An alert record, fatal.
        if said.first() != Some(&21) || said.get(5) != Some(&2) {
            return Err(format!("{version:?}: {said:?}"));
        }
    }
    Ok("alerts; no tickets, nothing early, each handshake a full one".to_owned())
}

/// The first words of a client that knows nothing newer than this version; 3.3 is TLS 1.2.
fn old_hello(version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.push(0);
    let suites = [0xc0, 0x2b, 0xc0, 0x2f, 0x00, 0x2f, 0x00, 0x35];
    body.extend([0, 8]);
    body.extend(suites);
    body.extend([1, 0]);
    let groups = [0, 10, 0, 4, 0, 2, 0, 23];
    let signatures = [0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    let length = u8::try_from(groups.len() + signatures.len()).unwrap();
    body.extend([0, length]);
    body.extend(groups);
    body.extend(signatures);
    let mut hello = vec![1, 0, 0, u8::try_from(body.len()).unwrap()];
    hello.extend(body);
    let mut record = vec![22, 3, 1, 0, u8::try_from(hello.len()).unwrap()];
    record.extend(hello);
    record
}

fn outlived(door: &mut IdentityFixture) -> AttackVerdict {
    let asked = |door: &IdentityFixture| door.gone.ask(&[door.gones], COUNT);
    if asked(door).rows != ["2"] {
        return Err(asked(door).message());
    }
    let expel = [
        "--yes",
        "league",
        "expel",
        "gone.example",
        "--dir",
        "league",
    ];
    door.league.hansa(&expel).must();
    door.league.hand_bundle_to("lindau");
    let refused = wait_for("the newer bundle", Duration::from_secs(60), || {
        let answer = asked(door);
        answer.refusal.is_some().then_some(answer)
    });
    if refused.code() != "PEER_NOT_TRUSTED" {
        return Err(refused.message());
    }
    // Over the connection that is open: by the provider's clock a week and a day pass.
    let file = door.lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{config}\n[clock]\noffset = \"+8d\"\n")).unwrap();
    door.lindau.hansa(&["reload"]).must();
    let expired = door.acme.ask(&[door.contract], COUNT);
    if expired.code() != "CERTIFICATE_EXPIRED" {
        return Err(format!("{:?} {}", expired.rows, expired.message()));
    }
    let last = door.lindau.records("refuse").pop().ok_or("no record")?;
    match text(&last, "code").as_str() {
        "CERTIFICATE_EXPIRED" => Ok("PEER_NOT_TRUSTED, CERTIFICATE_EXPIRED".to_owned()),
        _ => Err(format!("{last}")),
    }
}
