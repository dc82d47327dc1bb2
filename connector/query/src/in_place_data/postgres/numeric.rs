//! Decoder of the binary `numeric` format of PostgreSQL.

use super::row_decoder::PostgresDecodeError;
use tokio_postgres::types::{FromSql, Type};

/// Number in base 10,000. The weight is the power of 10,000 of the first group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PostgresNumeric {
    is_negative: bool,
    weight: i16,
    digits: Vec<u16>,
}

impl PostgresNumeric {
    /// Value in units of the last of `scale` decimal places.
    ///
    /// # Errors
    /// Fails if the value has more decimal places, or exceeds 128 bits.
    pub(super) fn units(&self, scale: u8) -> Result<i128, PostgresDecodeError> {
        let mut units = 0_i128;
        for (place, digit) in (0_i32..).zip(&self.digits) {
            let step = i32::from(self.weight) - place;
            // Power of ten of the group's last digit, in units.
            let power = step * 4 + i32::from(scale);
            let digit = i128::from(*digit);
            let part = match u32::try_from(power) {
                Ok(power) => 10_i128
                    .checked_pow(power)
                    .and_then(|factor| digit.checked_mul(factor)),
                Err(_) => {
                    let factor = 10_i128.checked_pow(power.unsigned_abs());
                    match factor {
                        _ if digit == 0 => Some(0),
                        Some(factor) if digit % factor == 0 => Some(digit / factor),
                        _ => None,
                    }
                }
            };
            units = part
                .and_then(|part| units.checked_add(part))
                .ok_or("a number has other digits than its column")?;
        }
        Ok(if self.is_negative { -units } else { units })
    }
}

impl<'a> FromSql<'a> for PostgresNumeric {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, PostgresDecodeError> {
        let (words, rest) = raw.as_chunks::<2>();
        let words: Vec<u16> = words.iter().map(|word| u16::from_be_bytes(*word)).collect();
        let [count, weight, sign, _scale, digits @ ..] = words.as_slice() else {
            return Err("a number is too short".into());
        };
        let is_whole = rest.is_empty()
            && usize::from(*count) == digits.len()
            && digits.iter().all(|digit| *digit < 10_000);
        if !is_whole {
            return Err("a number is not written as numbers are".into());
        }
        Ok(Self {
            is_negative: match *sign {
                POSITIVE => false,
                NEGATIVE => true,
                _ => return Err("a number is none, or infinite".into()),
            },
            weight: weight.cast_signed(),
            digits: digits.to_vec(),
        })
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::NUMERIC
    }
}

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Number in the format of the database.
    fn sent(
        weight: i16,
        sign: u16,
        digits: &[u16],
    ) -> Result<PostgresNumeric, PostgresDecodeError> {
        let count = u16::try_from(digits.len()).unwrap();
        let words = [count, weight.cast_unsigned(), sign, 2].into_iter();
        let raw: Vec<u8> = words
            .chain(digits.iter().copied())
            .flat_map(u16::to_be_bytes)
            .collect();
        PostgresNumeric::from_sql(&Type::NUMERIC, &raw)
    }

    #[test]
    fn numbers_are_their_digits() {
        for (weight, sign, digits, scale, expect) in [
            (0, POSITIVE, &[][..], 2, 0),
            (-1, POSITIVE, &[1000], 2, 10),
            (-1, NEGATIVE, &[2000], 2, -20),
            (1, POSITIVE, &[1, 0, 5000], 2, 1_000_050),
            // The number 12345678901234567.89.
            (
                4,
                POSITIVE,
                &[1, 2345, 6789, 123, 4567, 8900],
                2,
                1_234_567_890_123_456_789,
            ),
            (2, POSITIVE, &[7], 0, 700_000_000),
            (-2, POSITIVE, &[1], 8, 1),
        ] {
            let number = sent(weight, sign, digits).unwrap();
            assert_eq!(number.units(scale).unwrap(), expect, "{digits:?}");
        }
    }

    #[test]
    fn what_the_column_can_not_hold_is_an_error() {
        assert!(sent(-1, POSITIVE, &[1234]).unwrap().units(2).is_err());
        assert!(sent(10, POSITIVE, &[1]).unwrap().units(0).is_err());
        assert!(sent(i16::MAX, POSITIVE, &[1]).unwrap().units(38).is_err());
        assert!(sent(i16::MIN, POSITIVE, &[1]).unwrap().units(38).is_err());
        for sign in [0xC000, 0xD000, 0xF000] {
            assert!(sent(0, sign, &[]).is_err());
        }
        assert!(sent(0, POSITIVE, &[10_000]).is_err());
        assert!(PostgresNumeric::from_sql(&Type::NUMERIC, &[0, 1]).is_err());
        assert!(PostgresNumeric::from_sql(&Type::NUMERIC, &[0, 1, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
