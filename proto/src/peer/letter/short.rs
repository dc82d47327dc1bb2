//! The word on a receipt, without the receipt: the provider has issued it and most often still holds it.

use super::{Content, Letter, LetterId, from_wire, to_wire};
use crate::base64url;
use crate::envelope::parts::{Mark, Parts};
use crate::envelope::{Kind, protected_header};
use crate::peer::{field, pb};
use bytes::Bytes;
use hansa_audit_log::json::{Json, Limits, parse};
use hansa_policy::contract::Role;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::Refusal;

/// A letter as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// As it stands.
    Whole(Letter),
    /// Without what the other side holds.
    Short(Short),
}

/// An acknowledgement of which the receipt is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    /// The letter's identity.
    pub id: LetterId,
    /// The question.
    pub request: RequestId,
    /// The consumer's signature on the receipt.
    pub word: Word,
    /// A head of the provider's log that the consumer has checked and cosigned.
    pub witnessed: Option<Bytes>,
}

/// A consumer's signature on a receipt, whose header says nothing beside what all such headers do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    alg: String,
    kid: String,
    issued_at: i64,
    signature: Vec<u8>,
}

impl Word {
    fn of(mark: &Mark) -> Option<Self> {
        let header = parse(&mark.header, HEADER).ok()?;
        let text = |name: &str| header.get(name).and_then(Json::as_text).map(str::to_owned);
        let word = Self {
            alg: text("alg")?,
            kid: text("kid")?,
            issued_at: header.get("iat").and_then(Json::as_int)?,
            signature: mark.signature.clone(),
        };
        (word.mark().as_ref() == Some(mark)).then_some(word)
    }

    fn mark(&self) -> Option<Mark> {
        let (role, kind) = (Role::Consumer, Kind::Receipt);
        let header = protected_header(kind, role, &self.alg, &self.kid, self.issued_at);
        Some(Mark {
            header: base64url::decode(&header)?,
            signature: self.signature.clone(),
        })
    }
}

impl Short {
    /// The letter without the receipt; nothing where it is no acknowledgement, or the receipt would not come of its parts.
    #[must_use]
    pub fn of(letter: &Letter) -> Option<Self> {
        let Content::Acknowledgement {
            request,
            receipt,
            disputed: false,
            witnessed,
        } = &letter.content
        else {
            return None;
        };
        let mut marks = Parts::of(receipt)?.marks.into_iter();
        let (Some(_provider), Some(mark), None) = (marks.next(), marks.next(), marks.next()) else {
            return None;
        };
        Some(Self {
            id: letter.id,
            request: *request,
            word: Word::of(&mark)?,
            witnessed: witnessed.clone(),
        })
    }

    /// The letter, with the receipt as it was issued; nothing where that is no receipt of one signature.
    #[must_use]
    pub fn whole(self, issued: &[u8]) -> Option<Letter> {
        let mut parts = Parts::of(issued)?;
        if parts.marks.len() != 1 {
            return None;
        }
        parts.marks.push(self.word.mark()?);
        Some(Letter {
            id: self.id,
            content: Content::Acknowledgement {
                request: self.request,
                receipt: parts.assemble().into(),
                disputed: false,
                witnessed: self.witnessed,
            },
        })
    }
}

/// Takes a letter apart as it was handed in.
///
/// # Errors
/// As [`from_wire`].
pub fn handed_from_wire(message: Option<pb::Letter>) -> Result<Handed, Refusal> {
    match message {
        Some(pb::Letter {
            id,
            content:
                Some(pb::letter::Content::Acknowledgement(pb::Acknowledgement {
                    request_id,
                    receipt,
                    disputed,
                    witnessed,
                    countersignature: Some(word),
                })),
        }) => {
            if disputed || !receipt.is_empty() {
                return Err(field::malformed(
                    "a countersignature stands beside a receipt or a dispute",
                ));
            }
            Ok(Handed::Short(Short {
                id: LetterId(field::fixed("id", &id)?),
                request: RequestId(field::fixed("request_id", &request_id)?),
                word: word_from_wire(word)?,
                witnessed: field::non_empty(witnessed),
            }))
        }
        other => from_wire(other).map(Handed::Whole),
    }
}

/// Puts a letter together as it is handed in.
#[must_use]
pub fn handed_to_wire(handed: &Handed) -> pb::Letter {
    match handed {
        Handed::Whole(letter) => to_wire(letter),
        Handed::Short(short) => {
            let Short {
                id,
                request,
                word,
                witnessed,
            } = short;
            pb::Letter {
                id: Bytes::copy_from_slice(&id.0),
                content: Some(pb::letter::Content::Acknowledgement(pb::Acknowledgement {
                    request_id: Bytes::copy_from_slice(&request.0),
                    receipt: Bytes::new(),
                    disputed: false,
                    witnessed: witnessed.clone().unwrap_or_default(),
                    countersignature: Some(word_to_wire(word)),
                })),
            }
        }
    }
}

fn word_from_wire(word: pb::Countersignature) -> Result<Word, Refusal> {
    let pb::Countersignature {
        alg,
        kid,
        issued_at,
        signature,
    } = word;
    Ok(Word {
        alg: field::line("alg", alg, 20)?,
        kid: field::line("kid", kid, 200)?,
        issued_at,
        signature: signature.into(),
    })
}

fn word_to_wire(word: &Word) -> pb::Countersignature {
    let Word {
        alg,
        kid,
        issued_at,
        signature,
    } = word;
    pb::Countersignature {
        alg: alg.clone(),
        kid: kid.clone(),
        issued_at: *issued_at,
        signature: signature.clone().into(),
    }
}

/// The most that a protected header may be.
const HEADER: Limits = Limits {
    bytes: 4 * 1024,
    depth: 4,
};

#[cfg(test)]
mod tests {
    use super::{Handed, Short, handed_from_wire, handed_to_wire};
    use crate::base64url;
    use crate::envelope::parts::{Mark, Parts};
    use crate::envelope::{Kind, protected_header};
    use crate::peer::letter::{Content, Letter, LetterId};
    use hansa_policy::contract::Role;
    use hansa_policy::id::RequestId;

    /// The first is a provider's, the others consumers'; of the fourth the header says more than its kind does.
    fn mark(n: u8) -> Mark {
        let role = if n == 1 {
            Role::Provider
        } else {
            Role::Consumer
        };
        let header = protected_header(Kind::Receipt, role, "EdDSA", "a key", 1_800_000_000);
        let mut header = String::from_utf8(base64url::decode(&header).unwrap()).unwrap();
        if n == 4 {
            header = header.replacen('{', "{\"a\":1,", 1);
        }
        Mark {
            header: header.into_bytes(),
            signature: vec![n; 64],
        }
    }

    fn receipt(marks: &[u8]) -> Vec<u8> {
        let parts = Parts {
            payload: b"what left".to_vec(),
            marks: marks.iter().copied().map(mark).collect(),
        };
        parts.assemble()
    }

    fn letter(receipt: Vec<u8>, disputed: bool) -> Letter {
        Letter {
            id: LetterId([3; 16]),
            content: Content::Acknowledgement {
                request: RequestId([9; 16]),
                receipt: receipt.into(),
                disputed,
                witnessed: Some("a head".into()),
            },
        }
    }

    #[test]
    fn the_receipt_that_was_issued_makes_it_whole() {
        let whole = letter(receipt(&[1, 2]), false);
        let short = Short::of(&whole).unwrap();
        let wire = handed_to_wire(&Handed::Short(short.clone()));
        assert_eq!(
            handed_from_wire(Some(wire)).unwrap(),
            Handed::Short(short.clone())
        );
        assert_eq!(short.clone().whole(&receipt(&[1])), Some(whole.clone()));
        // Nothing is made of what is no receipt of one signature.
        for other in [receipt(&[]), receipt(&[1, 2]), b"{}".to_vec()] {
            assert_eq!(short.clone().whole(&other), None);
        }
        // A letter as it stands stays that.
        let wire = handed_to_wire(&Handed::Whole(whole.clone()));
        assert_eq!(handed_from_wire(Some(wire)).unwrap(), Handed::Whole(whole));
    }

    #[test]
    fn what_is_no_word_of_two_signatures_goes_whole() {
        let others = [
            letter(receipt(&[1, 2]), true),
            letter(receipt(&[1]), false),
            letter(receipt(&[1, 2, 3]), false),
            letter(receipt(&[1, 1]), false),
            letter(receipt(&[1, 4]), false),
            letter(b"{}".to_vec(), false),
            Letter {
                id: LetterId([3; 16]),
                content: Content::Withdrawal {
                    statement: receipt(&[1, 2]).into(),
                },
            },
        ];
        for other in others {
            assert_eq!(Short::of(&other), None);
        }
    }

    #[test]
    fn a_signature_beside_what_it_is_on_is_refused() {
        let short = Short::of(&letter(receipt(&[1, 2]), false)).unwrap();
        let wire = handed_to_wire(&Handed::Short(short));
        let change = |change: fn(&mut crate::peer::pb::Acknowledgement)| {
            let mut wire = wire.clone();
            match &mut wire.content {
                Some(crate::peer::pb::letter::Content::Acknowledgement(message)) => change(message),
                other => panic!("{other:?}"),
            }
            handed_from_wire(Some(wire)).unwrap_err()
        };
        for refusal in [
            change(|message| message.receipt = "whole".into()),
            change(|message| message.disputed = true),
            change(|message| message.request_id = "short".into()),
            change(|message| {
                let word = message.countersignature.get_or_insert_default();
                word.kid = "two\nlines".to_owned();
            }),
        ] {
            assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED", "{refusal}");
        }
        // In a file, or on its way to a consumer, a letter is whole.
        let refusal = crate::peer::letter::from_wire(Some(wire.clone())).unwrap_err();
        assert_eq!(refusal.code.as_str(), "MESSAGE_MALFORMED", "{refusal}");
    }
}
