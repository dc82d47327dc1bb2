//! Codes for one sign-in: 50 random bits, for one person, once, for two minutes.

use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::ErrorCode;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Life of a code, microseconds.
const LIFE: i64 = 120 * 1_000_000;

/// Wrong codes after which all open codes end.
const WRONG: u32 = 5;

/// Time over which tries are counted, microseconds.
const WINDOW: i64 = 60 * 1_000_000;

/// Most tries of one address in that time.
const TRIES_OF_ADDRESS: usize = 5;

/// Most tries of all in that time.
const TRIES: usize = 20;

/// Characters of a code (Crockford's Base32): no letter that is read as a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Open codes, and the recent tries.
#[derive(Debug, Default)]
pub struct SignInCodes {
    open: Vec<OpenCode>,
    wrong: u32,
    tries: VecDeque<Try>,
}

#[derive(Debug)]
struct OpenCode {
    digest: Digest,
    user: u32,
    until: i64,
}

#[derive(Debug)]
struct Try {
    address: Option<IpAddr>,
    at: i64,
}

impl SignInCodes {
    /// Gives a code to a Unix user. A code that the user had before ends. `ticks` are microseconds of the monotonic clock.
    pub fn issue(&mut self, user: u32, random: [u8; 10], ticks: i64) -> String {
        self.open
            .retain(|code| code.user != user && ticks < code.until);
        let letters = random.map(|byte| {
            let at = usize::from(byte & 31);
            ALPHABET.get(at).copied().map_or('0', char::from)
        });
        let plain: String = letters.iter().collect();
        self.open.push(OpenCode {
            digest: Digest::of(plain.as_bytes()),
            user,
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

    /// Uses up a code, and gives its Unix user.
    ///
    /// # Errors
    /// `CONSOLE_BUSY` after too many tries, `CONSOLE_CODE_INVALID` for a code that is not open. Both take equal time for every
    /// code and person.
    pub fn redeem(
        &mut self,
        typed: &str,
        address: Option<IpAddr>,
        ticks: i64,
    ) -> Result<u32, ErrorCode> {
        self.count_try(address, ticks)?;
        self.open.retain(|code| ticks < code.until);
        let digest = Digest::of(read_typed_code(typed).as_bytes());
        let found = self.open.iter().position(|code| code.digest == digest);
        let Some(found) = found else {
            self.wrong = self.wrong.saturating_add(1);
            if self.wrong >= WRONG {
                self.wrong = 0;
                self.open.clear();
            }
            return Err(ErrorCode::ConsoleCodeInvalid);
        };
        self.wrong = 0;
        Ok(self.open.swap_remove(found).user)
    }

    fn count_try(&mut self, address: Option<IpAddr>, ticks: i64) -> Result<(), ErrorCode> {
        self.tries
            .retain(|tried| ticks.saturating_sub(tried.at) < WINDOW);
        let own = self.tries.iter().filter(|tried| tried.address == address);
        if self.tries.len() >= TRIES || own.count() >= TRIES_OF_ADDRESS {
            return Err(ErrorCode::ConsoleBusy);
        }
        self.tries.push_back(Try { address, at: ticks });
        Ok(())
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
    use std::net::Ipv4Addr;

    const NOW: i64 = 1_000_000_000;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)))
    }

    #[test]
    fn a_code_is_good_once_for_its_person() {
        let mut codes = SignInCodes::default();
        let maria = codes.issue(1001, [7; 10], NOW);
        let jonas = codes.issue(1002, [9, 1, 2, 3, 4, 5, 6, 7, 8, 9], NOW);
        assert_eq!(maria.len(), 12);
        assert_eq!(
            codes.redeem(&jonas.to_lowercase(), address(1), NOW),
            Ok(1002)
        );
        assert_eq!(
            codes.redeem(&jonas, address(1), NOW),
            Err(ErrorCode::ConsoleCodeInvalid)
        );
        assert_eq!(
            codes.redeem(&maria.replace('-', " "), address(1), NOW),
            Ok(1001)
        );
    }

    #[test]
    fn a_code_ends_after_two_minutes_and_with_the_next_one() {
        let mut codes = SignInCodes::default();
        let first = codes.issue(1001, [1; 10], NOW);
        let second = codes.issue(1001, [2; 10], NOW);
        let wrong = Err(ErrorCode::ConsoleCodeInvalid);
        assert_eq!(codes.redeem(&first, address(1), NOW), wrong);
        assert_eq!(codes.redeem(&second, address(1), NOW + LIFE), wrong);
    }

    #[test]
    fn five_wrong_codes_end_all_open_ones() {
        let mut codes = SignInCodes::default();
        let code = codes.issue(1001, [1; 10], NOW);
        for last in 0..5 {
            let wrong = codes.redeem("0000-0000-00", address(last), NOW);
            assert_eq!(wrong, Err(ErrorCode::ConsoleCodeInvalid));
        }
        let wrong = codes.redeem(&code, address(9), NOW);
        assert_eq!(wrong, Err(ErrorCode::ConsoleCodeInvalid));
    }

    #[test]
    fn tries_are_counted_by_address_and_in_all() {
        let mut codes = SignInCodes::default();
        for _ in 0..TRIES_OF_ADDRESS {
            let _ = codes.redeem("x", address(1), NOW);
        }
        assert_eq!(
            codes.redeem("x", address(1), NOW),
            Err(ErrorCode::ConsoleBusy)
        );
        let code = codes.issue(1001, [1; 10], NOW);
        assert_eq!(codes.redeem(&code, address(2), NOW), Ok(1001));
        for last in 3..17 {
            let _ = codes.redeem("x", address(last), NOW);
        }
        assert_eq!(
            codes.redeem("x", address(18), NOW),
            Err(ErrorCode::ConsoleBusy)
        );
        let later = codes.redeem("x", address(1), NOW + WINDOW);
        assert_eq!(later, Err(ErrorCode::ConsoleCodeInvalid));
    }

    #[test]
    fn letters_that_look_like_digits_are_those_digits() {
        assert_eq!(read_typed_code("o1-lI 0O"), "011100");
    }
}
