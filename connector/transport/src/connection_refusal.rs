//! Refusal of a connection above a limit, sent as the first bytes of HTTP/2.
//!
//! It consists of the server's settings and a GOAWAY frame (RFC 9113, sections 3.4 and 6.8), with the status of the refusal as
//! debug data. It fits into one TLS record and into the empty buffer of a new connection, so that sending it never blocks.

use hansa_proto::peer::refusal;
use std::fmt;
use tonic::Status;

/// Empty settings frame.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Header of a GOAWAY frame after its length: type, flags, stream.
const CLOSING: [u8; 6] = [7, 0, 0, 0, 0, 0];

/// Body of a GOAWAY frame before the debug data: no request was processed, ENHANCE_YOUR_CALM.
const CALM: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 0xb];

/// Refusal for a holder that is at its limit of connections.
pub(crate) fn write_refusal(holder: &dyn fmt::Display, most: usize) -> Vec<u8> {
    let status = refusal::refuse_connection(holder, most);
    let length = CALM.len().saturating_add(status.details().len());
    // The details are a few short texts, so three bytes are enough for the length.
    let [_, length @ ..] = u32::try_from(length).unwrap_or(0).to_be_bytes();
    [&SETTINGS[..], &length, &CLOSING, &CALM, status.details()].concat()
}

/// Status of the refusal, if the first bytes of a connection are one.
pub(crate) fn read_refusal(word: &[u8]) -> Option<Status> {
    let (length, frame) = word.strip_prefix(&SETTINGS)?.split_first_chunk::<3>()?;
    let body = frame.strip_prefix(&CLOSING)?;
    let [high, middle, low] = *length;
    let length = u32::from_be_bytes([0, high, middle, low]);
    if usize::try_from(length) != Ok(body.len()) {
        return None;
    }
    let details = body.strip_prefix(&CALM)?;
    Some(refusal::read_connection_refusal(details))
}

#[cfg(test)]
mod tests {
    use super::{read_refusal, write_refusal};
    use hansa_policy::refusal::ErrorCode;
    use hansa_proto::peer::refusal;

    #[test]
    fn the_word_comes_back_as_it_was_said() {
        let word = write_refusal(&"tallinn.example", 64);
        // Fits into one TLS record and into the buffer of a new socket.
        assert!(word.len() < 2048, "{}", word.len());
        let status = read_refusal(&word).unwrap();
        let refusal = refusal::carried_refusal(&status, "munster.example").unwrap();
        assert_eq!(refusal.code, ErrorCode::TooManyConnections);
        assert_eq!(
            refusal.sentence,
            "tallinn.example has 64 connections here, the most that it may have"
        );
        assert_eq!(refusal.help.len(), 1);
    }

    #[test]
    fn other_first_words_are_no_refusal() {
        let word = write_refusal(&"tallinn.example", 64);
        for end in 0..word.len() {
            assert!(read_refusal(&word[..end]).is_none(), "{end}");
        }
        assert!(read_refusal(&[&word[..], b"x"].concat()).is_none());
        // Settings of a server that continues.
        assert!(read_refusal(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 64]).is_none());
    }
}
