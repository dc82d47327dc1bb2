//! Payloads that say more, twice, or in another order.

use super::*;

pub(crate) fn strict(fixture: &mut SignedContractFixture) -> AttackVerdict {
    honest(fixture)?;
    let payload = String::from_utf8(fixture.payload()).unwrap();
    let version = "\"version\":1";
    assert!(payload.contains(version), "{payload}");
    let replaced = |to: &str| payload.replacen(version, to, 1);
    let nested = |open: &str, close: &str| {
        replaced(&format!(
            "\"version\":{}1{}",
            open.repeat(200),
            close.repeat(200)
        ))
    };
    let cases = [
        ("a duplicate", replaced("\"version\":1,\"version\":1")),
        (
            "an escaped duplicate",
            replaced("\"version\":1,\"versio\\u006e\":1"),
        ),
        ("2^53 + 1", replaced("\"version\":9007199254740993")),
        ("an exponent", replaced("\"version\":1e0")),
        ("1e3", replaced("\"version\":1e3")),
        ("a fraction", replaced("\"version\":1.0")),
        ("minus nought", replaced("\"version\":-0")),
        ("a leading nought", replaced("\"version\":01")),
        ("a text", replaced("\"version\":\"1\"")),
        ("NaN", replaced("\"version\":NaN")),
        (
            "a lone surrogate",
            payload
                .replacen("\"jurisdiction\"", "\"\\ud800\"", 1)
                .replacen("urn:uuid:", "urn:uuid:\\ud800", 1),
        ),
        ("a control character", replaced("\"version\":1,\"\u{1}\":1")),
        ("depth of lists", nested("[", "]")),
        ("depth of objects", nested("{\"a\":", "}")),
        ("trailing bytes", format!("{payload} ")),
        ("a second document", format!("{payload}{payload}")),
        ("a byte order mark", format!("\u{feff}{payload}")),
        ("blanks", payload.replacen(':', ": ", 1)),
        ("another order", reordered(&payload)),
        (
            "an escape that is not needed",
            payload.replacen("hansa", "h\\u0061nsa", 1),
        ),
        ("a comment", payload.replacen('{', "{/**/", 1)),
        ("nothing", String::new()),
        ("a list", "[]".to_owned()),
        (
            "10 MB",
            replaced(&format!("\"version\":\"{}\"", "x".repeat(10_000_000))),
        ),
    ];
    for (what, text) in &cases {
        if *text == payload {
            return Err(format!("{what}: nothing was changed"));
        }
        let codes = ["CONTRACT_MALFORMED", "MESSAGE_TOO_LARGE"];
        one_of(&fixture.judge(&fixture.both(text.as_bytes())), &codes, what)?;
        // The same text as the envelope itself.
        one_of(
            &fixture.judge(text.as_bytes()),
            &["CONTRACT_MALFORMED", "SIGNATURE_HEADER"],
            what,
        )?;
    }
    let envelope = String::from_utf8(fixture.signed.clone()).unwrap();
    for (what, text) in [
        ("an unknown member", envelope.replacen('{', "{\"a\":1,", 1)),
        (
            "padding",
            envelope.replacen("\",\"signatures\"", "=\",\"signatures\"", 1),
        ),
        ("trailing bytes", format!("{envelope}\n\n")),
        ("a NUL", format!("{envelope}\0")),
        ("half", envelope[..envelope.len() / 2].to_owned()),
    ] {
        let codes = ["CONTRACT_MALFORMED", "SIGNATURE_HEADER"];
        one_of(&fixture.judge(text.as_bytes()), &codes, what)?;
    }
    // On the wire too, where they arrive.
    let wire = fixture.attacker.send_message(MessageContent::Request {
        negotiation: "n-strict".to_owned(),
        dataset: fixture.agreement.dataset.id.clone(),
        offer: None,
        payload: cases[0].1.clone().into_bytes().into(),
    });
    one_of(&wire, &["CONTRACT_MALFORMED"], "on the wire")?;
    Ok(format!("{} texts: CONTRACT_MALFORMED", cases.len() * 2 + 6))
}

/// The first two members change places.
pub(super) fn reordered(payload: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(payload).unwrap();
    let members: Vec<String> = value
        .as_object()
        .unwrap()
        .iter()
        .rev()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}
