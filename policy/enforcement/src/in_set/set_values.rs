//! Values of an IN list, and the membership test of a column.

use datafusion_common::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, BooleanBuilder,
};
use datafusion_common::arrow::datatypes::{
    DataType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type,
};
use datafusion_common::{HashSet, Result, ScalarValue};
use sha2::{Digest as _, Sha256};
use std::hash::{Hash as _, Hasher};
use std::sync::OnceLock;

/// Values of one type, without NULL.
#[derive(Debug)]
pub(super) struct SetValues {
    all: Box<[ScalarValue]>,
    /// Lookup table, made at the first test. A plan that is not executed needs none.
    known: OnceLock<ValueLookup>,
}

/// Lookup table of the values, by type.
#[derive(Debug)]
enum ValueLookup {
    Numbers(HashSet<i64>),
    Texts(HashSet<Box<str>>),
    Others(HashSet<ScalarValue>),
}

impl From<Vec<ScalarValue>> for SetValues {
    fn from(all: Vec<ScalarValue>) -> Self {
        Self {
            all: all.into(),
            known: OnceLock::new(),
        }
    }
}

impl SetValues {
    /// Values in their order.
    pub(super) const fn values(&self) -> &[ScalarValue] {
        &self.all
    }

    /// Digest of the list with its type and negation, which identifies it.
    pub(super) fn digest(&self, kind: &DataType, negated: bool) -> u128 {
        let mut digest = DigestHasher(Sha256::new());
        (kind, negated).hash(&mut digest);
        self.all.hash(&mut digest);
        let bytes: [u8; 32] = digest.0.finalize().into();
        let (whole, _) = bytes.as_chunks::<16>();
        whole.first().map_or(0, |half| u128::from_be_bytes(*half))
    }

    /// Result for each value of a column: true if it is in the list, or `negated` if it is not; NULL for NULL.
    ///
    /// # Errors
    /// When a value can't be read.
    pub(super) fn test_membership(&self, column: &ArrayRef, negated: bool) -> Result<BooleanArray> {
        let known = self.known.get_or_init(|| ValueLookup::of(&self.all));
        Ok(match known {
            ValueLookup::Numbers(known) => {
                if let Some(found) = match_integers(column, known, negated) {
                    return Ok(found);
                }
                self.one_by_one(column, negated)?
            }
            ValueLookup::Texts(known) => {
                let found = |text: Option<&str>| Some(known.contains(text?) != negated);
                match (column.as_string_view_opt(), column.as_string_opt::<i32>()) {
                    (Some(texts), _) => texts.iter().map(found).collect(),
                    (_, Some(texts)) => texts.iter().map(found).collect(),
                    (None, None) => self.one_by_one(column, negated)?,
                }
            }
            ValueLookup::Others(known) => {
                match_each_value(column, |value| known.contains(value) != negated)?
            }
        })
    }

    fn one_by_one(&self, column: &ArrayRef, negated: bool) -> Result<BooleanArray> {
        match_each_value(column, |value| self.all.contains(value) != negated)
    }
}

/// Hasher that feeds a cryptographic digest, so that different lists can't have equal digests.
struct DigestHasher(Sha256);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Unused: the digest is the result.
    fn finish(&self) -> u64 {
        0
    }
}

impl ValueLookup {
    fn of(all: &[ScalarValue]) -> Self {
        if let Some(numbers) = all.iter().map(integer_value).collect() {
            return Self::Numbers(numbers);
        }
        let text = |value: &ScalarValue| match value {
            ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
                Some(text.clone().into_boxed_str())
            }
            _ => None,
        };
        match all.iter().map(text).collect() {
            Some(texts) => Self::Texts(texts),
            None => Self::Others(all.iter().cloned().collect()),
        }
    }
}

fn integer_value(value: &ScalarValue) -> Option<i64> {
    Some(match value {
        ScalarValue::Int8(Some(number)) => i64::from(*number),
        ScalarValue::Int16(Some(number)) => i64::from(*number),
        ScalarValue::Int32(Some(number)) | ScalarValue::Date32(Some(number)) => i64::from(*number),
        ScalarValue::Int64(Some(number)) => *number,
        ScalarValue::UInt8(Some(number)) => i64::from(*number),
        ScalarValue::UInt16(Some(number)) => i64::from(*number),
        ScalarValue::UInt32(Some(number)) => i64::from(*number),
        _ => return None,
    })
}

fn match_integers(column: &ArrayRef, known: &HashSet<i64>, negated: bool) -> Option<BooleanArray> {
    match_typed_integers::<Int64Type>(column, known, negated)
        .or_else(|| match_typed_integers::<Int32Type>(column, known, negated))
        .or_else(|| match_typed_integers::<Date32Type>(column, known, negated))
        .or_else(|| match_typed_integers::<Int16Type>(column, known, negated))
        .or_else(|| match_typed_integers::<Int8Type>(column, known, negated))
        .or_else(|| match_typed_integers::<UInt32Type>(column, known, negated))
        .or_else(|| match_typed_integers::<UInt16Type>(column, known, negated))
        .or_else(|| match_typed_integers::<UInt8Type>(column, known, negated))
}

fn match_typed_integers<T>(
    column: &ArrayRef,
    known: &HashSet<i64>,
    negated: bool,
) -> Option<BooleanArray>
where
    T: ArrowPrimitiveType,
    i64: From<T::Native>,
{
    let values = column.as_primitive_opt::<T>()?;
    let found = |value: T::Native| known.contains(&i64::from(value)) != negated;
    Some(BooleanArray::from_unary(values, found))
}

fn match_each_value(
    column: &ArrayRef,
    found: impl Fn(&ScalarValue) -> bool,
) -> Result<BooleanArray> {
    let mut all = BooleanBuilder::with_capacity(column.len());
    for row in 0..column.len() {
        let value = ScalarValue::try_from_array(column, row)?;
        all.append_option((!value.is_null()).then(|| found(&value)));
    }
    Ok(all.finish())
}
