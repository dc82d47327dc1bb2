//! The attacks on signatures once more, over an envelope that both sides sealed.

use crate::attacks::AttackVerdict;
use crate::certificate_seals::{CITY, SealedFederation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::seal::signer::SealSigner;
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::refusal::Refusal;
use hansa_proto::base64url;
use hansa_proto::envelope::header::ProtectedHeader;
use hansa_proto::envelope::kind::StatementKind as Statement;
use hansa_proto::envelope::{self, assemble_statement};
use hansa_test_support::seal_authority::{SealAuthority, SealFiles, SealKeyType, SealValidity};
use std::collections::BTreeSet;

/// A protected header and a signature.
type SealedSignatureEntry = (String, Vec<u8>);

pub(super) struct SealedContractFixture {
    federation: SealedFederation,
    signed: Vec<u8>,
    payload: Vec<u8>,
    entries: [SealedSignatureEntry; 2],
    bundle: TrustBundle,
    iat: i64,
}

impl SealedContractFixture {
    pub(super) fn new() -> Self {
        let federation = SealedFederation::new();
        let contract = federation.contract();
        let signed = federation
            .acme
            .hansa(&["contract", "export", &contract])
            .must()
            .out
            .trim()
            .as_bytes()
            .to_vec();
        let read = envelope::parse_contract(&signed).unwrap();
        let entries = [0, 1].map(|index| {
            let one = &read.signatures[index];
            let input = String::from_utf8(one.signing_input.clone()).unwrap();
            let header = input.split_once('.').unwrap().0.to_owned();
            (header, one.signature.clone())
        });
        Self {
            bundle: TrustBundle::open(&federation.lindau.folder().join("trust/bundle.json"))
                .unwrap(),
            payload: hansa_proto::contract::to_bytes(&read.agreement),
            iat: read.signatures[1].issued_at,
            entries,
            signed,
            federation,
        }
    }

    fn judge(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let at = UtcTimestamp::from_micros((self.iat + 1) * 1_000_000).unwrap();
        let signed = envelope::parse_contract(bytes)?;
        signed.verify(&self.bundle.keys(at)).map(|_| ())
    }

    /// The city's own signature under what a forger makes of its header, and the firm's as it is.
    fn with(&self, entry: SealedSignatureEntry) -> Result<(), Refusal> {
        self.judge(&assemble_statement(
            &self.payload,
            &[entry, self.entries[1].clone()],
        ))
    }

    fn seal(&self, files: &SealFiles) -> SealSigner {
        SealSigner::open(&files.key, &files.certificates).unwrap()
    }

    /// A signature for the city by a seal, with these certificates in the place of its own.
    fn by(
        &self,
        signer: &SealSigner,
        chain: Option<Vec<Vec<u8>>>,
        alg: &str,
    ) -> SealedSignatureEntry {
        let seal = chain.map_or_else(
            || signer.seal().clone(),
            |chain| SealCertificates::new(chain).unwrap(),
        );
        let header = ProtectedHeader {
            kind: Statement::Agreement,
            role: SignatoryRole::Provider,
            alg,
            kid: signer.kid(),
            issued_at: self.iat,
            seal: Some(&seal),
            mandate: None,
        }
        .to_base64url();
        let input = envelope::signing_input(&header, &self.payload);
        (header, signer.sign(&input).unwrap())
    }

    /// The city's correct signature under its header with one member changed.
    fn under(
        &self,
        change: impl FnOnce(&mut std::collections::BTreeMap<String, Json>),
    ) -> SealedSignatureEntry {
        let bytes = base64url::decode(&self.entries[0].0).unwrap();
        let limits = hansa_audit_log::json::JsonLimits {
            bytes: 1 << 20,
            depth: 8,
        };
        let mut header = hansa_audit_log::json::parse_json(&bytes, limits).unwrap();
        let Json::Object(members) = &mut header else {
            panic!("a header is an object")
        };
        change(members);
        let header = base64url::encode(&to_canonical_bytes(&header));
        let input = envelope::signing_input(&header, &self.payload);
        let signature = self.seal(&self.federation.city).sign(&input).unwrap();
        (header, signature)
    }
}

fn one_of(judged: &Result<(), Refusal>, codes: &[&str], what: &str) -> Result<(), String> {
    let code = judged
        .as_ref()
        .map_or_else(|refusal| refusal.code.as_str(), |()| "accepted");
    if codes.contains(&code) {
        Ok(())
    } else {
        Err(format!("{what}: {code} instead of {codes:?}"))
    }
}

fn honest(sealed: &SealedContractFixture) -> Result<(), String> {
    one_of(&sealed.judge(&sealed.signed), &["accepted"], "as it is")?;
    let signer = sealed.seal(&sealed.federation.city);
    let again = sealed.by(&signer, None, "ES256");
    one_of(&sealed.with(again), &["accepted"], "sealed again")?;
    let by_hand = sealed.under(|_| {});
    one_of(&sealed.with(by_hand), &["accepted"], "by hand")
}

pub(super) fn flips(sealed: &mut SealedContractFixture) -> AttackVerdict {
    honest(sealed)?;
    let (mut tried, mut codes) = (0, BTreeSet::new());
    let mut judge = |bytes: &[u8], what: String| {
        tried += 1;
        match sealed.judge(bytes) {
            Ok(()) => Err(format!("{what}: accepted")),
            Err(refusal) => {
                codes.insert(refusal.code.as_str());
                Ok(())
            }
        }
    };
    for at in 0..sealed.signed.len() {
        let mut bytes = sealed.signed.clone();
        bytes[at] ^= 0x01;
        judge(&bytes, format!("byte {at} of the file"))?;
    }
    for which in 0..2 {
        let (header, signature) = &sealed.entries[which];
        for at in 0..signature.len() {
            let mut changed = sealed.entries.clone();
            changed[which].1[at] ^= 1;
            let bytes = assemble_statement(&sealed.payload, &changed);
            judge(&bytes, format!("byte {at} of a signature"))?;
        }
        let header = base64url::decode(header).unwrap();
        for at in 0..header.len() {
            let mut header = header.clone();
            header[at] ^= 1;
            let mut changed = sealed.entries.clone();
            changed[which].0 = base64url::encode(&header);
            let bytes = assemble_statement(&sealed.payload, &changed);
            judge(&bytes, format!("byte {at} of a header"))?;
        }
    }
    // Each byte of each certificate, in a header that the good key signs anew.
    let signer = sealed.seal(&sealed.federation.city);
    let chain: Vec<Vec<u8>> = signer.seal().chain().map(<[u8]>::to_vec).collect();
    for which in 0..chain.len() {
        for at in 0..chain[which].len() {
            let mut changed = chain.clone();
            changed[which][at] ^= 1;
            tried += 1;
            match sealed.with(sealed.by(&signer, Some(changed), "ES256")) {
                Ok(()) => return Err(format!("byte {at} of certificate {which}: accepted")),
                Err(refusal) => codes.insert(refusal.code.as_str()),
            };
        }
    }
    Ok(format!("{tried} files: {codes:?}"))
}

pub(super) fn headers(sealed: &mut SealedContractFixture) -> AttackVerdict {
    honest(sealed)?;
    let (alg, header) = (&["SIGNATURE_ALG"][..], &["SIGNATURE_HEADER"][..]);
    for other in [
        "none", "HS256", "RS256", "PS384", "PS256", "EdDSA", "es256", "",
    ] {
        let entry = sealed.under(|members| {
            members.insert("alg".to_owned(), Json::from_display(other));
        });
        // By its length alone a signature is none of another algorithm.
        one_of(
            &sealed.with(entry),
            &["SIGNATURE_ALG", "SIGNATURE_INVALID"],
            other,
        )?;
    }
    let signer = sealed.seal(&sealed.federation.firm);
    one_of(
        &sealed.with(sealed.by(&signer, None, "RS256")),
        alg,
        "RSA of another kind",
    )?;
    let chain = |members: &mut std::collections::BTreeMap<String, Json>| match members.get("x5c") {
        Some(Json::List(items)) => items.clone(),
        other => panic!("no chain: {other:?}"),
    };
    type Change<'a> = Box<dyn FnOnce(&mut std::collections::BTreeMap<String, Json>) + 'a>;
    let put = |name: &'static str, value: Json| -> Change<'_> {
        Box::new(move |members| {
            members.insert(name.to_owned(), value);
        })
    };
    let changes: Vec<(&str, Change<'_>)> = vec![
        ("no chain", put("x5c", Json::List(Vec::new()))),
        (
            "a chain of nothing",
            put("x5c", Json::List(vec![Json::from_display("")])),
        ),
        (
            "no base64",
            put("x5c", Json::List(vec![Json::from_display("*")])),
        ),
        ("a text", put("x5c", Json::from_display("AAAA"))),
        (
            "another digest",
            put("x5t#S256", Json::from_display("AAAA")),
        ),
        ("SHA-1", put("x5t", Json::from_display("AAAA"))),
        (
            "an address",
            put("x5u", Json::from_display("https://evil.example")),
        ),
        ("a key", put("jwk", Json::object([("kty", "oct".into())]))),
        (
            "critical",
            put("crit", Json::List(vec!["hansa-role".into(), "x5c".into()])),
        ),
        (
            "without its chain",
            Box::new(|members| {
                members.remove("x5c");
            }),
        ),
        (
            "base64 with white space",
            Box::new(|members| {
                let mut items = chain(members);
                items[0] = Json::from_display(format!("{}\n", items[0].as_text().unwrap()));
                members.insert("x5c".to_owned(), Json::List(items));
            }),
        ),
        (
            "too many",
            Box::new(|members| {
                let mut items = chain(members);
                for filler in 0..4 {
                    items.push(Json::Text(STANDARD.encode([filler; 100])));
                }
                members.insert("x5c".to_owned(), Json::List(items));
            }),
        ),
        (
            "one twice",
            Box::new(|members| {
                let mut items = chain(members);
                items.push(items[0].clone());
                members.insert("x5c".to_owned(), Json::List(items));
            }),
        ),
    ];
    let count = changes.len() + 9;
    for (what, change) in changes {
        one_of(&sealed.with(sealed.under(change)), header, what)?;
    }
    // Without both it is a signature by a key that nobody registers.
    let bare = sealed.under(|members| {
        members.remove("x5c");
        members.remove("x5t#S256");
    });
    one_of(&sealed.with(bare), &["SIGNER_NOT_PARTY"], "bare")?;
    Ok(format!(
        "{} headers: SIGNATURE_ALG, SIGNATURE_HEADER",
        count + 1
    ))
}

pub(super) fn signatures(sealed: &mut SealedContractFixture) -> AttackVerdict {
    honest(sealed)?;
    let [one, two] = sealed.entries.clone();
    let with = |entries: &[SealedSignatureEntry]| {
        sealed.judge(&assemble_statement(&sealed.payload, entries))
    };
    let invalid = &["SIGNATURE_INVALID"][..];
    for length in [0, 1, 63, 64, 65, 256, 2000] {
        let garbage = vec![0xa5; length];
        for entries in [
            [(one.0.clone(), garbage.clone()), two.clone()],
            [one.clone(), (two.0.clone(), garbage.clone())],
        ] {
            one_of(&with(&entries), invalid, "garbage")?;
        }
    }
    let swapped = [(one.0.clone(), two.1.clone()), two.clone()];
    one_of(&with(&swapped), invalid, "the other's")?;
    let missing = &["SIGNATURE_MISSING"][..];
    one_of(&with(std::slice::from_ref(&one)), missing, "one")?;
    one_of(&with(std::slice::from_ref(&two)), missing, "the other")?;
    one_of(&with(&[]), missing, "none")?;
    one_of(&with(&[one.clone(), one.clone()]), missing, "twice")?;
    one_of(&with(&[two.clone(), one.clone()]), missing, "turned")?;
    let three = [one.clone(), two.clone(), two];
    one_of(&with(&three), &["SIGNATURE_COUNT"], "three")?;
    Ok("21 files: SIGNATURE_INVALID, SIGNATURE_MISSING, SIGNATURE_COUNT".to_owned())
}

pub(super) fn signers(sealed: &mut SealedContractFixture) -> AttackVerdict {
    honest(sealed)?;
    let folder = sealed.federation.league.folder();
    let untrusted = &["SEAL_NOT_TRUSTED"][..];
    let authority = &sealed.federation.authority;
    let stranger = SealAuthority::new("Trust service");
    let others = [
        authority.seals(
            "VATDE-9",
            SealKeyType::Curve,
            SealValidity::Now,
            folder,
            "wrong",
        ),
        authority.seals(
            &CITY.to_lowercase(),
            SealKeyType::Curve,
            SealValidity::Now,
            folder,
            "low",
        ),
        stranger.seals(CITY, SealKeyType::Curve, SealValidity::Now, folder, "far"),
        hansa_test_support::seal_authority::by_itself(CITY, folder, "self"),
    ];
    for files in &others {
        let entry = sealed.by(&sealed.seal(files), None, "ES256");
        one_of(&sealed.with(entry), untrusted, "another seal")?;
    }
    let firm = sealed.seal(&sealed.federation.firm);
    one_of(
        &sealed.with(sealed.by(&firm, None, "PS256")),
        &["SIGNER_NOT_PARTY", "SEAL_NOT_TRUSTED"],
        "the firm's",
    )?;
    let over = authority.seals(CITY, SealKeyType::Curve, SealValidity::Past, folder, "old");
    one_of(
        &sealed.with(sealed.by(&sealed.seal(&over), None, "ES256")),
        &["KEY_NOT_VALID_AT_SIGNING"],
        "one that is over",
    )?;
    // The good certificates in another order, with one more, with one less, before another key.
    let signer = sealed.seal(&sealed.federation.city);
    let chain: Vec<Vec<u8>> = signer.seal().chain().map(<[u8]>::to_vec).collect();
    let far: Vec<Vec<u8>> = {
        let other = sealed.seal(&others[2]);
        other.seal().chain().map(<[u8]>::to_vec).collect()
    };
    let chains = [
        vec![chain[1].clone(), chain[0].clone()],
        vec![chain[0].clone()],
        vec![chain[0].clone(), chain[1].clone(), far[1].clone()],
        vec![chain[0].clone(), far[1].clone(), chain[1].clone()],
        vec![chain[0].clone(), far[1].clone()],
        vec![far[0].clone(), chain[1].clone()],
    ];
    for chain in chains {
        let entry = sealed.by(&signer, Some(chain), "ES256");
        one_of(&sealed.with(entry), untrusted, "other certificates")?;
    }
    // Another key under the city's certificates, with its own name and with the city's.
    let thief = sealed.seal(&others[2]);
    let named = sealed.by(&thief, Some(chain.clone()), "ES256");
    one_of(&sealed.with(named), &["SIGNATURE_HEADER"], "its own name")?;
    let mut stolen = sealed.by(&signer, None, "ES256");
    let input = envelope::signing_input(&stolen.0, &sealed.payload);
    stolen.1 = thief.sign(&input).unwrap();
    one_of(&sealed.with(stolen), &["SIGNATURE_INVALID"], "the city's")?;
    Ok("14 files: SEAL_NOT_TRUSTED, KEY_NOT_VALID_AT_SIGNING, SIGNATURE_HEADER".to_owned())
}
