//! Tests: the scanner and the full reader of records agree, on good records and on damaged ones.

use super::header::RecordHeader;
use super::{Record, RecordSalt};
use crate::digest::Digest;
use crate::json::Json;
use crate::time::UtcTimestamp;

/// Pseudo-random numbers, equal in each run.
struct XorShiftRandom(u64);

impl XorShiftRandom {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn json(&mut self, depth: u64) -> Json {
        let words = [
            "", "plain", "é", "\u{1}", "a\"b\\c", "\n\t", "\u{7f}", "𝄞", "\u{e000}",
        ];
        match self.roll(if depth == 0 { 4 } else { 6 }) {
            0 => Json::Null,
            1 => Json::Bool(self.roll(2) == 0),
            2 => {
                let value = i64::try_from(self.roll(1 << 54)).unwrap() - (1 << 53);
                Json::Int(value.clamp(-crate::json::MAX_INT, crate::json::MAX_INT))
            }
            3 => Json::from_display(words[usize::try_from(self.roll(9)).unwrap()]),
            4 => Json::List((0..self.roll(4)).map(|_| self.json(depth - 1)).collect()),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: u64) -> Json {
        let names = [
            "a", "b", "rows", "contract", "x_1", "ü", "\u{e000}", "𝄞", "q\"", "",
        ];
        let most = if self.roll(4) == 0 { 10 } else { 5 };
        Json::Object(
            (0..self.roll(6))
                .map(|_| {
                    let name = names[usize::try_from(self.roll(most)).unwrap()];
                    (name.to_owned(), self.json(depth))
                })
                .collect(),
        )
    }

    fn record(&mut self) -> Record {
        let seconds = i64::try_from(self.roll(4_000_000_000)).unwrap();
        let fraction = [0, 1, 500_000, 120_000, 999_999, 10];
        let fraction = fraction[usize::try_from(self.roll(6)).unwrap()];
        Record {
            log: "lindau.example/hansa/evidence".to_owned(),
            seq: self.roll(1 << 40),
            at: UtcTimestamp::from_micros(seconds * 1_000_000 + fraction).unwrap(),
            boot: "boot".to_owned(),
            mono: self.roll(1 << 50),
            salt: RecordSalt([u8::try_from(self.roll(256)).unwrap(); 16]),
            kind: "permit".to_owned(),
            prev: Digest::of(&self.roll(u64::MAX).to_be_bytes()),
            body: self.object(4),
        }
    }
}

/// Checks that the full reader accepts what the scanner accepts, with an equal result.
#[track_caller]
fn agree(bytes: &[u8]) -> bool {
    let Some(header) = RecordHeader::of(bytes) else {
        return false;
    };
    let full = Record::read_fully(bytes);
    let record = full.unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(bytes)));
    assert_eq!(header.seq, record.seq);
    assert_eq!(
        (header.at, header.mono, header.prev),
        (record.at, record.mono, record.prev)
    );
    assert_eq!(
        (header.log, header.boot, header.kind),
        (&*record.log, &*record.boot, &*record.kind)
    );
    assert_eq!(RecordSalt(header.salt), record.salt);
    assert_eq!(header.body, crate::json::to_canonical_bytes(&record.body));
    assert_eq!(Record::from_bytes(bytes).as_ref(), Ok(&record));
    true
}

#[test]
fn good_records_are_read_alike_and_mostly_quickly() {
    let mut dice = XorShiftRandom(0x9e37_79b9_7f4a_7c15);
    let mut quick = 0;
    for _ in 0..2000 {
        let record = dice.record();
        let bytes = record.to_bytes();
        assert_eq!(Record::from_bytes(&bytes), Ok(record.clone()));
        assert_eq!(Record::read_fully(&bytes), Ok(record));
        quick += usize::from(agree(&bytes));
    }
    assert!(quick > 1200, "{quick}");
}

#[test]
fn a_damaged_record_is_never_taken_by_the_quick_look_alone() {
    let mut dice = XorShiftRandom(0x2545_f491_4f6c_dd1d);
    let mut taken = 0;
    for _ in 0..20_000 {
        let mut bytes = dice.record().to_bytes();
        for _ in 0..=dice.roll(2) {
            let at = usize::try_from(dice.roll(bytes.len() as u64)).unwrap();
            let other = b"\"\\,:{}[]0159-eu nt.Z \x01\xc3".as_slice();
            match dice.roll(3) {
                0 => bytes[at] = other[usize::try_from(dice.roll(other.len() as u64)).unwrap()],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(
                    at,
                    other[usize::try_from(dice.roll(other.len() as u64)).unwrap()],
                ),
            }
        }
        taken += usize::from(agree(&bytes));
    }
    // Some changes, such as that of a digit, give a good record again.
    assert!(taken > 100, "{taken}");
}

#[test]
fn spellings_that_are_not_the_one() {
    let good = XorShiftRandom(7).record().to_bytes();
    let good = String::from_utf8(good).unwrap();
    assert!(agree(good.as_bytes()));
    for (from, to) in [
        ("{\"body\":", "{ \"body\":"),
        ("\"v\":2}", "\"v\":2} "),
        ("\"v\":2}", "\"v\":1}"),
        ("\"v\":2}", "\"v\":2,\"w\":1}"),
        ("\"mono\":", "\"mono\":0"),
        ("\"mono\":", "\"mono\":-"),
        ("\"seq\":", "\"seq\":1.0e"),
        ("\"boot\":\"boot\"", "\"boot\":\"b\\u006fot\""),
        ("\"boot\":\"boot\"", "\"boot\":\"b\\u000aot\""),
        ("Z\"", ".000Z\""),
        ("Z\"", "+00:00\""),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        assert_eq!(RecordHeader::of(changed.as_bytes()), None, "{changed}");
        assert!(Record::from_bytes(changed.as_bytes()).is_err(), "{changed}");
    }
}
