//! Client of a time-stamp authority over HTTP (RFC 3161, section 3.4).
//!
//! Only the length and the media type of the response are checked here. TLS is not needed: request and token contain only a digest,
//! and the token is signed.

use crate::http_client;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// Timeout of a request, including the connection.
const PATIENCE: Duration = Duration::from_secs(10);

const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";

/// Posts a request in DER, and returns the response of at most `longest` bytes.
///
/// # Errors
/// `TIME_STAMP_UNAVAILABLE`. Redirections are not followed.
pub async fn request_time_stamp(
    url: &str,
    request: Vec<u8>,
    longest: usize,
) -> Result<Vec<u8>, Refusal> {
    let client = http_client::build_client(PATIENCE, unavailable_stamp_refusal)?;
    let mut answer = client
        .post(url)
        .header("content-type", QUERY)
        .body(request)
        .send()
        .await
        .map_err(failed_request_refusal)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(unavailable_stamp_refusal(format!(
            "it answered {}",
            status.as_u16()
        )));
    }
    let kind = answer.headers().get("content-type");
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(REPLY) {
        return Err(unavailable_stamp_refusal(format!(
            "its answer is not {REPLY}"
        )));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed_request_refusal)? {
        if bytes.len().saturating_add(piece.len()) > longest {
            return Err(unavailable_stamp_refusal(format!(
                "its answer is longer than {longest} bytes"
            )));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn failed_request_refusal(fault: reqwest::Error) -> Refusal {
    unavailable_stamp_refusal(http_client::failure_reason(&fault, PATIENCE))
        .caused_by(fault.without_url())
}

fn unavailable_stamp_refusal(why: String) -> Refusal {
    Refusal::new(
        ErrorCode::TimeStampUnavailable,
        format!("the time-stamp authority gave no token: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    /// Server that takes one request and sends this response; returns the request.
    fn answering(answer: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/tsa", listener.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            let mut piece = [0_u8; 4096];
            while !seen.ends_with(b"request") {
                let length = caller.read(&mut piece).unwrap();
                seen.extend_from_slice(&piece[..length]);
            }
            // The client may close the connection early.
            let _ = caller.write_all(&answer);
            String::from_utf8(seen).unwrap().to_lowercase()
        });
        (url, heard)
    }

    fn response(kind: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    #[tokio::test]
    async fn a_response_is_of_its_kind_and_not_too_long() {
        let (url, heard) = answering(response(REPLY, b"token"));
        let got = request_time_stamp(&url, b"request".to_vec(), 5)
            .await
            .unwrap();
        assert_eq!(got, b"token");
        let seen = heard.join().unwrap();
        assert!(seen.contains("content-type: application/timestamp-query"));
        for (answer, word) in [
            (response(REPLY, b"tokens"), "longer"),
            (response("text/html", b"token"), "timestamp-reply"),
            (
                b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n".to_vec(),
                "500",
            ),
            (
                b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".to_vec(),
                "302",
            ),
            (b"nothing\r\n".to_vec(), "broke off"),
        ] {
            let (url, heard) = answering(answer);
            let refusal = request_time_stamp(&url, b"request".to_vec(), 5)
                .await
                .unwrap_err();
            heard.join().unwrap();
            assert_eq!(refusal.code, ErrorCode::TimeStampUnavailable);
            assert!(refusal.sentence.contains(word), "{refusal}");
            assert!(!refusal.sentence.contains("/tsa"), "{refusal}");
        }
        let nobody = request_time_stamp("http://127.0.0.1:1/tsa", Vec::new(), 5).await;
        assert!(nobody.unwrap_err().sentence.contains("reached"));
    }
}
