//! Sends messages to partners: to the addresses that the configuration names, by whoever knows them.

use crate::http_client;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long data may take.
const DOWNLOAD: Duration = Duration::from_secs(3_600);

/// Bytes of an answer that are read.
const ANSWER: usize = 1024 * 1024;

/// What a partner answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// Its body, up to a mebibyte.
    pub body: Vec<u8>,
    /// The address behind `rel="next"` in its `Link` headers, if there is one.
    pub next: Option<String>,
}

/// What is presented to whoever gets a message.
#[derive(Clone, PartialEq, Eq)]
pub enum PartnerCredential {
    /// In `Authorization`, as it is.
    Authorization(String),
    /// In `x-api-key`, which interfaces of EDC look at.
    ApiKey(String),
}

impl fmt::Debug for PartnerCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartnerCredential")
    }
}

/// Posts a message, or gets a page where there is none. Redirections are not followed.
///
/// # Errors
/// `PARTNER_UNREACHABLE`, where no answer came.
pub async fn send(
    address: &str,
    credential: Option<&PartnerCredential>,
    message: Option<Vec<u8>>,
) -> Result<PartnerAnswer, Refusal> {
    let client = http_client::client(PATIENCE, unreachable)?;
    let request = match message {
        Some(message) => client
            .post(address)
            .header("content-type", "application/json")
            .body(message),
        None => client.get(address),
    };
    let request = match credential {
        Some(PartnerCredential::Authorization(value)) => request.header("authorization", value),
        Some(PartnerCredential::ApiKey(value)) => request.header("x-api-key", value),
        None => request,
    };
    let failed = |fault: reqwest::Error| unreachable(http_client::reason(&fault, PATIENCE));
    let mut answer = request.send().await.map_err(failed)?;
    let links = answer.headers().get_all("link").iter();
    let next = links
        .filter_map(|value| value.to_str().ok())
        .find_map(next_of);
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(piece.len()) > ANSWER {
            return Err(unreachable(format!(
                "its answer is longer than {ANSWER} bytes"
            )));
        }
        body.extend_from_slice(&piece);
    }
    Ok(PartnerAnswer { status, body, next })
}

/// Fetches what is at an address into a new file, up to a number of bytes; gives how many came, and their digest. The
/// file has its name when it is whole: what breaks off, is longer, or is no success, leaves none.
///
/// # Errors
/// `PARTNER_UNREACHABLE`, `MESSAGE_TOO_LARGE`, or where the file can't be written or is there already.
pub async fn download(
    address: &str,
    authorization: &str,
    file: &Path,
    limit: u64,
) -> Result<(u64, Digest), Refusal> {
    let client = http_client::client(DOWNLOAD, unreachable)?;
    let failed = |fault: reqwest::Error| unreachable(http_client::reason(&fault, DOWNLOAD));
    let request = client.get(address).header("authorization", authorization);
    let mut answer = request.send().await.map_err(failed)?;
    if answer.status().as_u16() != 200 {
        let status = answer.status().as_u16();
        return Err(unreachable(format!("it answered {status} instead of data")));
    }
    let headers = answer.headers();
    let has_end =
        headers.contains_key("content-length") || headers.contains_key("transfer-encoding");
    if !has_end && answer.version() < reqwest::Version::HTTP_2 {
        // A cut one would look whole.
        return Err(unreachable(
            "it does not say where its data ends".to_owned(),
        ));
    }
    let unwritable = |fault: std::io::Error| {
        let sentence = format!("`{}` can't be written", file.display());
        Refusal::new(ErrorCode::UsageWrong, sentence).caused_by(fault)
    };
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Readable by its owner alone, and gone where the download breaks off.
    let part = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let mut written = tokio::fs::File::from_std(part.reopen().map_err(unwritable)?);
    let (mut bytes, mut digest) = (0_u64, IncrementalDigest::new());
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if bytes > limit {
            let sentence = format!("its data is longer than {limit} bytes");
            return Err(Refusal::new(ErrorCode::MessageTooLarge, sentence));
        }
        digest.update(&piece);
        written.write_all(&piece).await.map_err(unwritable)?;
    }
    written.sync_all().await.map_err(unwritable)?;
    let named = part.persist_noclobber(file);
    named.map_err(|fault| unwritable(fault.error))?;
    Ok((bytes, digest.finish()))
}

/// The address of the next page in a `Link` header (RFC 8288).
fn next_of(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (address, parameters) = link.split_once('>')?;
        let address = address.trim().strip_prefix('<')?;
        let is_next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim();
            parameter == "rel=\"next\"" || parameter == "rel=next"
        });
        is_next.then(|| address.to_owned())
    })
}

fn unreachable(sentence: String) -> Refusal {
    Refusal::new(ErrorCode::PartnerUnreachable, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let links = "<https://a.example/1>; rel=\"prev\", <https://a.example/3?x=1>; rel=\"next\"";
        assert_eq!(next_of(links).as_deref(), Some("https://a.example/3?x=1"));
        assert_eq!(next_of("<https://a.example/1>; rel=\"previous\""), None);
        assert_eq!(next_of("nonsense"), None);
    }
}
