//! Keys of forms: each is good for one act on one subject in one session, once, for ten minutes.

use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::base64url;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Life of a key, microseconds.
const LIFE: i64 = 600 * 1_000_000;

/// Bytes of a key before its code: 16 random ones, and its end.
const HEAD: usize = 16 + 8;

/// Form of a page, to which a key is bound.
#[derive(Debug, Clone, Copy)]
pub struct FormSubject<'a> {
    /// Secret of the session.
    pub session: &'a str,
    /// Words of the act, such as `contract sign`.
    pub act: &'a str,
    /// Identity of the subject, such as a contract or a pending act.
    pub subject: &'a str,
    /// Digest of the text that the page shows; empty where it shows none.
    pub shown: &'a str,
}

/// Reason why the key of a form opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormKeyFault {
    /// The key is over, or belongs to another session, act, subject or text.
    Over,
    /// The form was sent with it before.
    Sent,
}

impl From<FormKeyFault> for Refusal {
    fn from(fault: FormKeyFault) -> Self {
        let sentence = match fault {
            FormKeyFault::Over => "the form is over, was used, or belongs to another page",
            FormKeyFault::Sent => "this form was sent already; nothing was done a second time",
        };
        Self::new(ErrorCode::FormStale, sentence)
    }
}

/// Makes a key. It needs no memory here, so a page with a form changes nothing.
pub fn make_form_key(subject: FormSubject<'_>, random: [u8; 16], ticks: i64) -> String {
    let end = ticks.saturating_add(LIFE);
    let mut bytes = random.to_vec();
    bytes.extend_from_slice(&end.to_be_bytes());
    let code = compute_code(subject, &bytes).finalize().into_bytes();
    bytes.extend_from_slice(&code);
    base64url::encode(&bytes)
}

/// Checks a key that a form sends back, except that it was not used before.
///
/// # Errors
/// [`FormKeyFault::Over`] for a key of another session, act, subject or text, and for one that is over.
pub fn check_form_key(subject: FormSubject<'_>, key: &str, ticks: i64) -> Result<(), FormKeyFault> {
    // A key has one spelling, so that none is used twice under two of them.
    let bytes = base64url::decode(key).ok_or(FormKeyFault::Over)?;
    let (head, code) = bytes.split_at_checked(HEAD).ok_or(FormKeyFault::Over)?;
    let end = head.last_chunk::<8>().copied().map(i64::from_be_bytes);
    let is_open = end.is_some_and(|end| ticks < end);
    let is_own = compute_code(subject, head).verify_slice(code).is_ok();
    if is_own && is_open {
        Ok(())
    } else {
        Err(FormKeyFault::Over)
    }
}

/// Code of a key (RFC 2104). Each part has its length in front, so that no two forms have one message.
fn compute_code(subject: FormSubject<'_>, head: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(subject.session.as_bytes())
        .unwrap_or_else(|_| unreachable!("a key of any length is taken"));
    for part in [
        b"form key 1".as_slice(),
        head,
        subject.act.as_bytes(),
        subject.subject.as_bytes(),
        subject.shown.as_bytes(),
    ] {
        code.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        code.update(part);
    }
    code
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
        check_form_key(SUBJECT, &key, NOW + LIFE - 1).unwrap();
        let refused = |subject: FormSubject<'_>, key: &str, ticks: i64| {
            let fault = check_form_key(subject, key, ticks).unwrap_err();
            assert_eq!(fault, FormKeyFault::Over);
            assert_eq!(Refusal::from(fault).code, ErrorCode::FormStale);
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
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            refused(SUBJECT, &String::from_utf8(wrong).unwrap(), NOW);
        }
        // Another spelling of one key is none.
        for other in [key.to_lowercase(), format!("{key}="), format!(" {key}")] {
            refused(SUBJECT, &other, NOW);
        }
        for wrong in ["", "zz", &key[1..], &format!("{key}0"), &"é".repeat(38)] {
            refused(SUBJECT, wrong, NOW);
        }
    }
}
