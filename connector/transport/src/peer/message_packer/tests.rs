//! Tests: small messages are unpacked as they were, and messages packed by others are not trusted.

use super::{ENCODER, MOST, MessagePacker, unpack_message};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_flight::FlightData;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_proto::envelope::parts::{EnvelopeParts, SignaturePart};
use hansa_proto::peer::compact_answer::{DICTIONARY, MARK};
use std::sync::Arc;

/// Schema and rows of an aggregate of four groups.
fn rows() -> [FlightData; 2] {
    let texts = |one: &str| -> ArrayRef { Arc::new(StringArray::from(vec![one; 4])) };
    let sums = |by: f64| -> ArrayRef {
        let sums = [37_734_107.0, 991_417.5, 74_476_040.25, 37_719_753.125];
        Arc::new(Float64Array::from_iter_values(sums.map(|sum| sum * by)))
    };
    let counts: ArrayRef = Arc::new(Int64Array::from(vec![
        1_478_493, 38_854, 2_920_374, 1_478_870,
    ]));
    let batch = RecordBatch::try_from_iter([
        ("g0", texts("A")),
        ("g1", texts("F")),
        ("a0", sums(1.0)),
        ("a1", sums(1.1)),
        ("a2", sums(1.21)),
        ("a3", counts),
    ])
    .unwrap();
    let options = IpcWriteOptions::try_new(8, false, arrow_ipc::MetadataVersion::V5).unwrap();
    let (mut tracker, generator) = (DictionaryTracker::new(false), IpcDataGenerator::default());
    let schema =
        generator.schema_to_bytes_with_dictionary_tracker(&batch.schema(), &mut tracker, &options);
    let mut context = IpcWriteContext::default();
    let (_, rows) = generator
        .encode(&batch, &mut tracker, &options, &mut context)
        .unwrap();
    [schema, rows].map(|data| FlightData {
        data_header: data.ipc_message.into(),
        data_body: data.arrow_data.into(),
        ..FlightData::default()
    })
}

fn of(receipt: Vec<u8>) -> FlightData {
    FlightData {
        app_metadata: receipt.into(),
        ..FlightData::default()
    }
}

/// Receipt with nine digests in written form.
fn receipt() -> FlightData {
    let digests: Vec<String> = (0..9_u8).map(|n| Digest::of(&[n]).to_string()).collect();
    let parts = EnvelopeParts {
        payload: format!("{{\"digests\":{digests:?}}}").into_bytes(),
        signatures: vec![SignaturePart {
            header: br#"{"alg":"EdDSA","crit":["hansa-role"],"hansa-role":"provider"}"#.to_vec(),
            signature: (0..64).map(|n: u8| n.wrapping_mul(67)).collect(),
        }],
    };
    of(parts.assemble())
}

fn size(message: &FlightData) -> usize {
    message.data_header.len() + message.data_body.len() + message.app_metadata.len()
}

/// A message packed with another dictionary is refused.
#[test]
fn the_dictionary_stays_what_it_is() {
    assert_eq!(
        Digest::of(DICTIONARY).to_string(),
        "e17c80fc93380ef818cce0b89b16d7b47df0707cb96e24e189ea3e5470e10e67"
    );
}

#[test]
fn small_messages_come_out_as_they_went_in() {
    let mut packer = MessagePacker::default();
    let [schema, rows] = rows();
    for message in [schema, rows, receipt()] {
        let packed = packer.pack_message(message.clone());
        assert!(
            size(&packed) * 10 < size(&message) * 7,
            "{} of {}",
            size(&packed),
            size(&message)
        );
        assert_eq!(unpack_message(packed).unwrap(), message);
        // An unpacked message is unchanged.
        assert_eq!(unpack_message(message.clone()).unwrap(), message);
    }
}

#[test]
fn what_is_large_or_would_not_come_out_the_same_goes_as_it_is() {
    let large = FlightData {
        data_header: "header".into(),
        data_body: vec![7; MOST - 5].into(),
        ..FlightData::default()
    };
    let most = FlightData {
        data_header: "header".into(),
        data_body: vec![7; MOST - 6].into(),
        ..FlightData::default()
    };
    let random: Vec<u8> = (0..1000_u32)
        .flat_map(|n| *Digest::of(&n.to_be_bytes()).as_bytes())
        .collect();
    let dense = FlightData {
        data_header: "header".into(),
        data_body: Bytes::from(random).slice(..4000),
        ..FlightData::default()
    };
    let tiny = FlightData {
        data_header: "tiny".into(),
        ..FlightData::default()
    };
    // Not in canonical form: it would not be an equal receipt, and its signature would be invalid.
    let spelled = of([&receipt().app_metadata[..], &[b' '; 8]].concat());
    let mut packer = MessagePacker::default();
    let both = FlightData {
        data_header: "header".into(),
        ..receipt()
    };
    let bodies = FlightData {
        data_body: vec![7; 1000].into(),
        ..FlightData::default()
    };
    for message in [large, dense, tiny, spelled, both, bodies] {
        assert_eq!(packer.pack_message(message.clone()), message);
    }
    let packed = packer.pack_message(most.clone());
    assert!(size(&packed) < 100);
    assert_eq!(unpack_message(packed).unwrap(), most);
}

#[test]
fn what_somebody_else_packed_is_not_trusted() {
    let refused = |message: FlightData| {
        let refusal = unpack_message(message).unwrap_err();
        assert_eq!(refusal.code.as_str(), "PEER_DATA_INVALID", "{refusal}");
    };
    let frame = |bytes: &[u8]| {
        let mut compressor = zstd::bulk::Compressor::with_prepared_dictionary(&ENCODER).unwrap();
        let frame = compressor.compress(bytes).unwrap();
        of([&[MARK], &frame[..]].concat())
    };
    // Sixty-four megabytes in a few kilobytes.
    let bomb = frame(&vec![0; 64 << 20]);
    assert!(size(&bomb) < 8192);
    refused(bomb);
    refused(frame(&vec![0; MOST + 1024]));
    refused(frame(b"no message"));
    refused(of(vec![MARK]));
    refused(of(vec![MARK, 0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff]));
    let good = MessagePacker::default().pack_message(receipt());
    for end in 1..good.app_metadata.len() {
        refused(of(good.app_metadata[..end].to_vec()));
    }
    refused(FlightData {
        data_body: "rows".into(),
        ..good.clone()
    });
    // Without the dictionary.
    let mut plain = zstd::bulk::Compressor::new(3).unwrap();
    let rows = hansa_proto::peer::compact_answer::to_bytes(
        &hansa_proto::peer::compact_answer::CompactAnswerMessage::Rows {
            header: "a header, a header, a header".into(),
            body: Bytes::new(),
        },
    );
    let frame = plain.compress(&rows).unwrap();
    let other = unpack_message(of([&[MARK], &frame[..]].concat()));
    // It needs no dictionary, so it is unpacked.
    assert!(other.is_ok_and(|message| message.data_header == "a header, a header, a header"));
}
