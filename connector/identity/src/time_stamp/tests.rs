//! Tests: digest, signature, certificate and anchor of a token are each required.

use super::anchors::TimeStampAnchors;
use super::object_identifier::{SIGNED_DATA, to_dotted_text};
use super::request::TimeStampRequest;
use super::test_authority::{
    TIME_STAMPING_USE, TestAuthority, TestAuthoritySpec, TestTokenSpec, encode_element,
};
use super::{VerifiedTimeStamp, verify_token};
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::ErrorCode;
use rcgen::KeyUsagePurpose;

const HEAD: &[u8] = b"a head with its signature";

fn good() -> TestTokenSpec {
    TestTokenSpec::for_bytes(HEAD)
}

fn judged(authority: &TestAuthority, spec: &TestTokenSpec) -> Result<VerifiedTimeStamp, ErrorCode> {
    let token = authority.token(spec);
    verify_token(&token, &Digest::of(HEAD), &authority.anchors()).map_err(|refusal| refusal.code)
}

#[test]
fn a_good_token_says_when_and_by_whom() {
    let authority = TestAuthority::new();
    let found = judged(&authority, &good()).unwrap();
    assert_eq!(found.authority, "CN=Clock of the lake");
    assert_eq!(found.at.to_string(), "2026-06-10T12:00:00Z");
    assert_eq!(found.existed_before, found.at);
    assert_eq!(found.serial, "115c");
    assert_eq!(found.policy, "1.2.3.4.1");
    for named in [(false, true), (true, true)] {
        judged(&authority, &TestTokenSpec { named, ..good() }).unwrap();
    }
}

#[test]
fn the_deviation_that_the_authority_admits_counts_against_it() {
    let authority = TestAuthority::new();
    // One second, 500 milliseconds and 7 microseconds.
    let accuracy = encode_element(
        0x30,
        &[
            &encode_element(0x02, &[&[1]]),
            &encode_element(0x80, &[&[0x01, 0xf4]]),
            &encode_element(0x81, &[&[7]]),
        ],
    );
    let spec = TestTokenSpec {
        accuracy,
        time: "20260610120000.25Z",
        ..good()
    };
    let found = judged(&authority, &spec).unwrap();
    assert_eq!(found.at.to_string(), "2026-06-10T12:00:00.25Z");
    assert_eq!(
        found.existed_before.to_string(),
        "2026-06-10T12:00:01.750007Z"
    );
    // A fraction below a microsecond is rounded to the later instant.
    let spec = TestTokenSpec {
        time: "20260610120000.2500001Z",
        ..good()
    };
    let found = judged(&authority, &spec).unwrap();
    assert_eq!(
        found.existed_before.to_string(),
        "2026-06-10T12:00:00.250001Z"
    );
}

#[test]
fn what_is_not_a_good_token_is_refused() {
    use ErrorCode::{SignatureAlg, TimeStampInvalid, TimeStampNotTrusted};
    let authority = TestAuthority::new();
    let stranger = TestAuthority::new();
    let critical = encode_element(
        0xa1,
        &[&encode_element(
            0x30,
            &[
                &encode_element(0x06, &[&[0x2a, 3]]),
                &encode_element(0x01, &[&[0xff]]),
                &encode_element(0x04, &[]),
            ],
        )],
    );
    let cases = [
        (
            "imprint",
            TestTokenSpec::for_bytes(b"another head"),
            TimeStampInvalid,
        ),
        (
            "version",
            TestTokenSpec {
                version: 2,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "signature",
            TestTokenSpec {
                signature_flip: 1,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "content type",
            TestTokenSpec {
                content_type: SIGNED_DATA,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "unnamed certificate",
            TestTokenSpec {
                named: (false, false),
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "certificate of another",
            TestTokenSpec {
                named_certificate: Some(stranger.certificate.to_vec()),
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "no certificate",
            TestTokenSpec {
                without_certificates: true,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "two signers",
            TestTokenSpec {
                signers: 2,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "no signer",
            TestTokenSpec {
                signers: 0,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "critical extension",
            TestTokenSpec {
                more: critical,
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "zero at the end of a fraction",
            TestTokenSpec {
                time: "20260610120000.50Z",
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "local time",
            TestTokenSpec {
                time: "20260610120000",
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "day that is none",
            TestTokenSpec {
                time: "20260231120000Z",
                ..good()
            },
            TimeStampInvalid,
        ),
        (
            "after the end of its certificate",
            TestTokenSpec {
                time: "20290610120000Z",
                ..good()
            },
            TimeStampNotTrusted,
        ),
        (
            "before its certificate",
            TestTokenSpec {
                time: "20200610120000Z",
                ..good()
            },
            TimeStampNotTrusted,
        ),
        (
            "unknown signature algorithm",
            TestTokenSpec {
                signature_algorithm: &[0x2a, 3, 4],
                ..good()
            },
            SignatureAlg,
        ),
    ];
    for (name, spec, code) in cases {
        assert_eq!(judged(&authority, &spec), Err(code), "{name}");
    }
}

#[test]
fn the_certificate_is_for_time_stamps_alone_and_critically_so() {
    let document_signing: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 36];
    let cases = [
        TestAuthoritySpec {
            critical: false,
            ..TestAuthoritySpec::default()
        },
        TestAuthoritySpec {
            uses: vec![document_signing],
            ..TestAuthoritySpec::default()
        },
        TestAuthoritySpec {
            uses: vec![TIME_STAMPING_USE, document_signing],
            ..TestAuthoritySpec::default()
        },
        TestAuthoritySpec {
            key_usage: KeyUsagePurpose::KeyEncipherment,
            ..TestAuthoritySpec::default()
        },
    ];
    for (number, spec) in cases.iter().enumerate() {
        let authority = TestAuthority::from_spec(spec);
        assert_eq!(
            judged(&authority, &good()),
            Err(ErrorCode::TimeStampInvalid),
            "{number}"
        );
    }
}

#[test]
fn an_anchor_vouches_only_for_what_is_below_it_and_in_its_time() {
    let (authority, stranger) = (TestAuthority::new(), TestAuthority::new());
    let token = authority.token(&good());
    let refusal = verify_token(&token, &Digest::of(HEAD), &stranger.anchors()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::TimeStampNotTrusted);
    let over = TestAuthority::from_spec(&TestAuthoritySpec {
        root_until: 1,
        ..TestAuthoritySpec::default()
    });
    assert_eq!(judged(&over, &good()), Err(ErrorCode::TimeStampNotTrusted));
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    ] {
        let refusal = TimeStampAnchors::read(text.as_bytes()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::KeyInvalid);
    }
    // An authority's own certificate is not an anchor above it.
    let own = crate::pem::encode_certificates(std::slice::from_ref(&authority.certificate));
    TimeStampAnchors::read(own.as_bytes()).unwrap_err();
}

fn response(status: u8, more: &[u8]) -> Vec<u8> {
    let status = encode_element(0x30, &[&encode_element(0x02, &[&[status]])]);
    encode_element(0x30, &[&status, more])
}

#[test]
fn a_response_is_taken_for_its_own_request_alone() {
    let authority = TestAuthority::new();
    let anchors = authority.anchors();
    let request = TimeStampRequest::new(Digest::of(HEAD), [0xff; 8]);
    let nonce = vec![0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let token = authority.token(&TestTokenSpec {
        nonce: Some(nonce),
        ..good()
    });
    let accepted = request
        .accept_response(&response(0, &token), &anchors)
        .unwrap();
    assert_eq!(accepted.token, token);
    let code = |request: &TimeStampRequest, bytes: &[u8]| {
        request.accept_response(bytes, &anchors).unwrap_err().code
    };
    let another = TimeStampRequest::new(Digest::of(HEAD), [1; 8]);
    assert_eq!(
        code(&another, &response(0, &token)),
        ErrorCode::TimeStampInvalid
    );
    let without = authority.token(&good());
    assert_eq!(
        code(&request, &response(0, &without)),
        ErrorCode::TimeStampInvalid
    );
    assert_eq!(
        code(&request, &response(2, &[])),
        ErrorCode::TimeStampUnavailable
    );
    assert_eq!(
        code(&request, &response(0, &[])),
        ErrorCode::TimeStampInvalid
    );
    assert_eq!(code(&request, b"<html>"), ErrorCode::TimeStampInvalid);
    assert_eq!(
        code(&request, &vec![0x30; 200_000]),
        ErrorCode::TimeStampInvalid
    );
}

#[test]
fn a_request_is_the_one_of_the_standard() {
    let request = TimeStampRequest::new(Digest::from_bytes([0xaa; 32]), [0; 8]);
    let mut expected = vec![0x30, 0x43, 0x02, 1, 1, 0x30, 0x31, 0x30, 0x0d, 0x06, 9];
    expected.extend([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32]);
    expected.extend([0xaa; 32]);
    expected.extend([2, 8, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xff]);
    assert_eq!(request.to_der(), expected);
}

#[test]
fn object_identifiers_are_written_with_dots() {
    assert_eq!(to_dotted_text(SIGNED_DATA).unwrap(), "1.2.840.113549.1.7.2");
    assert_eq!(to_dotted_text(&[0x88, 0x37]).unwrap(), "2.999");
    for wrong in [&[][..], &[0x80, 1], &[0x2a, 0x86], &[0xff; 12]] {
        assert_eq!(to_dotted_text(wrong), None, "{wrong:?}");
    }
}
