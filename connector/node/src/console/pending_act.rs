//! Acts that a person has confirmed in the browser, and not yet by a number at the machine or by a passkey.

use crate::config::person_key::PersonKey;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::console::LoginProof;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use std::collections::{BTreeMap, HashMap};

/// Words of the act that adds a passkey.
pub const ADD_PASSKEY: &str = "console passkey";

/// Field of an act whose number somebody else typed, with the pseudonym.
pub(super) const TYPED_BY: &str = "typed_by";

/// Life of a pending act, microseconds.
const LIFE: i64 = 120 * 1_000_000;

/// Most pending acts of one person. The oldest one ends.
const MOST: usize = 4;

/// Wrong numbers of one person after which all pending acts of the person end.
const WRONG: u32 = 5;

/// Act of a person at the console, as its check page described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedAct {
    /// Words of the act, such as `contract sign`.
    pub act: String,
    /// Identity of the subject, such as a contract.
    pub subject: String,
    /// Digest of the page of the contract that was shown, or of the text of another form.
    pub shown: String,
    /// Further values of the form, such as the reason.
    pub fields: BTreeMap<String, String>,
    /// Words of the form; absent for an act on a contract, which has words of its own.
    pub words: Option<ActWords>,
}

/// Words of an act, in the language of the form that the person has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActWords {
    /// Language of the form.
    pub language: Language,
    /// Words of the button.
    pub label: String,
    /// Sentence after the act.
    pub done: String,
    /// Values that the person has entered.
    pub values: Vec<EnteredValue>,
    /// Page to which the person can go back.
    pub back: String,
}

/// Value that a person has entered, with the name of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnteredValue {
    /// Name of the field.
    pub name: String,
    /// Value as the page shows it.
    pub value: String,
}

/// Parts of the challenge to a passkey that are of one pending act alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceChallenge {
    /// Pseudonym of the person.
    pub actor: String,
    /// Random bytes.
    pub random: [u8; 32],
    /// Instant at which the act began to wait.
    pub at: UtcTimestamp,
}

/// Act that begins to wait.
#[derive(Debug, Clone)]
pub struct OpenedAct {
    /// Act.
    pub act: DescribedAct,
    /// Random number; its last six digits are typed at the machine.
    pub number: u32,
    /// Challenge to a passkey.
    pub challenge: PresenceChallenge,
}

/// Act that waits for a proof that its person is present.
#[derive(Debug, Clone)]
pub struct PendingAct {
    /// Act, as it was described.
    pub act: DescribedAct,
    /// Number to type at the machine.
    pub number: String,
    /// True once the person has typed it there.
    pub is_confirmed: bool,
    /// Challenge to a passkey.
    pub challenge: PresenceChallenge,
    /// Fresh login of the person; absent until the browser is back from the issuer.
    pub login: Option<LoginProof>,
    is_refused: bool,
    person: PersonKey,
    session: Digest,
    opened: i64,
}

/// All pending acts, by random identities.
#[derive(Debug, Default)]
pub struct PendingActs {
    acts: HashMap<String, PendingAct>,
    wrong: HashMap<PersonKey, u32>,
}

/// Person and session that a pending act belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ActOwner<'a> {
    /// Person.
    pub person: &'a PersonKey,
    /// Secret of the session.
    pub session: &'a str,
}

impl PendingActs {
    /// Adds an act under a random identity, with a number of six digits.
    pub fn open(&mut self, id: &str, opened: OpenedAct, owner: ActOwner<'_>, ticks: i64) {
        self.remove_ended(ticks);
        let mut own: Vec<_> = self
            .acts
            .iter()
            .filter(|(_, pending)| pending.person == *owner.person)
            .map(|(id, pending)| (pending.opened, id.clone()))
            .collect();
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(MOST);
        for (_, id) in own.into_iter().take(too_many) {
            self.acts.remove(&id);
        }
        // Two acts of one person never have one number.
        let mut number = opened.number % 1_000_000;
        let is_taken = |number: u32| {
            let text = format!("{number:06}");
            self.acts.values().any(|pending| pending.number == text)
        };
        while is_taken(number) {
            number = (number + 1) % 1_000_000;
        }
        let pending = PendingAct {
            act: opened.act,
            number: format!("{number:06}"),
            is_confirmed: false,
            challenge: opened.challenge,
            login: None,
            is_refused: false,
            person: owner.person.clone(),
            session: Digest::of(owner.session.as_bytes()),
            opened: ticks,
        };
        self.acts.insert(id.to_owned(), pending);
    }

    /// Act of an identity, for the session in which it was opened.
    ///
    /// # Errors
    /// `FORM_STALE` where there is none, or no longer.
    pub fn find(
        &mut self,
        id: &str,
        owner: ActOwner<'_>,
        ticks: i64,
    ) -> Result<&PendingAct, Refusal> {
        self.remove_ended(ticks);
        let digest = Digest::of(owner.session.as_bytes());
        let found = self.acts.get(id);
        found
            .filter(|pending| pending.person == *owner.person && pending.session == digest)
            .ok_or_else(ended_act_refusal)
    }

    /// Removes a confirmed act, to be carried out once.
    ///
    /// # Errors
    /// `FORM_STALE` as [`Self::find`], `ACT_UNCONFIRMED` where nobody typed its number.
    pub fn take(
        &mut self,
        id: &str,
        owner: ActOwner<'_>,
        ticks: i64,
    ) -> Result<DescribedAct, Refusal> {
        if !self.find(id, owner, ticks)?.is_confirmed {
            let sentence = "the number was not typed at the machine of the connector yet";
            return Err(Refusal::new(ErrorCode::ActUnconfirmed, sentence));
        }
        self.take_proven(id, owner, ticks)
    }

    /// Notes the fresh login of the person of an act, for the session in which the act was opened.
    ///
    /// # Errors
    /// `FORM_STALE` where there is no such act, or no longer.
    pub fn prove_by_login(
        &mut self,
        id: &str,
        person: &PersonKey,
        session: Digest,
        login: LoginProof,
        ticks: i64,
    ) -> Result<(), Refusal> {
        self.remove_ended(ticks);
        let found = self.acts.get_mut(id);
        let pending = found
            .filter(|pending| pending.person == *person && pending.session == session)
            .ok_or_else(ended_act_refusal)?;
        pending.login = Some(login);
        Ok(())
    }

    /// Removes an act whose person a passkey or a fresh login has proven to be present.
    ///
    /// # Errors
    /// `FORM_STALE` as [`Self::find`].
    pub fn take_proven(
        &mut self,
        id: &str,
        owner: ActOwner<'_>,
        ticks: i64,
    ) -> Result<DescribedAct, Refusal> {
        let _own = self.find(id, owner, ticks)?;
        let taken = self.acts.remove(id);
        taken
            .map(|pending| pending.act)
            .ok_or_else(|| Refusal::new(ErrorCode::FormStale, "this act was carried out already"))
    }

    /// Notes that a passkey was refused for an act. True for the first time.
    pub fn note_refusal(&mut self, id: &str) -> bool {
        let pending = self.acts.get_mut(id);
        pending.is_some_and(|pending| !std::mem::replace(&mut pending.is_refused, true))
    }

    /// Confirms the act of a number, for the person who is at the machine.
    ///
    /// # Errors
    /// `CONSOLE_CODE_INVALID` for a number of no act of this person. After five of them, all acts of the person end.
    pub fn confirm(
        &mut self,
        person: &PersonKey,
        number: &str,
        ticks: i64,
    ) -> Result<DescribedAct, Refusal> {
        self.confirm_as(person, number, None, ticks)
    }

    /// Confirms the addition of a passkey by its number, typed by somebody else.
    ///
    /// # Errors
    /// As [`Self::confirm`]; another act than the addition of a passkey has no such number.
    pub fn confirm_addition(
        &mut self,
        person: &PersonKey,
        number: &str,
        typed_by: String,
        ticks: i64,
    ) -> Result<DescribedAct, Refusal> {
        self.confirm_as(person, number, Some(typed_by), ticks)
    }

    fn confirm_as(
        &mut self,
        person: &PersonKey,
        number: &str,
        typed_by: Option<String>,
        ticks: i64,
    ) -> Result<DescribedAct, Refusal> {
        self.remove_ended(ticks);
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let mut own = self.acts.values_mut();
        let found = own.find(|pending| {
            pending.person == *person
                && pending.number == digits
                // INVARIANT: passkey-by-host. Nobody else than the person confirms an act on a contract.
                && (typed_by.is_none() || pending.act.act == ADD_PASSKEY)
        });
        if let Some(pending) = found {
            pending.is_confirmed = true;
            if let Some(typed_by) = typed_by {
                pending.act.fields.insert(TYPED_BY.to_owned(), typed_by);
            }
            self.wrong.remove(person);
            return Ok(pending.act.clone());
        }
        let wrong = self.wrong.entry(person.clone()).or_default();
        *wrong += 1;
        if *wrong >= WRONG {
            self.wrong.remove(person);
            self.acts.retain(|_, pending| pending.person != *person);
        }
        let sentence = "no act of yours waits under this number";
        Err(Refusal::new(ErrorCode::ConsoleCodeInvalid, sentence)
            .with_help("the page in the browser shows the number; it is good for two minutes"))
    }

    fn remove_ended(&mut self, ticks: i64) {
        self.acts
            .retain(|_, pending| ticks.saturating_sub(pending.opened) < LIFE);
    }
}

fn ended_act_refusal() -> Refusal {
    let sentence = "this act is over; it was waited for for two minutes";
    Refusal::new(ErrorCode::FormStale, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 9_000_000_000;
    const KEY: PersonKey = PersonKey::of_user(1001);
    const OTHER: PersonKey = PersonKey::of_user(1002);
    const MARIA: ActOwner<'static> = ActOwner {
        person: &KEY,
        session: "s1",
    };

    fn act(subject: &str) -> DescribedAct {
        DescribedAct {
            act: "contract sign".to_owned(),
            subject: subject.to_owned(),
            shown: "e7a2".to_owned(),
            fields: BTreeMap::new(),
            words: None,
        }
    }

    fn make_opened_act(number: u32) -> OpenedAct {
        OpenedAct {
            act: act("n-1"),
            number,
            challenge: PresenceChallenge {
                actor: "4f1e".to_owned(),
                random: [7; 32],
                at: "2026-11-30T10:00:00Z".parse().unwrap(),
            },
        }
    }

    #[test]
    fn an_act_is_carried_out_once_after_its_person_has_typed_the_number() {
        let mut acts = PendingActs::default();
        acts.open("a", make_opened_act(12), MARIA, NOW);
        assert_eq!(acts.find("a", MARIA, NOW).unwrap().number, "000012");
        let unconfirmed = acts.take("a", MARIA, NOW).unwrap_err();
        assert_eq!(unconfirmed.code, ErrorCode::ActUnconfirmed);
        // Neither another person nor another session of the same one.
        assert!(acts.confirm(&OTHER, "000012", NOW).is_err());
        assert_eq!(acts.confirm(&KEY, "000-012", NOW).unwrap().subject, "n-1");
        for other in [
            ActOwner {
                person: &OTHER,
                ..MARIA
            },
            ActOwner {
                session: "s2",
                ..MARIA
            },
        ] {
            assert_eq!(
                acts.take("a", other, NOW).unwrap_err().code,
                ErrorCode::FormStale
            );
        }
        assert_eq!(acts.take("a", MARIA, NOW).unwrap(), act("n-1"));
        assert_eq!(
            acts.take("a", MARIA, NOW).unwrap_err().code,
            ErrorCode::FormStale
        );
    }

    #[test]
    fn an_act_that_a_passkey_proves_is_taken_by_its_own_session_once() {
        let mut acts = PendingActs::default();
        acts.open("a", make_opened_act(12), MARIA, NOW);
        let other = ActOwner {
            session: "s2",
            ..MARIA
        };
        assert!(acts.take_proven("a", other, NOW).is_err());
        assert!(acts.take_proven("a", MARIA, NOW + LIFE).is_err());
        acts.open("a", make_opened_act(12), MARIA, NOW);
        assert_eq!(
            [
                acts.note_refusal("a"),
                acts.note_refusal("a"),
                acts.note_refusal("b")
            ],
            [true, false, false]
        );
        assert_eq!(acts.take_proven("a", MARIA, NOW).unwrap(), act("n-1"));
        assert!(acts.take_proven("a", MARIA, NOW).is_err());
        assert!(acts.confirm(&KEY, "000012", NOW).is_err());
    }

    #[test]
    fn somebody_else_confirms_the_addition_of_a_passkey_alone() {
        let mut acts = PendingActs::default();
        acts.open("a", make_opened_act(12), MARIA, NOW);
        let addition = OpenedAct {
            act: DescribedAct {
                act: ADD_PASSKEY.to_owned(),
                ..act("key")
            },
            ..make_opened_act(13)
        };
        acts.open("b", addition, MARIA, NOW);
        let mut confirm = |person: &PersonKey, number: &str| {
            acts.confirm_addition(person, number, "rui".to_owned(), NOW)
        };
        assert!(confirm(&KEY, "000012").is_err());
        assert!(confirm(&OTHER, "000013").is_err());
        let confirmed = confirm(&KEY, "000013").unwrap();
        assert_eq!(confirmed.fields[TYPED_BY], "rui");
        assert!(acts.take("a", MARIA, NOW).is_err());
        assert_eq!(acts.take("b", MARIA, NOW).unwrap().fields[TYPED_BY], "rui");
    }

    #[test]
    fn a_fresh_login_is_for_the_session_that_began_it() {
        let mut acts = PendingActs::default();
        acts.open("a", make_opened_act(12), MARIA, NOW);
        let login = LoginProof {
            issuer: "https://id.example".to_owned(),
            at: "2026-11-30T10:00:30Z".parse().unwrap(),
            class: Some("2".to_owned()),
        };
        let session = Digest::of(b"s1");
        let mut prove = |person: &PersonKey, session: Digest, ticks: i64| {
            acts.prove_by_login("a", person, session, login.clone(), ticks)
        };
        assert!(prove(&OTHER, session, NOW).is_err());
        assert!(prove(&KEY, Digest::of(b"s2"), NOW).is_err());
        prove(&KEY, session, NOW + 1).unwrap();
        assert_eq!(acts.find("a", MARIA, NOW).unwrap().login, Some(login));
        assert!(acts.find("a", MARIA, NOW + LIFE).is_err());
    }

    #[test]
    fn acts_end_by_time_by_number_and_by_guesses() {
        let mut acts = PendingActs::default();
        acts.open("a", make_opened_act(12), MARIA, NOW);
        acts.confirm(&KEY, "000012", NOW).unwrap();
        assert!(acts.take("a", MARIA, NOW + LIFE).is_err());
        for at in 0..6 {
            acts.open(&format!("b{at}"), make_opened_act(5), MARIA, NOW + at);
        }
        assert!(acts.find("b1", MARIA, NOW + 9).is_err());
        let numbers: Vec<String> = (2..6)
            .map(|at| {
                acts.find(&format!("b{at}"), MARIA, NOW + 9)
                    .unwrap()
                    .number
                    .clone()
            })
            .collect();
        let different: std::collections::BTreeSet<_> = numbers.iter().collect();
        assert_eq!(different.len(), 4, "{numbers:?}");
        for _ in 0..5 {
            assert!(acts.confirm(&KEY, "999999", NOW + 9).is_err());
        }
        assert!(acts.confirm(&KEY, &numbers[0], NOW + 9).is_err());
    }
}
