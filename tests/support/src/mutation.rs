//! Bytes that are almost what they should be: the same ones for the same seed.

/// A generator of numbers, the same ones for the same seed (xorshift).
#[derive(Debug, Clone)]
pub struct XorshiftRandom(u64);

impl XorshiftRandom {
    /// Begins with a seed; 0 is taken as another one.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 {
            0x9e37_79b9_7f4a_7c15
        } else {
            seed
        })
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let drawn = usize::try_from(self.draw() >> 8).unwrap_or_default();
        drawn.checked_rem(bound).unwrap_or_default()
    }
}

/// What is put into a text to see what its reader makes of it.
const WORDS: [&[u8]; 30] = [
    b"0",
    b"-0",
    b"1e3",
    b"9007199254740993",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"\"\"",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[[[[[[[[",
    b"\\u0000",
    b"\\ud800",
    b"\\u0041",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc0\x80",
    "\u{202e}".as_bytes(),
    "e\u{301}".as_bytes(),
    b" ",
    b"\n",
    b"\0",
    b",",
    b":",
    b"\"a\":1,",
    b"=",
    b"AA",
    b"'",
    b"/*",
];

/// The most bytes that a case grows to.
const LONGEST: usize = 1 << 20;

/// One of the seeds, changed in one to four places.
///
/// The same seeds and the same numbers give the same bytes.
#[must_use]
pub fn case(seeds: &[Vec<u8>], chance: &mut XorshiftRandom) -> Vec<u8> {
    let pick = |chance: &mut XorshiftRandom| {
        let at = chance.below(seeds.len());
        seeds.get(at).cloned().unwrap_or_default()
    };
    let mut bytes = pick(chance);
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len().saturating_add(1));
        let length = chance.below(32).min(bytes.len().saturating_sub(at));
        let end = at.saturating_add(length);
        match chance.below(11) {
            0 => {
                let bit = 1_u8 << chance.below(8);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let odd = [0, 1, 0x20, 0x30, 0x7f, 0x80, 0xff];
                let to = odd
                    .get(chance.below(odd.len()))
                    .copied()
                    .unwrap_or_default();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = to;
                }
            }
            2 => {
                bytes.drain(at..end);
            }
            3 => bytes.truncate(at),
            4 => {
                let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let word = WORDS
                    .get(chance.below(WORDS.len()))
                    .copied()
                    .unwrap_or_default();
                bytes.splice(at..at, word.iter().copied());
            }
            6 => {
                let word = WORDS
                    .get(chance.below(WORDS.len()))
                    .copied()
                    .unwrap_or_default();
                bytes.splice(at..end, word.iter().copied());
            }
            7 => {
                let other = pick(chance);
                let from = chance.below(other.len().saturating_add(1));
                bytes.truncate(at);
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            8 => {
                let to = chance.below(bytes.len().saturating_sub(length).saturating_add(1));
                let piece: Vec<u8> = bytes.drain(at..end).collect();
                let to = to.min(bytes.len());
                bytes.splice(to..to, piece);
            }
            9 => number(&mut bytes, at, chance),
            _ => {
                let piece: Vec<u8> = bytes.get(at..end).unwrap_or_default().to_vec();
                for _ in 0..chance.below(200) {
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// The next number in a text becomes another one, or four bytes a length.
fn number(bytes: &mut Vec<u8>, at: usize, chance: &mut XorshiftRandom) {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(from) = rest.iter().position(digit) {
        let from = at.saturating_add(from);
        let tail = bytes.get(from..).unwrap_or_default();
        let length = tail.iter().take_while(|byte| digit(byte)).count();
        let to = (chance.draw() >> chance.below(64)).to_string();
        bytes.splice(from..from.saturating_add(length), to.into_bytes());
    } else {
        let to = chance.draw().to_le_bytes();
        let end = at.saturating_add(4).min(bytes.len());
        bytes.splice(at..end, to.into_iter().take(end.saturating_sub(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::{XorshiftRandom, case};

    #[test]
    fn the_same_seed_makes_the_same_cases() {
        let seeds = vec![b"{\"a\":17,\"b\":[1,2,3]}".to_vec(), b"other".to_vec()];
        let made = |seed| {
            let mut chance = XorshiftRandom::new(seed);
            (0..1000)
                .map(|_| case(&seeds, &mut chance))
                .collect::<Vec<_>>()
        };
        let (one, other) = (made(1), made(2));
        assert_eq!(one, made(1));
        assert_ne!(one, other);
        let changed = one.iter().filter(|case| !seeds.contains(case)).count();
        assert!(changed > 800, "{changed} of 1000 differ from their seeds");
    }
}
