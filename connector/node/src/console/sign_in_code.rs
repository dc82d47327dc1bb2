//! Codes for one sign-in: 50 random bits, for one person, once, for two minutes.

use crate::config::person_key::PersonKey;
use crate::console::session::Browser;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::ErrorCode;
use std::collections::VecDeque;

/// Life of a code, microseconds.
const LIFE: i64 = 120 * 1_000_000;

/// Time over which wrong codes are counted, microseconds.
const WINDOW: i64 = 60 * 1_000_000;

/// Most wrong codes of one network in that time.
const MOST_OF_NETWORK: usize = 5;

/// Most wrong codes of all in that time.
const MOST: usize = 20;

/// Characters of a code (Crockford's Base32): no letter that is read as a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Open codes, and the recent wrong ones.
#[derive(Debug, Default)]
pub struct SignInCodes {
    open: Vec<OpenCode>,
    wrong: VecDeque<WrongCode>,
}

#[derive(Debug)]
struct OpenCode {
    digest: Digest,
    person: PersonKey,
    until: i64,
}

#[derive(Debug)]
struct WrongCode {
    network: Vec<u8>,
    at: i64,
}

impl SignInCodes {
    /// Gives a code to a person. A code that the person had before ends. `ticks` are microseconds of the monotonic clock.
    pub fn issue(&mut self, person: &PersonKey, random: [u8; 10], ticks: i64) -> String {
        self.open
            .retain(|code| code.person != *person && ticks < code.until);
        let letters = random.map(|byte| {
            let at = usize::from(byte & 31);
            ALPHABET.get(at).copied().map_or('0', char::from)
        });
        let plain: String = letters.iter().collect();
        self.open.push(OpenCode {
            digest: Digest::of(plain.as_bytes()),
            person: person.clone(),
            until: ticks.saturating_add(LIFE),
        });
        let mut shown = String::new();
        for (at, letter) in letters.into_iter().enumerate() {
            if at == 4 || at == 8 {
                shown.push('-');
            }
            shown.push(letter);
        }
        shown
    }

    /// Uses up a code, and gives its person. Only wrong codes are counted, so nobody can keep a person with a code out. A guess
    /// fits one of the open codes with a chance of one in 2^50.
    ///
    /// # Errors
    /// `CONSOLE_CODE_INVALID` for a code that is not open, `CONSOLE_BUSY` after too many of them. Both take equal time for every code
    /// and person.
    pub fn redeem(
        &mut self,
        typed: &str,
        browser: &Browser,
        ticks: i64,
    ) -> Result<PersonKey, ErrorCode> {
        self.open.retain(|code| ticks < code.until);
        let digest = Digest::of(read_typed_code(typed).as_bytes());
        let found = self.open.iter().position(|code| code.digest == digest);
        match found {
            Some(found) => Ok(self.open.swap_remove(found).person),
            None => Err(self.count_wrong_code(browser.network(), ticks)),
        }
    }

    /// True while a code is open. Without one, a wrong code can't have been a try to come in.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    fn count_wrong_code(&mut self, network: Vec<u8>, ticks: i64) -> ErrorCode {
        self.wrong
            .retain(|wrong| ticks.saturating_sub(wrong.at) < WINDOW);
        let own = self.wrong.iter().filter(|wrong| wrong.network == network);
        if self.wrong.len() >= MOST || own.count() >= MOST_OF_NETWORK {
            return ErrorCode::ConsoleBusy;
        }
        self.wrong.push_back(WrongCode { network, at: ticks });
        ErrorCode::ConsoleCodeInvalid
    }
}

/// Code as a person types it: in small letters, without hyphens, with letters for the digits that look like them.
fn read_typed_code(typed: &str) -> String {
    let letters = typed.chars().filter(|letter| letter.is_alphanumeric());
    letters
        .take(64)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const NOW: i64 = 1_000_000_000;
    const MARIA: PersonKey = PersonKey::of_user(1001);
    const JONAS: PersonKey = PersonKey::of_user(1002);

    fn browser(third: u8) -> Browser {
        Browser {
            address: Some(IpAddr::V4(Ipv4Addr::new(10, 0, third, 1))),
            name: String::new(),
        }
    }

    #[test]
    fn a_code_is_good_once_for_its_person() {
        let mut codes = SignInCodes::default();
        let maria = codes.issue(&MARIA, [7; 10], NOW);
        let jonas = codes.issue(&JONAS, [9, 1, 2, 3, 4, 5, 6, 7, 8, 9], NOW);
        assert_eq!(maria.len(), 12);
        let here = browser(1);
        assert_eq!(codes.redeem(&jonas.to_lowercase(), &here, NOW), Ok(JONAS));
        assert_eq!(
            codes.redeem(&jonas, &here, NOW),
            Err(ErrorCode::ConsoleCodeInvalid)
        );
        assert_eq!(
            codes.redeem(&maria.replace('-', " "), &here, NOW),
            Ok(MARIA)
        );
        assert!(!codes.is_open());
    }

    #[test]
    fn a_code_ends_after_two_minutes_and_with_the_next_one() {
        let mut codes = SignInCodes::default();
        let first = codes.issue(&MARIA, [1; 10], NOW);
        let second = codes.issue(&MARIA, [2; 10], NOW);
        let wrong = || Err(ErrorCode::ConsoleCodeInvalid);
        assert_eq!(codes.redeem(&first, &browser(1), NOW), wrong());
        assert_eq!(codes.redeem(&second, &browser(1), NOW + LIFE), wrong());
    }

    #[test]
    fn wrong_codes_are_counted_by_network_and_in_all_and_keep_nobody_out() {
        let mut codes = SignInCodes::default();
        let code = codes.issue(&MARIA, [1; 10], NOW);
        let wrong = || Err(ErrorCode::ConsoleCodeInvalid);
        let busy = || Err(ErrorCode::ConsoleBusy);
        for network in 1..=4 {
            for _ in 0..MOST_OF_NETWORK {
                assert_eq!(codes.redeem("x", &browser(network), NOW), wrong());
            }
            assert_eq!(codes.redeem("x", &browser(network), NOW), busy());
        }
        assert_eq!(codes.redeem("x", &browser(5), NOW), busy());
        assert_eq!(codes.redeem(&code, &browser(1), NOW), Ok(MARIA));
        assert_eq!(codes.redeem("x", &browser(1), NOW + WINDOW), wrong());
    }

    #[test]
    fn letters_that_look_like_digits_are_those_digits() {
        assert_eq!(read_typed_code("o1-lI 0O"), "011100");
    }
}
