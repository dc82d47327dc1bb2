//! Keys of forms: each is good for one act on one subject in one session, once, for ten minutes.

use hansa_policy::refusal::{ErrorCode, Refusal};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Life of a key, microseconds.
const LIFE: i64 = 600 * 1_000_000;

/// Letters of a key: 16 random bytes, 8 bytes of its end and 32 bytes of its code, as hexadecimal digits.
const LETTERS: usize = 2 * (16 + 8 + 32);

/// Form of a page, to which a key is bound.
#[derive(Debug, Clone, Copy)]
pub struct FormSubject<'a> {
    /// Secret of the session.
    pub session: &'a str,
    /// Words of the act, such as `contract sign`.
    pub act: &'a str,
    /// Identity of the contract, the negotiation or the pending act.
    pub subject: &'a str,
    /// Digest of the text that the page shows; empty where it shows none.
    pub shown: &'a str,
}

/// Makes a key. It needs no memory here, so a page with a form changes nothing.
pub fn make_form_key(subject: FormSubject<'_>, random: [u8; 16], ticks: i64) -> String {
    let end = ticks.saturating_add(LIFE);
    let mut text = String::with_capacity(LETTERS);
    push_hex(&mut text, &random);
    push_hex(&mut text, &end.to_be_bytes());
    let code = compute_code(subject, &text).finalize().into_bytes();
    push_hex(&mut text, &code);
    text
}

/// Checks a key that a form sends back, except that it was not used before.
///
/// # Errors
/// `FORM_STALE` for a key of another session, act, subject or text, and for one that is over.
pub fn check_form_key(subject: FormSubject<'_>, key: &str, ticks: i64) -> Result<(), Refusal> {
    let stale = || {
        let sentence = "the form is over, was used, or belongs to another page";
        Refusal::new(ErrorCode::FormStale, sentence)
    };
    if key.len() != LETTERS || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(stale());
    }
    let (text, code) = key.split_at(2 * (16 + 8));
    let end = i64::from_str_radix(text.get(32..).unwrap_or_default(), 16);
    let is_open = end.is_ok_and(|end| ticks < end);
    let code: Option<Vec<u8>> = code
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let expected = compute_code(subject, text);
    let is_own = code.is_some_and(|code| expected.verify_slice(&code).is_ok());
    if is_own && is_open {
        Ok(())
    } else {
        Err(stale())
    }
}

/// Code of a key (RFC 2104). Each part has its length in front, so that no two forms have one message.
fn compute_code(subject: FormSubject<'_>, text: &str) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(subject.session.as_bytes())
        .unwrap_or_else(|_| unreachable!("a key of any length is taken"));
    for part in [
        "form key 1",
        text,
        subject.act,
        subject.subject,
        subject.shown,
    ] {
        code.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        code.update(part.as_bytes());
    }
    code
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    use std::fmt::Write as _;
    for byte in bytes {
        // Writing to a `String` can't fail.
        let _ = write!(text, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 7_000_000;
    const SUBJECT: FormSubject<'static> = FormSubject {
        session: "secret",
        act: "contract sign",
        subject: "n-3c51",
        shown: "e7a2",
    };

    #[test]
    fn a_key_is_good_for_its_form_alone() {
        let key = make_form_key(SUBJECT, [7; 16], NOW);
        assert_eq!(key.len(), LETTERS);
        check_form_key(SUBJECT, &key, NOW + LIFE - 1).unwrap();
        let refused = |subject: FormSubject<'_>, key: &str, ticks: i64| {
            let refusal = check_form_key(subject, key, ticks).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::FormStale);
        };
        refused(SUBJECT, &key, NOW + LIFE);
        for other in [
            FormSubject {
                session: "other",
                ..SUBJECT
            },
            FormSubject {
                act: "contract withdraw",
                ..SUBJECT
            },
            FormSubject {
                subject: "n-3c52",
                ..SUBJECT
            },
            FormSubject {
                shown: "e7a3",
                ..SUBJECT
            },
            FormSubject {
                act: "contract signn-3",
                subject: "c51",
                ..SUBJECT
            },
        ] {
            refused(other, &key, NOW);
        }
        for at in [0, 33, 40, key.len() - 1] {
            let mut wrong = key.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            refused(SUBJECT, &String::from_utf8(wrong).unwrap(), NOW);
        }
        for wrong in [
            "",
            "zz",
            &key[1..],
            &format!("{key}0"),
            &"é".repeat(LETTERS / 2),
        ] {
            refused(SUBJECT, wrong, NOW);
        }
    }
}
