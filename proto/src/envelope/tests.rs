//! The envelope holds what it must and nothing else.

use super::*;
use crate::samples;
use josekit::jwk::KeyPair as _;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::{EdCurve, EdKeyPair};
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm;
use josekit::jws::{JwsSigner, JwsVerifier};
use policy::contract::{Agreed, Agreement, SignatureCheck};
use policy::id::ParticipantId;

/// A key of a party: `EdDSA` or `ES256`.
struct Key {
    owner: ParticipantId,
    alg: &'static str,
    kid: String,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl Key {
    fn ed25519(owner: &str) -> Self {
        let pair = EdKeyPair::generate(EdCurve::Ed25519).unwrap();
        let alg = EddsaJwsAlgorithm::Eddsa;
        let (private, public) = (pair.to_pem_private_key(), pair.to_pem_public_key());
        Self {
            owner: owner.parse().unwrap(),
            alg: "EdDSA",
            kid: base64url::encode(Digest::of(&public).as_bytes()),
            signer: Box::new(alg.signer_from_pem(private).unwrap()),
            verifier: Box::new(alg.verifier_from_pem(public).unwrap()),
        }
    }

    fn p256(owner: &str) -> Self {
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let alg = EcdsaJwsAlgorithm::Es256;
        let (private, public) = (pair.to_pem_private_key(), pair.to_pem_public_key());
        Self {
            owner: owner.parse().unwrap(),
            alg: "ES256",
            kid: base64url::encode(Digest::of(&public).as_bytes()),
            signer: Box::new(alg.signer_from_pem(private).unwrap()),
            verifier: Box::new(alg.verifier_from_pem(public).unwrap()),
        }
    }

    fn entry(&self, kind: Kind, role: Role, payload: &[u8]) -> (String, Vec<u8>) {
        let header = protected_header(kind, role, self.alg, &self.kid, 1_763_629_200);
        self.entry_with(header, payload)
    }

    fn entry_with(&self, header: String, payload: &[u8]) -> (String, Vec<u8>) {
        let signature = self.signer.sign(&signing_input(&header, payload)).unwrap();
        (header, signature)
    }
}

struct Keys(Vec<Key>);

impl SignatureCheck for Keys {
    fn check(&self, signer: &ParticipantId, signature: &Signature) -> Result<(), Refusal> {
        let key = self.0.iter().find(|key| key.kid == signature.kid);
        let key = key
            .filter(|key| key.owner == *signer)
            .ok_or_else(|| Refusal::new(Code::SignerNotParty, "another key"))?;
        if key.alg != signature.alg {
            return Err(Refusal::new(Code::SignatureAlg, "another algorithm"));
        }
        key.verifier
            .verify(&signature.signing_input, &signature.signature)
            .map_err(|_| Refusal::new(Code::SignatureInvalid, "no match"))
    }
}

/// A provider with Ed25519, a consumer with P-256, and what they agreed.
struct Scene {
    keys: Keys,
    payload: Vec<u8>,
    agreement: Agreement,
}

fn scene() -> Scene {
    let keys = Keys(vec![
        Key::ed25519("munster.example"),
        Key::p256("firma.example"),
    ]);
    let mut agreement = samples::short_agreement();
    agreement.provider.signing_key.clone_from(&keys.0[0].kid);
    let Assignee::Participant(consumer) = &mut agreement.assignee else {
        panic!()
    };
    consumer.signing_key.clone_from(&keys.0[1].kid);
    Scene {
        payload: contract::to_bytes(&agreement),
        keys,
        agreement,
    }
}

impl Scene {
    fn provider(&self) -> (String, Vec<u8>) {
        self.keys.0[0].entry(Kind::Agreement, Role::Provider, &self.payload)
    }

    fn consumer(&self) -> (String, Vec<u8>) {
        self.keys.0[1].entry(Kind::Agreement, Role::Consumer, &self.payload)
    }

    fn signed(&self) -> Vec<u8> {
        assemble(&self.payload, &[self.provider(), self.consumer()])
    }

    fn accept(&self, bytes: &[u8]) -> Result<Agreed, Refusal> {
        parse_contract(bytes)?.verify(&self.keys)
    }

    #[track_caller]
    fn refused(&self, bytes: &[u8], code: Code) {
        let refusal = self
            .accept(bytes)
            .expect_err(&String::from_utf8_lossy(bytes));
        assert_eq!(refusal.code, code, "{refusal}");
    }

    /// A contract whose consumer signed another header, correctly.
    #[track_caller]
    fn header_refused(&self, header: &str, code: Code) {
        let header = base64url::encode(header.replace("KID", &self.keys.0[1].kid).as_bytes());
        let entry = self.keys.0[1].entry_with(header, &self.payload);
        self.refused(&assemble(&self.payload, &[self.provider(), entry]), code);
    }
}

#[test]
fn two_signatures_make_a_contract() {
    let scene = scene();
    let agreed = scene.accept(&scene.signed()).unwrap();
    assert_eq!(agreed.agreement(), &scene.agreement);
    assert_eq!(agreed.id(), ContractId(Digest::of(&scene.payload)));
    // Halves that were read apart are put together, in whatever order they come.
    let halves: Vec<Signature> = [
        (Role::Consumer, scene.consumer()),
        (Role::Provider, scene.provider()),
    ]
    .into_iter()
    .flat_map(|(role, entry)| {
        let half = parse_half(&assemble(&scene.payload, &[entry]), role).unwrap();
        assert_eq!(half.agreement, scene.agreement);
        half.signatures
    })
    .collect();
    let whole = assemble_signed(&scene.payload, &halves);
    assert_eq!(scene.accept(&whole).unwrap().id(), agreed.id());
}

#[test]
fn josekit_trap_1_a_second_signature_that_is_garbage_is_refused() {
    let scene = scene();
    let (header, _) = scene.consumer();
    for garbage in [vec![0; 64], vec![0xa5; 64], scene.provider().1] {
        let bytes = assemble(
            &scene.payload,
            &[scene.provider(), (header.clone(), garbage)],
        );
        scene.refused(&bytes, Code::SignatureInvalid);
    }
    for length in [0, 1, 63, 65] {
        let garbage = (header.clone(), vec![1; length]);
        let bytes = assemble(&scene.payload, &[scene.provider(), garbage]);
        scene.refused(&bytes, Code::SignatureInvalid);
    }
}

#[test]
fn josekit_trap_2_an_unknown_critical_header_is_refused() {
    let scene = scene();
    let known = r#"{"alg":"ES256","crit":["hansa-role"],"hansa-role":"consumer","iat":1,"kid":"KID","typ":"hansa-agreement+jws"}"#;
    let entry = scene.keys.0[1].entry_with(
        base64url::encode(known.replace("KID", &scene.keys.0[1].kid).as_bytes()),
        &scene.payload,
    );
    assert!(
        scene
            .accept(&assemble(&scene.payload, &[scene.provider(), entry]))
            .is_ok()
    );
    for crit in [
        r#"["hansa-role","exp"]"#,
        r#"["exp"]"#,
        r#"["b64"]"#,
        "[]",
        r#""hansa-role""#,
        r#"["hansa-role","hansa-role"]"#,
    ] {
        let header = known.replace(r#"["hansa-role"]"#, crit);
        scene.header_refused(&header, Code::SignatureHeader);
    }
    let critical = known.replace("\"crit\"", "\"critical\"");
    scene.header_refused(&critical, Code::SignatureHeader);
    let unencoded = known.replace("\"alg\"", "\"b64\":false,\"alg\"");
    scene.header_refused(&unencoded, Code::SignatureHeader);
    let without = known.replace(r#""crit":["hansa-role"],"#, "");
    scene.header_refused(&without, Code::SignatureHeader);
}

#[test]
fn josekit_trap_3_an_algorithm_in_the_unprotected_header_alone_is_refused() {
    let scene = scene();
    let without = r#"{"crit":["hansa-role"],"hansa-role":"consumer","iat":1,"kid":"KID","typ":"hansa-agreement+jws"}"#;
    scene.header_refused(without, Code::SignatureHeader);
    let without = base64url::encode(without.replace("KID", &scene.keys.0[1].kid).as_bytes());
    let entry = scene.keys.0[1].entry_with(without, &scene.payload);
    for entry in [entry, scene.consumer()] {
        let bytes = assemble(&scene.payload, &[scene.provider(), entry.clone()]);
        let text = String::from_utf8(bytes).unwrap();
        let start = format!(r#"{{"protected":"{}""#, entry.0);
        let smuggled = format!(r#"{{"header":{{"alg":"ES256"}},"protected":"{}""#, entry.0);
        scene.refused(
            text.replace(&start, &smuggled).as_bytes(),
            Code::SignatureHeader,
        );
    }
    for alg in ["none", "HS256", "RS256", "Ed25519", "ES384", ""] {
        let header = r#"{"alg":"ALG","crit":["hansa-role"],"hansa-role":"consumer","iat":1,"kid":"KID","typ":"hansa-agreement+jws"}"#;
        scene.header_refused(&header.replace("ALG", alg), Code::SignatureAlg);
    }
    // The other accepted algorithm, but not the one that is registered for the key.
    let header = r#"{"alg":"EdDSA","crit":["hansa-role"],"hansa-role":"consumer","iat":1,"kid":"KID","typ":"hansa-agreement+jws"}"#;
    scene.header_refused(header, Code::SignatureAlg);
}

#[test]
fn josekit_trap_4_duplicate_members_are_refused() {
    let scene = scene();
    let header = r#"{"alg":"ES256","alg":"ES256","crit":["hansa-role"],"hansa-role":"consumer","iat":1,"kid":"KID","typ":"hansa-agreement+jws"}"#;
    scene.header_refused(header, Code::SignatureHeader);
    let text = String::from_utf8(scene.signed()).unwrap();
    let (payload, rest) = text.split_once(r#","signatures""#).unwrap();
    let payload = payload.trim_start_matches('{');
    let doubled = format!(r#"{{{payload},{payload},"signatures"{rest}"#);
    scene.refused(doubled.as_bytes(), Code::ContractMalformed);
    let twice = text.replacen(r#""signature":"#, r#""signature":"","signature":"#, 1);
    scene.refused(twice.as_bytes(), Code::ContractMalformed);
}

#[test]
fn exactly_two_signatures_of_two_parties_are_read() {
    let scene = scene();
    let (provider, consumer) = (scene.provider(), scene.consumer());
    let with = |entries: &[(String, Vec<u8>)]| assemble(&scene.payload, entries);
    scene.refused(&with(&[]), Code::SignatureMissing);
    scene.refused(
        &with(std::slice::from_ref(&provider)),
        Code::SignatureMissing,
    );
    scene.refused(
        &with(std::slice::from_ref(&consumer)),
        Code::SignatureMissing,
    );
    scene.refused(
        &with(&[provider.clone(), provider.clone()]),
        Code::SignatureMissing,
    );
    scene.refused(
        &with(&[consumer.clone(), provider.clone()]),
        Code::SignatureMissing,
    );
    scene.refused(
        &with(&[provider.clone(), consumer.clone(), consumer.clone()]),
        Code::SignatureCount,
    );
    // One key for both parties.
    let both = scene.keys.0[0].entry(Kind::Agreement, Role::Consumer, &scene.payload);
    scene.refused(&with(&[provider.clone(), both]), Code::SignerNotParty);
    // A good signature by somebody else.
    let other = Key::p256("other.example").entry(Kind::Agreement, Role::Consumer, &scene.payload);
    scene.refused(&with(&[provider.clone(), other]), Code::SignerNotParty);
    // A good signature on a statement of another kind.
    let wrong = scene.keys.0[1].entry(Kind::Receipt, Role::Consumer, &scene.payload);
    scene.refused(&with(&[provider.clone(), wrong]), Code::SignatureHeader);
    // A good signature on another payload.
    let mut later = scene.agreement.clone();
    later.version = 2;
    let later = contract::to_bytes(&later);
    let moved = scene.keys.0[1].entry(Kind::Agreement, Role::Consumer, &later);
    scene.refused(&with(&[provider, moved]), Code::SignatureInvalid);
}

#[test]
fn a_public_view_is_signed_by_its_provider_alone() {
    let scene = scene();
    let agreement = Agreement {
        provider: scene.agreement.provider.clone(),
        ..samples::public_view()
    };
    let payload = contract::to_bytes(&agreement);
    let provider = scene.keys.0[0].entry(Kind::Agreement, Role::Provider, &payload);
    let consumer = scene.keys.0[1].entry(Kind::Agreement, Role::Consumer, &payload);
    let one = assemble(&payload, std::slice::from_ref(&provider));
    let two = assemble(&payload, &[provider, consumer.clone()]);
    assert!(parse_offer(&one).unwrap().verify(&scene.keys).is_ok());
    let code = |read: Result<SignedContract, Refusal>| read.unwrap_err().code;
    assert_eq!(code(parse_contract(&one)), Code::SignatureMissing);
    assert_eq!(code(parse_contract(&two)), Code::SignatureCount);
    assert_eq!(code(parse_offer(&two)), Code::SignatureCount);
    assert_eq!(
        code(parse_offer(&assemble(&payload, &[consumer]))),
        Code::SignatureMissing
    );
    let half = assemble(&scene.payload, &[scene.provider()]);
    assert_eq!(code(parse_offer(&half)), Code::SignatureMissing);
    assert_eq!(
        code(parse_half(&half, Role::Consumer)),
        Code::SignatureMissing
    );
    assert_eq!(
        code(parse_half(&one, Role::Provider)),
        Code::ContractMalformed
    );
}

#[test]
fn other_members_and_other_spellings_are_refused() {
    let scene = scene();
    let text = String::from_utf8(scene.signed()).unwrap();
    let check = |from: &str, to: &str| {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text);
        scene.refused(other.as_bytes(), Code::ContractMalformed);
    };
    check("]}", "]}\n");
    check("{\"payload\"", "{ \"payload\"");
    check("{\"payload\"", "{\"header\":{},\"payload\"");
    check(",\"signatures\"", ",\"protected\":\"e30\",\"signatures\"");
    check("\"payload\":\"", "\"payload\":\"=");
    let (head, tail) = text.split_once(",\"signatures\":").unwrap();
    let turned = format!(
        "{{\"signatures\":{},{}}}",
        tail.trim_end_matches('}'),
        head.trim_start_matches('{')
    );
    scene.refused(turned.as_bytes(), Code::ContractMalformed);
}

#[test]
fn any_flipped_byte_of_payload_headers_or_signatures_is_refused() {
    let scene = scene();
    let good = scene.signed();
    assert!(scene.accept(&good).is_ok());
    // Every byte of the file, which holds all three in base64url.
    for index in 0..good.len() {
        for bit in [0, 5] {
            let mut bad = good.clone();
            bad[index] ^= 1 << bit;
            assert!(scene.accept(&bad).is_err(), "byte {index} bit {bit}");
        }
    }
    // Every byte below the encoding.
    let entries = [scene.provider(), scene.consumer()];
    for index in 0..scene.payload.len() {
        let mut payload = scene.payload.clone();
        payload[index] ^= 1;
        assert!(
            scene.accept(&assemble(&payload, &entries)).is_err(),
            "payload {index}"
        );
    }
    for which in [0, 1] {
        let header = base64url::decode(&entries[which].0).unwrap();
        for index in 0..header.len() {
            let mut bad = header.clone();
            bad[index] ^= 1;
            let mut entries = entries.clone();
            entries[which].0 = base64url::encode(&bad);
            assert!(
                scene.accept(&assemble(&scene.payload, &entries)).is_err(),
                "header {index}"
            );
        }
        for index in 0..64 {
            let mut entries = entries.clone();
            entries[which].1[index] ^= 1;
            scene.refused(&assemble(&scene.payload, &entries), Code::SignatureInvalid);
        }
    }
}

#[test]
fn a_withdrawal_is_signed_by_one_party() {
    let scene = scene();
    let agreed = scene.accept(&scene.signed()).unwrap();
    let statement = withdrawal::Statement {
        contract: agreed.id(),
        party: "firma.example".parse().unwrap(),
        effective_at: "2027-01-01T00:00:00Z".parse().unwrap(),
        issued_at: "2026-12-24T00:00:00Z".parse().unwrap(),
        reason: "no longer needed".to_owned(),
    };
    let payload = withdrawal::to_bytes(&statement);
    assert_eq!(withdrawal::from_bytes(&payload).unwrap(), statement);
    let json = evidence::json::parse(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt(&json) {
        assert!(
            withdrawal::from_bytes(&canonical(&spoilt)).is_err(),
            "{place}"
        );
    }
    let entry = scene.keys.0[1].entry(Kind::Withdrawal, Role::Consumer, &payload);
    let bytes = assemble(&payload, std::slice::from_ref(&entry));
    let read = parse_withdrawal(&bytes).unwrap();
    assert_eq!(read.statement, Digest::of(&payload));
    assert!(agreed.revoke(&read, &scene.keys).is_ok());
    let code = |bytes: &[u8]| parse_withdrawal(bytes).unwrap_err().code;
    assert_eq!(code(&assemble(&payload, &[])), Code::SignatureMissing);
    assert_eq!(
        code(&assemble(&payload, &[entry.clone(), entry.clone()])),
        Code::SignatureCount
    );
    let wrong = scene.keys.0[1].entry(Kind::Agreement, Role::Consumer, &payload);
    assert_eq!(code(&assemble(&payload, &[wrong])), Code::SignatureHeader);
    assert_eq!(code(&scene.signed()), Code::SignatureHeader);
    for index in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[index] ^= 1;
        let accepted = parse_withdrawal(&bad).and_then(|read| agreed.revoke(&read, &scene.keys));
        assert!(accepted.is_err(), "byte {index}");
    }
}

#[test]
fn a_receipt_is_signed_and_countersigned() {
    let scene = scene();
    let receipt = crate::receipt::tests::receipt();
    let payload = receipt::to_bytes(&receipt);
    let provider = scene.keys.0[0].entry(Kind::Receipt, Role::Provider, &payload);
    let consumer = scene.keys.0[1].entry(Kind::Receipt, Role::Consumer, &payload);
    let one = assemble(&payload, std::slice::from_ref(&provider));
    let two = assemble(&payload, &[provider.clone(), consumer.clone()]);
    for (bytes, countersigned) in [(&one, false), (&two, true)] {
        let read = parse_receipt(bytes).unwrap();
        assert_eq!(read.receipt, receipt);
        assert_eq!(read.is_countersigned(), countersigned);
        assert_eq!(read.check(&scene.keys), Ok(()));
    }
    let read = parse_receipt(&one).unwrap();
    let counter = parse_receipt(&two).unwrap().signatures.remove(1);
    let signatures = [counter, read.signatures[0].clone()];
    assert_eq!(assemble_signed(&payload, &signatures), two);
    let code = |entries: &[(String, Vec<u8>)]| {
        parse_receipt(&assemble(&payload, entries))
            .and_then(|read| read.check(&scene.keys))
            .unwrap_err()
            .code
    };
    assert_eq!(code(&[]), Code::SignatureMissing);
    assert_eq!(
        code(std::slice::from_ref(&consumer)),
        Code::SignatureMissing
    );
    assert_eq!(
        code(&[provider.clone(), consumer.clone(), consumer.clone()]),
        Code::SignatureCount
    );
    assert_eq!(
        code(&[provider, (consumer.0, vec![9; 64])]),
        Code::SignatureInvalid
    );
    for index in 0..two.len() {
        let mut bad = two.clone();
        bad[index] ^= 1;
        let accepted = parse_receipt(&bad).and_then(|read| read.check(&scene.keys));
        assert!(accepted.is_err(), "byte {index}");
    }
}

#[test]
fn a_dispute_is_signed_by_the_consumer() {
    let scene = scene();
    let receipt = crate::receipt::tests::receipt();
    let dispute = dispute::Dispute {
        request: receipt.request,
        receipt: Digest::of(&receipt::to_bytes(&receipt)),
        provider: receipt.provider,
        consumer: receipt.consumer,
        rows: 999,
        bytes: 65_000,
        result: receipt::ResultDigest([4; 32]),
        issued_at: receipt.last_at,
    };
    let payload = dispute::to_bytes(&dispute);
    let consumer = scene.keys.0[1].entry(Kind::Dispute, Role::Consumer, &payload);
    let read = parse_dispute(&assemble(&payload, std::slice::from_ref(&consumer))).unwrap();
    assert_eq!(read.dispute, dispute);
    assert_eq!(scene.keys.check(&dispute.consumer, &read.signature), Ok(()));
    let code = |entries: &[(String, Vec<u8>)]| {
        parse_dispute(&assemble(&payload, entries))
            .unwrap_err()
            .code
    };
    let provider = scene.keys.0[0].entry(Kind::Dispute, Role::Provider, &payload);
    let receipt = scene.keys.0[1].entry(Kind::Receipt, Role::Consumer, &payload);
    assert_eq!(code(&[]), Code::SignatureMissing);
    assert_eq!(
        code(std::slice::from_ref(&provider)),
        Code::SignatureMissing
    );
    assert_eq!(code(&[provider, consumer]), Code::SignatureCount);
    assert_eq!(code(&[receipt]), Code::SignatureHeader);
    let json = evidence::json::parse(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt(&json) {
        let counted = place == ".rows=2^50" || place == ".bytes=2^50";
        assert_eq!(
            dispute::from_bytes(&canonical(&spoilt)).is_ok(),
            counted,
            "{place}"
        );
    }
}
