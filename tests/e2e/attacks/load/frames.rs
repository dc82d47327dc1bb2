//! HTTP/2 by hand, for what no client sends.

use hansa_test_support::forged_certificate::RawTlsConnection;
use hansa_test_support::league::TestLeague;
use std::io::{Read as _, Write as _};
use std::time::Duration;

/// A connection over which anything can be said.
pub(super) struct RawHttp2Connection {
    stream: RawTlsConnection,
}

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

impl RawHttp2Connection {
    /// Connects with a participant's certificate and begins with HTTP/2.
    pub(super) fn enter(league: &TestLeague, alias: &str, listener: &str, domain: &str) -> Self {
        let mut stream = league.speak(&league.certificate(alias), listener, domain);
        stream
            .tcp()
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .unwrap();
        let mut raw = Self { stream };
        raw.frame(SETTINGS, 0, 0, &[]).unwrap();
        raw
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, body: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(body);
        self.stream.write_all(&bytes)
    }

    /// The header block of a question, each field written out.
    fn question() -> Vec<u8> {
        let mut block = Vec::new();
        for (name, value) in [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/arrow.flight.protocol.FlightService/DoGet"),
            (":authority", "lindau.example"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ] {
            block.push(0);
            for text in [name, value] {
                block.push(u8::try_from(text.len()).unwrap());
                block.extend(text.as_bytes());
            }
        }
        block
    }

    /// Opens streams and takes each back at once.
    pub(super) fn reset_streams(mut self, count: u32) -> String {
        for number in 0..count {
            let stream = number * 2 + 1;
            let sent = self
                .frame(HEADERS, 4, stream, &Self::question())
                .and_then(|()| self.frame(RESET, 0, stream, &8_u32.to_be_bytes()));
            if sent.is_err() {
                break;
            }
        }
        self.ended()
    }

    /// Opens streams and says nothing more on them.
    pub(super) fn open_streams(mut self, count: u32) -> String {
        for number in 0..count {
            if self
                .frame(HEADERS, 4, number * 2 + 1, &Self::question())
                .is_err()
            {
                break;
            }
        }
        self.ended()
    }

    /// Headers that never end, so many times 256 KiB of them.
    pub(super) fn endless_headers(mut self, times: usize) -> String {
        let mut sent = self.frame(HEADERS, 0, 1, &Self::question());
        let mut field = vec![0, 1, b'x', 0x7f, 0x81, 0x7e];
        field.extend(vec![b'y'; 16_256]);
        for _ in 0..times * 16 {
            if sent.is_err() {
                break;
            }
            sent = self.frame(CONTINUATION, 0, 1, &field[..16_000]);
        }
        self.ended()
    }

    /// Pings, one after the other, whose answers nobody reads.
    pub(super) fn pings(mut self, count: usize) -> String {
        self.stream
            .tcp()
            .set_write_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        for _ in 0..count {
            if self.frame(PING, 0, 0, &[7; 8]).is_err() {
                break;
            }
        }
        self.ended()
    }

    /// How the other end took it.
    fn ended(mut self) -> String {
        self.stream
            .tcp()
            .set_read_timeout(Some(Duration::from_secs(2)))
            .unwrap();
        let mut said = Vec::new();
        let mut part = [0; 65_536];
        let closed = loop {
            match self.stream.read(&mut part) {
                Ok(0) => break true,
                Ok(read) => said.extend_from_slice(&part[..read]),
                Err(error) => {
                    let waiting = [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut];
                    break !waiting.contains(&error.kind());
                }
            }
            if said.len() > 8_000_000 {
                break false;
            }
        };
        let (mut at, mut away, mut resets) = (0, false, 0_u32);
        while let Some(head) = said.get(at..at + 9) {
            away |= head[3] == GOAWAY;
            resets += u32::from(head[3] == RESET);
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            at += 9 + usize::try_from(length).unwrap();
        }
        match (closed, away, resets) {
            (_, true, _) => "sent away".to_owned(),
            (true, false, _) => "closed".to_owned(),
            (false, false, 0) => "borne".to_owned(),
            (false, false, resets) => format!("{resets} streams refused"),
        }
    }
}
