//! Attacks on what issuers state of participants: credentials of others, of issuers that may not state them, and over ones.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use bytes::Bytes;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::attribute::ParticipantAttribute;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_proto::credential::{self, CredentialStatement};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::statement;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{CollectedAnswer, MaliciousPeer, question};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text, wait_for};
use std::time::Duration;

/// A provider that answers one sector alone, and two firms that it is not enough to be.
struct SectorFixture {
    lindau: TestParticipant,
    attacker: MaliciousPeer,
    contract: ContractId,
    league: TestLeague,
}

const SQL: &str = "SELECT site FROM bikes";

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let (acme, _beta) = (league.firm("acme"), league.firm("beta"));
    league.names_issuer("chamber", &["sector"], "-20d");
    league.names_issuer("surveyor", &["sector", "region"], "-20d");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    let terms = format!("{ALL}\nsectors = [\"nace:H49\"]");
    lindau.offers("bikes", "carriers", &terms, "\"league\"", "auto");
    lindau.publishes();
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.bikes").parse().unwrap();
    let attacker =
        MaliciousPeer::enter(&league, "acme", lindau.address(), lindau.domain()).unwrap();
    let mut guild = SectorFixture {
        lindau,
        attacker,
        contract,
        league,
    };
    tried(&mut guild, &ATTACKS)
}

const ATTACKS: [AttackCase<SectorFixture>; 6] = [
    AttackCase {
        number: 121,
        setup: "attested",
        name: "shows the credential of another participant",
        expected: "SECTOR_NOT_ATTESTED",
        does: replayed,
        lacks: "",
    },
    AttackCase {
        number: 122,
        setup: "attested",
        name: "shows one by an issuer that may not state that",
        expected: "SECTOR_NOT_ATTESTED",
        does: another_kind,
        lacks: "",
    },
    AttackCase {
        number: 123,
        setup: "attested",
        name: "shows one that is over, one for a wider sector, one changed",
        expected: "SECTOR_NOT_ATTESTED",
        does: over,
        lacks: "",
    },
    AttackCase {
        number: 124,
        setup: "attested",
        name: "states it of itself, by its own key and in an issuer's name",
        expected: "SECTOR_NOT_ATTESTED",
        does: its_own,
        lacks: "",
    },
    AttackCase {
        number: 125,
        setup: "attested",
        name: "shows nothing, garbage, a contract, nine of them",
        expected: "SECTOR_NOT_ATTESTED / MESSAGE_MALFORMED",
        does: garbage,
        lacks: "",
    },
    AttackCase {
        number: 126,
        setup: "attested",
        name: "shows one that was good until the league dropped its issuer",
        expected: "rows, then SECTOR_NOT_ATTESTED",
        does: dropped,
        lacks: "",
    },
];

impl SectorFixture {
    fn show(&self, credentials: Vec<Vec<u8>>) -> CollectedAnswer {
        let mut asking = question(&[self.contract], SQL, Some(PURPOSE.parse().unwrap()));
        asking.credentials = credentials.into_iter().map(Bytes::from).collect();
        let ticket = hansa_proto::peer::query_request::to_ticket(&asking);
        self.attacker.ticket(&ticket, &[])
    }

    fn refuses(&self, what: &str, credentials: Vec<Vec<u8>>) -> Result<(), String> {
        let answer = self.show(credentials);
        if answer.code() == "SECTOR_NOT_ATTESTED" && answer.rows.is_empty() {
            return Ok(());
        }
        Err(format!("{what}: {} {:?}", answer.message(), answer.rows))
    }

    fn answers(&self, credential: Vec<u8>) -> Result<(), String> {
        let answer = self.show(vec![credential]);
        if answer.code().is_empty() && answer.rows.len() == 2 {
            return Ok(());
        }
        Err(format!(
            "a good one: {} {:?}",
            answer.message(),
            answer.rows
        ))
    }

    fn attested(&self, subject: &str, by: &str, more: &[&str]) -> Vec<u8> {
        self.league.attests(subject, by, more)
    }
}

const H49: [&str; 2] = ["--sector", "nace:H49"];

fn replayed(guild: &mut SectorFixture) -> AttackVerdict {
    guild.answers(guild.attested("acme", "chamber", &H49))?;
    let others = guild.attested("beta", "chamber", &H49);
    guild.refuses("another's", vec![others])?;
    Ok("SECTOR_NOT_ATTESTED; its own counts".to_owned())
}

fn another_kind(guild: &mut SectorFixture) -> AttackVerdict {
    let credential = guild.attested("acme", "surveyor", &H49);
    guild.answers(credential.clone())?;
    guild.league.names_issuer("surveyor", &["region"], "-20d");
    guild.hand_bundle();
    guild.refuses("by a surveyor", vec![credential])?;
    Ok("SECTOR_NOT_ATTESTED once the bundle says so".to_owned())
}

fn over(guild: &mut SectorFixture) -> AttackVerdict {
    let ended = ["--days", "5", "--offset", "-10d"];
    let ended = guild.attested("acme", "chamber", &[&H49[..], &ended].concat());
    guild.refuses("one that is over", vec![ended])?;
    let lasting = ["--days", "15", "--offset", "-10d"];
    guild.answers(guild.attested("acme", "chamber", &[&H49[..], &lasting].concat()))?;
    for code in ["nace:H", "nace:H50", "nace2.1:H49"] {
        let wide = guild.attested("acme", "chamber", &["--sector", code]);
        guild.refuses(code, vec![wide])?;
    }
    let good = guild.attested("acme", "chamber", &H49);
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        guild.refuses(&format!("byte {at}"), vec![bad])?;
    }
    guild.answers(good)?;
    Ok("SECTOR_NOT_ATTESTED, whichever byte".to_owned())
}

fn its_own(guild: &mut SectorFixture) -> AttackVerdict {
    let key = guild.league.folder().join("acme/keys/signing.key");
    let signer = FileSigner::open(&key).unwrap();
    for issuer in ["acme.example", "chamber.example"] {
        let now = now();
        let payload = statement::to_bytes(&CredentialStatement {
            issuer: issuer.parse().unwrap(),
            subject: "acme.example".parse().unwrap(),
            attributes: vec![ParticipantAttribute::Sector("nace:H49".parse().unwrap())],
            issued_at: now,
            until: now.plus_micros(24 * 3600 * 1_000_000),
        });
        let header = envelope::protected_header(
            StatementKind::Credential,
            SignatoryRole::Provider,
            signer.algorithm().as_str(),
            signer.kid(),
            now.micros() / 1_000_000,
        );
        let signature = signer
            .sign(&envelope::signing_input(&header, &payload))
            .unwrap();
        let own = envelope::assemble_statement(&payload, &[(header, signature)]);
        assert!(credential::from_envelope(&own).is_ok());
        guild.refuses(issuer, vec![own])?;
    }
    Ok("SECTOR_NOT_ATTESTED".to_owned())
}

fn garbage(guild: &mut SectorFixture) -> AttackVerdict {
    guild.refuses("nothing", Vec::new())?;
    guild.refuses("garbage", vec![b"{}".to_vec(), vec![0xff; 100]])?;
    let good = guild.attested("acme", "chamber", &H49);
    // A bad one beside a good one takes nothing from it.
    let answer = guild.show(vec![b"{}".to_vec(), good.clone()]);
    if !answer.code().is_empty() {
        return Err(answer.message());
    }
    let answer = guild.show(vec![good; 9]);
    if answer.code() != "MESSAGE_MALFORMED" {
        return Err(answer.message());
    }
    Ok("SECTOR_NOT_ATTESTED; nine are too many".to_owned())
}

fn dropped(guild: &mut SectorFixture) -> AttackVerdict {
    let good = guild.attested("acme", "chamber", &H49);
    guild.answers(good.clone())?;
    let permit = guild.lindau.records("permit").pop().unwrap();
    let statement = credential::from_envelope(&good).unwrap().statement;
    if permit["body"]["grants"][0]["relied_on"][0] != statement.to_string() {
        return Err(format!("the record names no credential: {permit}"));
    }
    guild.league.drops_issuer("chamber");
    guild.hand_bundle();
    guild.refuses("one by who is no issuer any more", vec![good])?;
    Ok("rows, recorded with the credential; then SECTOR_NOT_ATTESTED".to_owned())
}

impl SectorFixture {
    /// Hands the newest bundle to lindau, and waits until it lives by it.
    fn hand_bundle(&self) {
        self.league.hand_bundle_to("lindau");
        let file = self.lindau.folder().join("trust/bundle.json");
        let newest = hansa_identity::bundle::TrustBundle::open(&file)
            .unwrap()
            .digest();
        wait_for("the new bundle", Duration::from_secs(60), || {
            let taken = self.lindau.records("trust").pop()?;
            (text(&taken, "bundle") == newest.to_string()).then_some(())
        });
    }
}

fn now() -> UtcTimestamp {
    jiff::Timestamp::now().to_string().parse().unwrap()
}
