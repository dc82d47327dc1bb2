//! Tests: four faults that the library josekit accepts are refused here.

use super::fixture::EnvelopeFixture;
use super::*;

/// Header of a consumer's signature. `KID` stands for its key.
const HEADER: &str = r#"{"alg":"ES256","crit":["hansa-role"],"hansa-role":"consumer","iat":1,"kid":"KID","typ":"hansa-agreement+jws"}"#;

impl EnvelopeFixture {
    /// The consumer's correct signature under another header.
    fn consumer_under(&self, header: &str) -> SignatureEntry {
        let key = &self.keys.0[1];
        let header = base64url::encode(header.replace("KID", &key.kid).as_bytes());
        key.entry_with(header, &self.payload)
    }

    /// Contract whose consumer correctly signed [`HEADER`] with `from` replaced by `to`.
    #[track_caller]
    fn header_refused(&self, from: &str, to: &str, code: ErrorCode) {
        let header = HEADER.replace(from, to);
        assert_ne!(header, HEADER);
        let entry = self.consumer_under(&header);
        self.refused(&self.with(&[&self.provider(), &entry]), code);
    }
}

#[test]
fn josekit_trap_1_a_second_signature_that_is_garbage_is_refused() {
    let fixture = envelope_fixture();
    let (header, _) = fixture.consumer();
    let lengths = [0, 1, 63, 65].map(|length| vec![1; length]);
    let garbage = [vec![0; 64], vec![0xa5; 64], fixture.provider().1];
    for garbage in garbage.into_iter().chain(lengths) {
        let bytes = fixture.with(&[&fixture.provider(), &(header.clone(), garbage)]);
        fixture.refused(&bytes, ErrorCode::SignatureInvalid);
    }
}

#[test]
fn josekit_trap_2_an_unknown_critical_header_is_refused() {
    let fixture = envelope_fixture();
    let good = fixture.consumer_under(HEADER);
    assert!(
        fixture
            .accept(&fixture.with(&[&fixture.provider(), &good]))
            .is_ok()
    );
    for (from, to) in [
        (r#"["hansa-role"]"#, r#"["hansa-role","exp"]"#),
        (r#"["hansa-role"]"#, r#"["exp"]"#),
        (r#"["hansa-role"]"#, r#"["b64"]"#),
        (r#"["hansa-role"]"#, "[]"),
        (r#"["hansa-role"]"#, r#""hansa-role""#),
        (r#"["hansa-role"]"#, r#"["hansa-role","hansa-role"]"#),
        (r#""crit""#, r#""critical""#),
        (r#""crit":["hansa-role"],"#, ""),
        (r#""alg""#, r#""b64":false,"alg""#),
    ] {
        fixture.header_refused(from, to, ErrorCode::SignatureHeader);
    }
}

#[test]
fn josekit_trap_3_an_algorithm_in_the_unprotected_header_alone_is_refused() {
    let fixture = envelope_fixture();
    let alg = r#""alg":"ES256","#;
    fixture.header_refused(alg, "", ErrorCode::SignatureHeader);
    for entry in [
        fixture.consumer_under(&HEADER.replace(alg, "")),
        fixture.consumer(),
    ] {
        let text = String::from_utf8(fixture.with(&[&fixture.provider(), &entry])).unwrap();
        let start = format!(r#"{{"protected":"{}""#, entry.0);
        let smuggled = format!(r#"{{"header":{{"alg":"ES256"}},"protected":"{}""#, entry.0);
        let bytes = text.replace(&start, &smuggled).into_bytes();
        fixture.refused(&bytes, ErrorCode::SignatureHeader);
    }
    // The last algorithm is accepted in general, but is not the registered one of the key.
    for alg in ["none", "HS256", "RS256", "Ed25519", "ES384", "", "EdDSA"] {
        fixture.header_refused("ES256", alg, ErrorCode::SignatureAlg);
    }
    // An unknown algorithm decides over an unknown member.
    let later = r#""alg":"ES384","zzz":1,"#;
    fixture.header_refused(r#""alg":"ES256","#, later, ErrorCode::SignatureAlg);
}

#[test]
fn josekit_trap_4_duplicate_members_are_refused() {
    let fixture = envelope_fixture();
    let alg = r#""alg":"ES256","#;
    fixture.header_refused(alg, &alg.repeat(2), ErrorCode::SignatureHeader);
    let text = String::from_utf8(fixture.signed()).unwrap();
    let (payload, rest) = text.split_once(r#","signatures""#).unwrap();
    let payload = payload.trim_start_matches('{');
    let doubled = format!(r#"{{{payload},{payload},"signatures"{rest}"#);
    fixture.refused(doubled.as_bytes(), ErrorCode::ContractMalformed);
    let twice = text.replacen(r#""signature":"#, r#""signature":"","signature":"#, 1);
    fixture.refused(twice.as_bytes(), ErrorCode::ContractMalformed);
}
