//! Masks of columns: a keyed hash, the first characters, the lower edge of a band. They can't fail; NULL stays NULL.

mod band;

use crate::row_plan::changed_view_refusal;
use crate::string_view::TEXT;
use band::find_lower_edges;
use datafusion_common::arrow::array::{ArrayRef, AsArray, StringArray, StringViewArray};
use datafusion_common::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hmac::digest::KeyInit;
use hmac::digest::core_api::{Buffer, FixedOutputCore as _, UpdateCore as _};
use hmac::{Hmac, HmacCore, Mac as _};
use sha2::Sha256;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Owner's secret from which the keys of hashed columns are derived. It is never disclosed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MaskingSecret([u8; 32]);

impl MaskingSecret {
    /// Secret of a participant.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Key of a scope: a pseudo-random function of the secret, so that one key discloses nothing about another.
    fn derive_key(&self, of: HashKeyScope<'_>) -> HashKey {
        let HashKeyScope {
            dataset,
            consumer,
            contract,
            epoch,
        } = of;
        let contract = contract.map(|contract| contract.to_string());
        let contract = contract.as_deref().unwrap_or("none");
        let mut made: Hmac<Sha256> = mac_from_key(&self.0);
        let label = format!("hansa/pseudonym/1\0{dataset}\0{consumer}\0{contract}\0{epoch}");
        made.update(label.as_bytes());
        HashKey(made.finalize().into_bytes().into())
    }
}

/// Scope of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HashKeyScope<'a> {
    pub(crate) dataset: &'a DatasetId,
    pub(crate) consumer: &'a ParticipantId,
    /// First version of the contract.
    pub(crate) contract: Option<ContractId>,
    pub(crate) epoch: u32,
}

impl fmt::Debug for MaskingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Expression for `column` as 32 hexadecimal digits: the first 128 bits of HMAC-SHA-256 (RFC 2104). Integers are hashed as decimal
/// text.
pub(crate) fn hash_column(column: Expr, secret: &MaskingSecret, of: HashKeyScope<'_>) -> Expr {
    mask_column(column, MaskOp::Hash(secret.derive_key(of)))
}

/// Expression for the first `length` code points of `column`.
pub(crate) fn shorten_column(column: Expr, length: u32) -> Expr {
    mask_column(
        column,
        MaskOp::Prefix(usize::try_from(length).unwrap_or(usize::MAX)),
    )
}

/// Expression for the lower edge of the band of `column`.
///
/// # Errors
/// `SCHEMA_CHANGED` for edges that don't fit the column's present type.
pub(crate) fn band_column(
    column: Expr,
    kind: &DataType,
    edges: &[String],
) -> Result<Expr, Refusal> {
    let how = match kind {
        DataType::Int64 => {
            let edges = edges.iter().map(|edge| edge.parse::<i64>().ok());
            MaskOp::Ints(
                edges
                    .collect::<Option<_>>()
                    .ok_or_else(changed_view_refusal)?,
            )
        }
        DataType::Float64 => {
            let edges = edges.iter().map(|edge| edge.parse::<f64>().ok());
            MaskOp::Floats(BandEdges(
                edges
                    .collect::<Option<_>>()
                    .ok_or_else(changed_view_refusal)?,
            ))
        }
        _ => return Err(changed_view_refusal()),
    };
    Ok(mask_column(column, how))
}

fn mask_column(column: Expr, how: MaskOp) -> Expr {
    let made = MaskFunction {
        op: how,
        signature: Signature::any(1, Volatility::Immutable),
    };
    ScalarUDF::from(made).call(vec![column])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MaskFunction {
    op: MaskOp,
    signature: Signature,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum MaskOp {
    Hash(HashKey),
    Prefix(usize),
    Ints(Vec<i64>),
    Floats(BandEdges),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct HashKey([u8; 32]);

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Edges that are finite numbers. Comparisons are bit by bit.
#[derive(Debug)]
struct BandEdges(Vec<f64>);

impl PartialEq for BandEdges {
    fn eq(&self, other: &Self) -> bool {
        self.bits().eq(other.bits())
    }
}

impl Eq for BandEdges {}

impl Hash for BandEdges {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().for_each(|bits| bits.hash(state));
    }
}

impl BandEdges {
    fn bits(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|edge| edge.to_bits())
    }
}

impl ScalarUDFImpl for MaskFunction {
    fn name(&self) -> &'static str {
        match self.op {
            MaskOp::Hash(_) => "hashed",
            MaskOp::Prefix(_) => "prefix",
            MaskOp::Ints(_) | MaskOp::Floats(_) => "band",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match (&self.op, arguments) {
            (MaskOp::Hash(_) | MaskOp::Prefix(_), [_]) => Ok(TEXT),
            (MaskOp::Ints(_) | MaskOp::Floats(_), [only]) => Ok(only.clone()),
            _ => exec_err!("one argument"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let [only] = args.arg_fields else {
            return exec_err!("one argument");
        };
        let kind = self.return_type(&[only.data_type().clone()])?;
        let below = matches!(self.op, MaskOp::Ints(_) | MaskOp::Floats(_));
        let nullable = only.is_nullable() || below;
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Array(array)] => Ok(ColumnarValue::Array(self.mask_values(array)?)),
            [ColumnarValue::Scalar(value)] => {
                let made = self.mask_values(&value.to_array()?)?;
                ScalarValue::try_from_array(&made, 0).map(ColumnarValue::Scalar)
            }
            _ => exec_err!("one argument"),
        }
    }
}

impl MaskFunction {
    fn mask_values(&self, array: &ArrayRef) -> Result<ArrayRef> {
        match (&self.op, array.data_type()) {
            (MaskOp::Hash(key), DataType::Utf8View) => {
                let texts = array.as_string_view().iter();
                hash_to_hex(
                    key,
                    texts.map(|text| text.map(str::as_bytes)),
                    array.nulls(),
                )
            }
            (MaskOp::Hash(key), DataType::Int64) => {
                let numbers = array.as_primitive::<Int64Type>().iter();
                let texts = numbers.map(|number| number.map(|number| number.to_string()));
                hash_to_hex(key, texts, array.nulls())
            }
            (MaskOp::Prefix(length), DataType::Utf8View) => {
                let texts = array.as_string_view().iter();
                let cut: StringViewArray = texts
                    .map(|text| text.map(|text| first_characters(text, *length)))
                    .collect();
                Ok(Arc::new(cut))
            }
            (MaskOp::Ints(edges), DataType::Int64) => Ok(Arc::new(find_lower_edges(
                array.as_primitive::<Int64Type>(),
                edges,
            ))),
            (MaskOp::Floats(BandEdges(edges)), DataType::Float64) => Ok(Arc::new(
                find_lower_edges(array.as_primitive::<Float64Type>(), edges),
            )),
            _ => exec_err!("a column of another type than the mask was made for"),
        }
    }
}

fn first_characters(text: &str, length: usize) -> &str {
    match text.char_indices().nth(length) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

/// Hexadecimal hashes of values. `nulls` is the null mask of `values`.
fn hash_to_hex<T: AsRef<[u8]>>(
    key: &HashKey,
    values: impl ExactSizeIterator<Item = Option<T>>,
    nulls: Option<&NullBuffer>,
) -> Result<ArrayRef> {
    // The block-level core: the state of the complete type is larger and would be copied for each row.
    let mac = mac_from_key::<HmacCore<Sha256>>(&key.0);
    let hash = |value: T| {
        let mut mac = mac.clone();
        let mut rest = Buffer::<HmacCore<Sha256>>::default();
        rest.digest_blocks(value.as_ref(), |blocks| mac.update_blocks(blocks));
        let mut hash = Default::default();
        mac.finalize_fixed_core(&mut rest, &mut hash);
        std::array::from_fn(|byte| hash.get(byte).copied().unwrap_or_default())
    };
    // All hashes have equal length, so the offsets are regular.
    let offsets = OffsetBuffer::from_repeated_length(2 * HASH, values.len());
    let hashes: Vec<[u8; HASH]> = values.map(|v| v.map_or([0; HASH], hash)).collect();
    // One pass over the bytes of all rows.
    let bytes = hashes.as_flattened().iter();
    let digits: Vec<[u8; 2]> = bytes
        .map(|b| [hex_digit(b >> 4), hex_digit(b & 15)])
        .collect();
    // UTF-8 is checked once for all texts, and not for each.
    let texts = StringArray::try_new(offsets, digits.into_flattened().into(), nulls.cloned())?;
    Ok(Arc::new(StringViewArray::from(&texts)))
}

/// Number of shown bytes of a hash.
const HASH: usize = 16;

/// Hexadecimal digit of a number below 16.
const fn hex_digit(half: u8) -> u8 {
    half.wrapping_add(if half < 10 { b'0' } else { b'a' - 10 })
}

fn mac_from_key<M: KeyInit>(key: &[u8; 32]) -> M {
    // A key of 32 bytes is shorter than a block, which every HMAC accepts.
    M::new_from_slice(key).unwrap_or_else(|_| M::new(&Default::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::{Array as _, Float64Array, Int64Array};

    fn made(how: MaskOp, array: ArrayRef) -> ArrayRef {
        let signature = Signature::any(1, Volatility::Immutable);
        MaskFunction { op: how, signature }
            .mask_values(&array)
            .unwrap()
    }

    /// Data of RFC 4231, test case 1, with a key of 32 bytes instead of 20; the expected value was computed elsewhere.
    #[test]
    fn hashes_are_those_of_the_standard_and_differ_by_consumer_and_epoch() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![
            Some("Hi There"),
            None,
            Some(""),
        ]));
        let hex = made(MaskOp::Hash(HashKey([0x0b; 32])), texts);
        let hex = hex.as_string_view();
        assert_eq!(hex.value(0), "198a607eb44bfbc69903a0f1cf2bbdc5");
        assert!(hex.is_null(1));
        assert_eq!(hex.value(2).len(), 32);
        let secret = MaskingSecret::new([7; 32]);
        let dataset: DatasetId = "hansa://munster.example/d/trips".parse().unwrap();
        let [first, second] = ["hansa://one.example", "hansa://two.example"]
            .map(|text| text.parse::<ParticipantId>().unwrap());
        let contract = |text: &str| {
            Some(ContractId(hansa_audit_log::digest::Digest::of(
                text.as_bytes(),
            )))
        };
        let key = |consumer: &ParticipantId, contract, epoch| {
            secret.derive_key(HashKeyScope {
                dataset: &dataset,
                consumer,
                contract,
                epoch,
            })
        };
        let one = key(&first, contract("a"), 1);
        assert!(one == key(&first, contract("a"), 1));
        assert!(one != key(&second, contract("a"), 1));
        assert!(one != key(&first, contract("b"), 1));
        assert!(one != key(&first, None, 1));
        assert!(one != key(&first, contract("a"), 2));
        assert_eq!(format!("{secret:?} {one:?}"), "Secret Key");
    }

    #[test]
    fn hashes_of_any_length_are_those_of_the_library() {
        let texts: Vec<String> = (0..300).map(|length| "ü".repeat(length)).collect();
        let array: ArrayRef = Arc::new(StringViewArray::from_iter_values(&texts));
        let key = HashKey([3; 32]);
        let shown = made(MaskOp::Hash(key), array);
        for (text, shown) in texts.iter().zip(shown.as_string_view().iter()) {
            let mut whole: Hmac<Sha256> = mac_from_key(&key.0);
            whole.update(text.as_bytes());
            let whole = format!("{:x}", whole.finalize().into_bytes());
            assert_eq!(shown, whole.get(..2 * HASH), "{}", text.len());
        }
    }

    #[test]
    fn integers_are_hashed_as_their_text() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![42]));
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["42"]));
        let key = HashKey([1; 32]);
        assert_eq!(
            &made(MaskOp::Hash(key), numbers),
            &made(MaskOp::Hash(key), texts)
        );
    }

    #[test]
    fn prefixes_count_characters() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![
            Some("Münster"),
            Some("ü"),
            None,
            Some("🚲🚲🚲"),
        ]));
        let cut = made(MaskOp::Prefix(2), texts);
        let cut: Vec<_> = cut.as_string_view().iter().collect();
        assert_eq!(cut, [Some("Mü"), Some("ü"), None, Some("🚲🚲")]);
    }

    #[test]
    fn bands_show_their_lower_edge() {
        let ages: ArrayRef = Arc::new(Int64Array::from(vec![
            Some(-1),
            Some(0),
            Some(17),
            Some(18),
            Some(i64::MAX),
            None,
        ]));
        let shown = made(MaskOp::Ints(vec![0, 18, 65]), ages);
        let shown: Vec<_> = shown.as_primitive::<Int64Type>().iter().collect();
        assert_eq!(shown, [None, Some(0), Some(0), Some(18), Some(65), None]);
        let values: ArrayRef = Arc::new(Float64Array::from(vec![
            f64::NAN,
            f64::NEG_INFINITY,
            0.5,
            f64::INFINITY,
        ]));
        let shown = made(MaskOp::Floats(BandEdges(vec![0.5, 1.0])), values);
        let shown: Vec<_> = shown.as_primitive::<Float64Type>().iter().collect();
        assert_eq!(shown, [None, None, Some(0.5), Some(1.0)]);
    }
}
