//! A contract that both sides signed, both of their keys, and the two who hold it.

use crate::binary;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::signature::{FileSigner, ParticipantSigner};
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{CollectedAnswer, MaliciousPeer};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE};

/// One signature: its protected header and its bytes.
pub(crate) type ContractSignatureEntry = (String, Vec<u8>);

/// The header of the consumer's signature; `KID` and `IAT` stand for key and time.
pub(crate) const HEADER: &str = r#"{"alg":"ES256","crit":["hansa-role"],"hansa-role":"consumer","iat":IAT,"kid":"KID","typ":"hansa-agreement+jws"}"#;

pub(crate) struct SignedContractFixture {
    pub(crate) lindau: TestParticipant,
    pub(crate) acme: TestParticipant,
    pub(crate) attacker: MaliciousPeer,
    pub(crate) stranger: MaliciousPeer,
    /// The contract on `open` as both signed it.
    pub(crate) signed: Vec<u8>,
    pub(crate) agreement: Agreement,
    pub(crate) id: ContractId,
    provider: FileSigner,
    consumer: FileSigner,
    other: FileSigner,
    bundle: TrustBundle,
    /// The time of the consumer's signature, seconds.
    pub(crate) iat: i64,
    /// Last, since its folder goes with it.
    pub(crate) league: TestLeague,
}

impl SignedContractFixture {
    pub(crate) fn new() -> Self {
        let league = TestLeague::new(binary());
        let mut lindau = league.city("lindau");
        let (acme, other) = (league.firm("acme"), league.firm("other"));
        for alias in ["lindau", "acme", "other"] {
            league.renew(alias, 30);
        }
        lindau.offers_long(120_000, ALL);
        for name in ["open", "gone", "shape"] {
            lindau.holds(name, "site,bikes\nHafen,310\nInsel,77\n", "");
            lindau.offers(name, name, ALL, "\"league\"", "auto");
        }
        let compatible = format!("{ALL}\ncolumns = [\"site\", \"bikes\"]\nschema = \"compatible\"");
        lindau.offers("shape", "grows", &compatible, "\"league\"", "auto");
        for (name, terms) in [
            ("soon", terms("2028-01-01", "2029-01-01")),
            ("brief", terms("2026-01-01", &lindau.day(3))),
        ] {
            lindau.holds(name, "site,bikes\nHafen,310\nInsel,77\n", "");
            lindau.offers(name, name, &terms, "\"league\"", "auto");
        }
        league.hand_bundle_to("lindau");
        lindau.publishes();
        lindau.serve();
        acme.knows(&lindau);
        other.knows(&lindau);
        let id: ContractId = acme.contract("lindau.open").parse().unwrap();
        let signed = acme
            .hansa(&["contract", "export", &id.to_string()])
            .must()
            .out
            .trim()
            .as_bytes()
            .to_vec();
        let read = envelope::parse_contract(&signed).unwrap();
        let key = |alias: &str| {
            FileSigner::open(&league.folder().join(alias).join("keys/signing.key")).unwrap()
        };
        let (provider, consumer, third) = (key("lindau"), key("acme"), key("other"));
        let bundle = TrustBundle::open(&lindau.folder().join("trust/bundle.json")).unwrap();
        let enter = |alias| MaliciousPeer::enter(&league, alias, lindau.address(), lindau.domain());
        let (attacker, stranger) = (enter("acme").unwrap(), enter("other").unwrap());
        Self {
            lindau,
            acme,
            attacker,
            stranger,
            signed,
            iat: read.signatures[1].issued_at,
            agreement: read.agreement,
            id,
            provider,
            consumer,
            other: third,
            bundle,
            league,
        }
    }

    /// Whether it would be accepted, as it came in at this time.
    pub(crate) fn judge_at(&self, bytes: &[u8], at: UtcTimestamp) -> Result<(), Refusal> {
        let signed = envelope::parse_contract(bytes)?;
        signed.verify(&self.bundle.keys(at)).map(|_| ())
    }

    /// Whether it would be accepted.
    pub(crate) fn judge(&self, bytes: &[u8]) -> Result<(), Refusal> {
        self.judge_at(bytes, self.now())
    }

    /// When the contract was signed.
    pub(crate) fn now(&self) -> UtcTimestamp {
        UtcTimestamp::from_micros((self.iat + 1) * 1_000_000).unwrap()
    }

    /// A signature of one of the two.
    pub(crate) fn sign(&self, role: SignatoryRole, payload: &[u8]) -> ContractSignatureEntry {
        let signer = match role {
            SignatoryRole::Provider => &self.provider,
            SignatoryRole::Consumer => &self.consumer,
        };
        self.by(signer, role, payload, self.iat)
    }

    /// The same at another time.
    pub(crate) fn sign_at(
        &self,
        role: SignatoryRole,
        payload: &[u8],
        iat: i64,
    ) -> ContractSignatureEntry {
        let signer = match role {
            SignatoryRole::Provider => &self.provider,
            SignatoryRole::Consumer => &self.consumer,
        };
        self.by(signer, role, payload, iat)
    }

    /// A signature of a third one in the place of one of the two.
    pub(crate) fn sign_as(&self, role: SignatoryRole, payload: &[u8]) -> ContractSignatureEntry {
        self.by(&self.other, role, payload, self.iat)
    }

    fn by(
        &self,
        signer: &FileSigner,
        role: SignatoryRole,
        payload: &[u8],
        iat: i64,
    ) -> ContractSignatureEntry {
        let alg = signer.algorithm().as_str();
        let header =
            envelope::protected_header(StatementKind::Agreement, role, alg, signer.kid(), iat);
        let signature = signer.sign(&envelope::signing_input(&header, payload));
        (header, signature.unwrap())
    }

    /// The consumer's correct signature under a header of any text.
    pub(crate) fn under(&self, header: &str, payload: &[u8]) -> ContractSignatureEntry {
        let text = header
            .replace("KID", self.consumer.kid())
            .replace("IAT", &self.iat.to_string())
            .replace("ES256", self.consumer.algorithm().as_str());
        let header = hansa_proto::base64url::encode(text.as_bytes());
        let signature = self
            .consumer
            .sign(&envelope::signing_input(&header, payload));
        (header, signature.unwrap())
    }

    /// A payload that both sign, whatever it is.
    pub(crate) fn both(&self, payload: &[u8]) -> Vec<u8> {
        let (one, two) = (
            self.sign(SignatoryRole::Provider, payload),
            self.sign(SignatoryRole::Consumer, payload),
        );
        envelope::assemble_statement(payload, &[one, two])
    }

    /// The payload of the contract.
    pub(crate) fn payload(&self) -> Vec<u8> {
        hansa_proto::contract::to_bytes(&self.agreement)
    }

    /// Asks under a contract.
    pub(crate) fn ask(&self, contract: ContractId, sql: &str) -> CollectedAnswer {
        self.attacker.ask(&[contract], sql)
    }

    /// Asks again over a new connection, for after a restart.
    pub(crate) fn reconnect(&mut self) {
        let enter = |alias| {
            let (address, domain) = (self.lindau.address(), self.lindau.domain());
            MaliciousPeer::enter(&self.league, alias, address, domain).unwrap()
        };
        let (attacker, stranger) = (enter("acme"), enter("other"));
        self.acme.knows(&self.lindau);
        (self.attacker, self.stranger) = (attacker, stranger);
    }
}

fn terms(from: &str, until: &str) -> String {
    format!("purpose = [\"{PURPOSE}\"]\nvalid = {{ from = {from}, until = {until} }}")
}
