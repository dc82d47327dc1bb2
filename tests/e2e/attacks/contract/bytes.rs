//! Bytes that look like a contract.

pub(super) mod payload;

use crate::attacks::AttackVerdict;
use crate::attacks::contract::contract_fixture::{
    ContractSignatureEntry, HEADER, SignedContractFixture,
};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_proto::base64url;
use hansa_proto::envelope::assemble_statement;
use hansa_proto::peer::message::MessageContent;
use std::collections::BTreeSet;

fn code(judged: &Result<(), Refusal>) -> &'static str {
    judged
        .as_ref()
        .map_or_else(|refusal| refusal.code.as_str(), |()| "accepted")
}

/// The code must be one of these; collects those that were met.
fn one_of(judged: &Result<(), Refusal>, codes: &[&str], what: &str) -> Result<(), String> {
    let code = code(judged);
    if codes.contains(&code) {
        Ok(())
    } else {
        Err(format!("{what}: {code} instead of {codes:?}"))
    }
}

/// The forged ones can be told from a good one only by what was changed.
fn honest(fixture: &SignedContractFixture) -> Result<(), String> {
    one_of(&fixture.judge(&fixture.signed), &["accepted"], "as it is")?;
    let again = fixture.both(&fixture.payload());
    one_of(&fixture.judge(&again), &["accepted"], "signed again")?;
    let header = assemble_statement(
        &fixture.payload(),
        &[
            fixture.sign(SignatoryRole::Provider, &fixture.payload()),
            fixture.under(HEADER, &fixture.payload()),
        ],
    );
    one_of(&fixture.judge(&header), &["accepted"], "by hand")
}

pub(super) fn flips(fixture: &mut SignedContractFixture) -> AttackVerdict {
    honest(fixture)?;
    let mut codes = BTreeSet::new();
    let mut tried = 0;
    let mut judge = |bytes: &[u8], what: String| {
        tried += 1;
        match fixture.judge(bytes) {
            Ok(()) => Err(format!("{what}: accepted")),
            Err(refusal) => {
                codes.insert(refusal.code.as_str());
                Ok(())
            }
        }
    };
    for at in 0..fixture.signed.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut bytes = fixture.signed.clone();
            bytes[at] ^= bit;
            judge(&bytes, format!("byte {at} of the file"))?;
        }
    }
    // What is inside base64, one byte at a time.
    let payload = fixture.payload();
    let entries: Vec<ContractSignatureEntry> = [SignatoryRole::Provider, SignatoryRole::Consumer]
        .map(|role| fixture.sign(role, &payload))
        .into();
    for at in 0..payload.len() {
        let mut changed = payload.clone();
        changed[at] ^= 1;
        judge(
            &assemble_statement(&changed, &entries),
            format!("byte {at} of the payload"),
        )?;
    }
    for which in 0..2 {
        for at in 0..entries[which].1.len() {
            let mut changed = entries.clone();
            changed[which].1[at] ^= 1;
            judge(
                &assemble_statement(&payload, &changed),
                format!("byte {at} of a signature"),
            )?;
        }
        let header = base64url::decode(&entries[which].0).unwrap();
        for at in 0..header.len() {
            let mut header = header.clone();
            header[at] ^= 1;
            let mut changed = entries.clone();
            changed[which].0 = base64url::encode(&header);
            judge(
                &assemble_statement(&payload, &changed),
                format!("byte {at} of a header"),
            )?;
        }
    }
    Ok(format!("{tried} files: {codes:?}"))
}

pub(super) fn headers(fixture: &mut SignedContractFixture) -> AttackVerdict {
    honest(fixture)?;
    let payload = fixture.payload();
    let provider = fixture.sign(SignatoryRole::Provider, &payload);
    let (alg, header) = (&["SIGNATURE_ALG"][..], &["SIGNATURE_HEADER"][..]);
    let cases = [
        (r#""ES256""#, r#""none""#, alg),
        (r#""ES256""#, r#""HS256""#, alg),
        (r#""ES256""#, r#""RS256""#, alg),
        (r#""ES256""#, r#""ES384""#, alg),
        (r#""ES256""#, r#""es256""#, alg),
        (r#""ES256""#, r#""""#, alg),
        (r#""ES256""#, "null", header),
        (r#""alg":"ES256","#, "", header),
        (r#"["hansa-role"]"#, r#"["hansa-role","exp"]"#, header),
        (r#"["hansa-role"]"#, r#"["b64"]"#, header),
        (r#"["hansa-role"]"#, "[]", header),
        (r#""alg""#, r#""b64":false,"alg""#, header),
        (r#""alg""#, r#""alg":"none","alg""#, header),
        (
            r#""typ":"hansa-agreement+jws""#,
            r#""typ":"hansa-withdrawal+jws""#,
            header,
        ),
        (r#""typ":"hansa-agreement+jws""#, r#""typ":"JWT""#, header),
        (r#""kid""#, r#""jwk":{"kty":"oct","k":"AA"},"kid""#, header),
        (r#""kid""#, r#""jku":"https://evil.example","kid""#, header),
        (r#""iat":IAT"#, r#""iat":1e3"#, header),
        (r#""iat":IAT"#, r#""iat":"1""#, header),
        (
            r#""consumer""#,
            r#""provider""#,
            &[
                "SIGNATURE_HEADER",
                "SIGNATURE_COUNT",
                "SIGNATURE_MISSING",
                "SIGNER_NOT_PARTY",
            ],
        ),
        (r#""consumer""#, r#""auditor""#, header),
    ];
    for (from, to, codes) in cases {
        let text = HEADER.replacen(from, to, 1);
        assert_ne!(text, HEADER, "{from}");
        let entry = fixture.under(&text, &payload);
        let judged = fixture.judge(&assemble_statement(&payload, &[provider.clone(), entry]));
        one_of(&judged, codes, &text)?;
    }
    // With the public key as the secret of a keyed hash, and an algorithm that nobody signed.
    let entry = fixture.under(&HEADER.replace(r#""alg":"ES256","#, ""), &payload);
    let text = String::from_utf8(assemble_statement(&payload, &[provider, entry.clone()])).unwrap();
    let start = format!(r#"{{"protected":"{}""#, entry.0);
    let smuggled = text.replace(
        &start,
        &format!(r#"{{"header":{{"alg":"ES256"}},"protected":"{}""#, entry.0),
    );
    assert_ne!(smuggled, text);
    one_of(
        &fixture.judge(smuggled.as_bytes()),
        header,
        "alg unprotected alone",
    )?;
    Ok(format!(
        "{} headers: SIGNATURE_ALG, SIGNATURE_HEADER",
        cases.len() + 1
    ))
}

pub(super) fn signatures(fixture: &mut SignedContractFixture) -> AttackVerdict {
    honest(fixture)?;
    let payload = fixture.payload();
    let one = fixture.sign(SignatoryRole::Provider, &payload);
    let two = fixture.sign(SignatoryRole::Consumer, &payload);
    let with =
        |entries: &[ContractSignatureEntry]| fixture.judge(&assemble_statement(&payload, entries));
    let invalid = &["SIGNATURE_INVALID"][..];
    for length in [0, 1, 63, 64, 65, 1000] {
        let garbage = (two.0.clone(), vec![0xa5; length]);
        one_of(&with(&[one.clone(), garbage]), invalid, "garbage")?;
    }
    let swapped = (two.0.clone(), one.1.clone());
    one_of(
        &with(&[one.clone(), swapped]),
        invalid,
        "the other's signature",
    )?;
    let count = &["SIGNATURE_COUNT", "SIGNATURE_MISSING", "SIGNATURE_HEADER"][..];
    one_of(
        &with(std::slice::from_ref(&one)),
        &["SIGNATURE_MISSING"],
        "one",
    )?;
    one_of(&with(&[]), count, "none")?;
    one_of(&with(&[one.clone(), one.clone()]), count, "twice the first")?;
    one_of(
        &with(&[two.clone(), two.clone()]),
        count,
        "twice the second",
    )?;
    one_of(
        &with(&[one.clone(), two.clone(), two.clone()]),
        &["SIGNATURE_COUNT"],
        "three",
    )?;
    let third = fixture.sign_as(SignatoryRole::Consumer, &payload);
    one_of(&with(&[one, two, third]), &["SIGNATURE_COUNT"], "three")?;
    Ok("13 files: SIGNATURE_INVALID, SIGNATURE_MISSING, SIGNATURE_COUNT".to_owned())
}

pub(super) fn signers(fixture: &mut SignedContractFixture) -> AttackVerdict {
    honest(fixture)?;
    let payload = fixture.payload();
    let one = fixture.sign(SignatoryRole::Provider, &payload);
    let with = |entry: ContractSignatureEntry| {
        fixture.judge(&assemble_statement(&payload, &[one.clone(), entry]))
    };
    let party = &["SIGNER_NOT_PARTY"][..];
    one_of(
        &with(fixture.sign_as(SignatoryRole::Consumer, &payload)),
        party,
        "a third one",
    )?;
    let provider_as = fixture.sign_as(SignatoryRole::Provider, &payload);
    let two = fixture.sign(SignatoryRole::Consumer, &payload);
    let judged = fixture.judge(&assemble_statement(&payload, &[provider_as, two.clone()]));
    one_of(&judged, party, "a third one for the provider")?;
    let late = &["KEY_NOT_VALID_AT_SIGNING"][..];
    for iat in [0, -1, 1_000_000_000, 99_999_999_999, i64::MAX / 2] {
        let judged = with(fixture.sign_at(SignatoryRole::Consumer, &payload, iat));
        one_of(
            &judged,
            &["KEY_NOT_VALID_AT_SIGNING", "SIGNATURE_HEADER"],
            &iat.to_string(),
        )?;
    }
    // A good signature that comes in when its key is over: whoever holds an old key can write any time into it.
    let far = UtcTimestamp::from_micros(4_102_444_800_000_000).unwrap();
    let bytes = assemble_statement(&payload, &[one.clone(), two]);
    one_of(
        &fixture.judge_at(&bytes, far),
        late,
        "received after the key's end",
    )?;
    let before = UtcTimestamp::from_micros(1_000_000_000_000_000).unwrap();
    one_of(
        &fixture.judge_at(&bytes, before),
        late,
        "received before the key's first day",
    )?;
    Ok("9 files: SIGNER_NOT_PARTY, KEY_NOT_VALID_AT_SIGNING".to_owned())
}

/// The payload with a text put in the place of another, signed by both, proposed on the wire, and put on the disk.
pub(super) fn unknown(fixture: &mut SignedContractFixture) -> AttackVerdict {
    honest(fixture)?;
    let payload = String::from_utf8(fixture.payload()).unwrap();
    let cases = [
        ("\"uid\":\"#c2\"", "\"h:mood\":1,\"uid\":\"#c2\""),
        (
            "\"leftOperand\":\"purpose\"",
            "\"leftOperand\":\"h:weather\"",
        ),
        ("\"operator\":\"isA\"", "\"operator\":\"xone\""),
        ("\"profile\":", "\"obligation\":[],\"profile\":"),
        ("\"conflict\":\"prohibit\"", "\"conflict\":\"perm\""),
        (
            "\"profile\":\"urn:hansa:odrl:1\"",
            "\"profile\":\"urn:hansa:odrl:2\"",
        ),
        ("\"@type\":\"Agreement\"", "\"@type\":\"Offer\""),
        ("\"template\":null", "\"template\":null,\"zz\":1"),
        (
            "http://www.w3.org/ns/odrl.jsonld",
            "https://evil.example/odrl.jsonld",
        ),
    ];
    let mut codes = BTreeSet::new();
    let mut forged = None;
    for (from, to) in cases {
        let changed = payload.replacen(from, to, 1);
        if changed == payload {
            return Err(format!("`{from}` does not stand in the payload: {payload}"));
        }
        let bytes = fixture.both(changed.as_bytes());
        let judged = fixture.judge(&bytes);
        one_of(
            &judged,
            &["TERM_UNKNOWN", "CONTRACT_MALFORMED", "TERM_ILL_TYPED"],
            to,
        )?;
        codes.insert(code(&judged));
        let wire = fixture.attacker.send_message(MessageContent::Request {
            negotiation: format!("n-unknown{}", codes.len()),
            dataset: fixture.agreement.dataset.id.clone(),
            offer: None,
            payload: changed.clone().into_bytes().into(),
        });
        one_of(
            &wire,
            &["TERM_UNKNOWN", "CONTRACT_MALFORMED", "TERM_ILL_TYPED"],
            to,
        )?;
        forged.get_or_insert((
            bytes,
            ContractId(hansa_audit_log::digest::Digest::of(changed.as_bytes())),
        ));
    }
    // A term that this version does not know, in a contract that both signed, in the place of the one that is in force.
    let (bytes, id) = forged.ok_or("nothing was forged")?;
    let folder = fixture.lindau.folder().join("state");
    let file = find(&folder, &fixture.id.to_string()).ok_or("no file of the contract")?;
    fixture.lindau.stop();
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let renamed = file.with_file_name(
        file.file_name()
            .unwrap()
            .to_string_lossy()
            .replace(&fixture.id.to_string(), &id.to_string()),
    );
    std::fs::write(&renamed, &bytes).unwrap();
    fixture.lindau.serve();
    fixture.reconnect();
    let loaded = [fixture.id, id].map(|id| fixture.ask(id, "SELECT count(*) FROM open").code());
    let others = fixture.lindau.hansa(&["--json", "status"]).must().out;
    fixture.lindau.stop();
    std::fs::write(&file, good).unwrap();
    std::fs::remove_file(renamed).unwrap();
    fixture.lindau.serve();
    fixture.reconnect();
    let back = fixture.ask(fixture.id, "SELECT count(*) FROM open");
    if loaded != ["CONTRACT_UNKNOWN"; 2] {
        return Err(format!("at load: {loaded:?} {others}"));
    }
    if back.rows != ["2"] {
        return Err(format!(
            "the good one does not come back: {}",
            back.message()
        ));
    }
    Ok(format!(
        "{} payloads: {codes:?}; at load: CONTRACT_UNKNOWN",
        cases.len()
    ))
}

fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return find(&path, name);
        }
        path.file_name()?.to_str()?.contains(name).then_some(path)
    })
}
