//! Client for messages to partners, at the addresses in the configuration.

use crate::http_client;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// Timeout of one message.
const PATIENCE: Duration = Duration::from_secs(5);

/// Timeout of a download.
const DOWNLOAD: Duration = Duration::from_secs(3_600);

/// Largest size of a response that is read, bytes.
const ANSWER: usize = 1024 * 1024;

/// Response of a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body, up to 1 MiB.
    pub body: Vec<u8>,
    /// Address of `rel="next"` in the `Link` headers, if there is one.
    pub next: Option<String>,
}

/// Credential for a partner.
#[derive(Clone, PartialEq, Eq)]
pub enum PartnerCredential {
    /// Value of the header `Authorization`.
    Authorization(String),
    /// Value of the header `x-api-key`, as used by EDC's interfaces.
    ApiKey(String),
}

impl fmt::Debug for PartnerCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartnerCredential")
    }
}

/// Posts a message, or gets a page where there is no message. Redirections are not followed.
///
/// # Errors
/// `PARTNER_UNREACHABLE` when there is no response.
pub async fn send_message(
    address: &str,
    credential: Option<&PartnerCredential>,
    message: Option<Vec<u8>>,
) -> Result<PartnerAnswer, Refusal> {
    let client = http_client::build_client(PATIENCE, unreachable_partner_refusal)?;
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
    let failed = |fault: reqwest::Error| {
        unreachable_partner_refusal(http_client::failure_reason(&fault, PATIENCE))
    };
    let mut answer = request.send().await.map_err(failed)?;
    let links = answer.headers().get_all("link").iter();
    let next = links
        .filter_map(|value| value.to_str().ok())
        .find_map(next_of);
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        if body.len().saturating_add(piece.len()) > ANSWER {
            return Err(unreachable_partner_refusal(format!(
                "its answer is longer than {ANSWER} bytes"
            )));
        }
        body.extend_from_slice(&piece);
    }
    Ok(PartnerAnswer { status, body, next })
}

/// Downloads data into a new file, up to a number of bytes, and returns the size and the digest. The file gets its name only when
/// it is complete. An aborted, oversized or unsuccessful download leaves no file.
///
/// # Errors
/// `PARTNER_UNREACHABLE`, `MESSAGE_TOO_LARGE`, or when the file can't be written or already exists.
pub async fn download_file(
    address: &str,
    authorization: &str,
    file: &Path,
    limit: u64,
) -> Result<(u64, Digest), Refusal> {
    let client = http_client::build_client(DOWNLOAD, unreachable_partner_refusal)?;
    let failed = |fault: reqwest::Error| {
        unreachable_partner_refusal(http_client::failure_reason(&fault, DOWNLOAD))
    };
    let request = client.get(address).header("authorization", authorization);
    let mut answer = request.send().await.map_err(failed)?;
    if answer.status().as_u16() != 200 {
        let status = answer.status().as_u16();
        return Err(unreachable_partner_refusal(format!(
            "it answered {status} instead of data"
        )));
    }
    let headers = answer.headers();
    let has_end =
        headers.contains_key("content-length") || headers.contains_key("transfer-encoding");
    if !has_end && answer.version() < reqwest::Version::HTTP_2 {
        // A truncated file would look complete.
        return Err(unreachable_partner_refusal(
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
    // Readable by its owner alone, and removed if the download fails.
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

/// Address of the next page in a `Link` header (RFC 8288).
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

fn unreachable_partner_refusal(sentence: String) -> Refusal {
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
