//! Random rows, and masked values computed from the definition of the masks.

use super::*;

/// Band of `m`; `None` below the first boundary.
pub(super) const fn value_band(value: i64) -> Option<i64> {
    match value {
        6.. => Some(6),
        2.. => Some(2),
        _ => None,
    }
}

/// Pseudonym of a text, computed from its definition. The key derives from the city's secret, the dataset, the consumer and the
/// epoch.
pub(super) fn pseudonymize_text(text: &str) -> String {
    let keyed = |key: &[u8], of: &[u8]| -> [u8; 32] {
        let mut made = Hmac::<Sha256>::new_from_slice(key).unwrap();
        made.update(of);
        made.finalize().into_bytes().into()
    };
    let id = build_dataset("d", &COLUMNS).id.to_string();
    // The fixture's contract is named after its dataset.
    let contract = hansa_audit_log::digest::Digest::of(id.as_bytes());
    let label = format!("hansa/pseudonym/1\0{id}\0hansa://firm.example\0{contract}\03");
    let hash = keyed(&keyed(&[7; 32], label.as_bytes()), text.as_bytes());
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(super) fn random_row(random: &mut StdRng, k: i64, share: i64) -> DatasetPairRow {
    let visible = random.random_range(0..100) < share;
    let inside = |random: &mut StdRng| {
        if visible {
            Some(f64::from(random.random_range(0..=4)) / 4.0)
        } else {
            *[None, Some(2.0), Some(-1.0)].choose(random).unwrap()
        }
    };
    let lon = inside(random);
    let lat = if visible { inside(random) } else { Some(0.5) };
    let text = if visible {
        random
            .random_bool(0.8)
            .then(|| random.random_range(0..30).to_string())
    } else {
        Some(format!("{SECRET}{}", random.random_range(0..30)))
    };
    let number = if visible {
        random.random_bool(0.9).then(|| random.random_range(4..40))
    } else {
        *[Some(3), Some(0), Some(i64::MAX), None]
            .choose(random)
            .unwrap()
    };
    DatasetPairRow {
        k,
        v: number,
        f: random
            .random_bool(0.9)
            .then(|| f64::from(random.random_range(-40..40)) / 4.0),
        s: text,
        g: (*["A", "B", "C"].choose(random).unwrap()).to_owned(),
        b: random.random_bool(0.9).then(|| random.random_bool(0.5)),
        t: 1_763_000_000_000_000 + random.random_range(0..48) * HOUR / 4,
        m: random.random_bool(0.9).then(|| random.random_range(0..9)),
        h: Some(format!("{SECRET}{}", random.random_range(0..1000))),
        vis: if visible {
            Some(random.random_range(0..share))
        } else {
            *[None, Some(share), Some(500)].choose(random).unwrap()
        },
        lon,
        lat,
        place: random.random_range(0..PLACES.len()),
        ban: *[None, Some(0), Some(0), Some(1), Some(2)]
            .choose(random)
            .unwrap(),
    }
}

pub(super) fn row_batch(schema: &SchemaRef, rows: &[DatasetPairRow]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.k))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.v))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.f))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.s.clone()))),
        Arc::new(StringArray::from_iter_values(
            rows.iter().map(|r| r.g.clone()),
        )),
        Arc::new(BooleanArray::from_iter(rows.iter().map(|r| r.b))),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(rows.iter().map(|r| r.t))
                .with_timezone("UTC"),
        ),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.m))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.h.clone()))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.vis))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.ban))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.lon))),
        Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.lat))),
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|r| PLACES[r.place].0),
        )),
        Arc::new(Float64Array::from_iter(
            rows.iter().map(|r| PLACES[r.place].1),
        )),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}
