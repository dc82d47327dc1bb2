//! Keys of the issuer, kept for an hour and fetched again for an unknown key, at most once a minute.

use crate::answer_fault::unreachable_issuer_refusal;
use crate::issuer_client::IssuerClient;
use crate::key_set::{KeyFault, KeySet, LONGEST_KEY_SET};
use crate::signature_algorithm::SignatureAlgorithm;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use parking_lot::RwLock;
use reqwest::Url;
use std::sync::Arc;

/// Least time between two fetches, microseconds.
const PAUSE: u64 = 60_000_000;
/// Time after which keys are fetched again, so that a key that the issuer has withdrawn ends, microseconds.
const KEPT: u64 = 3_600_000_000;

/// Keys of the issuer.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    client: IssuerClient,
    address: Url,
    kept: RwLock<KeptKeys>,
    /// Last fetch, whether or not it succeeded. Held while one runs: others wait for its keys. Readers of known keys do not wait.
    last_fetch: tokio::sync::Mutex<UtcTimestamp>,
}

/// Key set with the instant at which it was fetched.
#[derive(Debug, Clone)]
struct KeptKeys {
    set: Arc<KeySet>,
    fetched: UtcTimestamp,
}

impl KeptKeys {
    fn is_recent(&self, now: UtcTimestamp) -> bool {
        self.fetched.micros().abs_diff(now.micros()) < KEPT
    }

    fn holds(&self, kid: Option<&str>, algorithm: SignatureAlgorithm, now: UtcTimestamp) -> bool {
        self.is_recent(now) && self.set.find_key(kid, algorithm).err() != Some(KeyFault::Unknown)
    }
}

impl IssuerKeys {
    /// Fetches the keys for the first time.
    ///
    /// # Errors
    /// `ISSUER_UNREACHABLE`, `ISSUER_ANSWER_INVALID`.
    pub(crate) async fn fetch(
        client: IssuerClient,
        address: Url,
        now: UtcTimestamp,
    ) -> Result<Self, Refusal> {
        let set = fetch_keys(&client, &address).await?;
        Ok(Self {
            client,
            address,
            kept: RwLock::new(KeptKeys { set, fetched: now }),
            last_fetch: tokio::sync::Mutex::new(now),
        })
    }

    /// Key set in which to look for the key of a token.
    ///
    /// # Errors
    /// `ISSUER_UNREACHABLE`, `ISSUER_ANSWER_INVALID`.
    pub(crate) async fn find_key_set(
        &self,
        kid: Option<&str>,
        algorithm: SignatureAlgorithm,
        now: UtcTimestamp,
    ) -> Result<Arc<KeySet>, Refusal> {
        let kept = self.kept.read().clone();
        if kept.holds(kid, algorithm, now) {
            return Ok(kept.set);
        }
        let mut last_fetch = self.last_fetch.lock().await;
        // Somebody else may have fetched while this call waited.
        let kept = self.kept.read().clone();
        if kept.holds(kid, algorithm, now) {
            return Ok(kept.set);
        }
        if is_too_soon(*last_fetch, now) {
            return match kept.is_recent(now) {
                true => Ok(kept.set),
                false => Err(unreachable_issuer_refusal(
                    "its keys could not be fetched, and are asked for once a minute",
                )),
            };
        }
        self.fetch_again(&mut last_fetch, now).await
    }

    /// Newer key set than one in which no key has verified a token without a key identifier; none where it is too soon to ask.
    ///
    /// # Errors
    /// `ISSUER_UNREACHABLE`, `ISSUER_ANSWER_INVALID`.
    pub(crate) async fn renew_key_set(
        &self,
        used: &Arc<KeySet>,
        now: UtcTimestamp,
    ) -> Result<Option<Arc<KeySet>>, Refusal> {
        let mut last_fetch = self.last_fetch.lock().await;
        let kept = self.kept.read().clone();
        if !Arc::ptr_eq(&kept.set, used) {
            return Ok(kept.is_recent(now).then_some(kept.set));
        }
        if is_too_soon(*last_fetch, now) {
            return Ok(None);
        }
        self.fetch_again(&mut last_fetch, now).await.map(Some)
    }

    async fn fetch_again(
        &self,
        last_fetch: &mut UtcTimestamp,
        now: UtcTimestamp,
    ) -> Result<Arc<KeySet>, Refusal> {
        *last_fetch = now;
        let set = fetch_keys(&self.client, &self.address).await?;
        *self.kept.write() = KeptKeys {
            set: Arc::clone(&set),
            fetched: now,
        };
        Ok(set)
    }
}

/// True where the keys were asked for less than a minute ago.
const fn is_too_soon(last_fetch: UtcTimestamp, now: UtcTimestamp) -> bool {
    // INVARIANT: oidc-key-fetches. The difference counts in both directions: a caller that waited has an earlier instant.
    last_fetch.micros().abs_diff(now.micros()) < PAUSE
}

async fn fetch_keys(client: &IssuerClient, address: &Url) -> Result<Arc<KeySet>, Refusal> {
    let bytes = client
        .get_document(address.clone(), LONGEST_KEY_SET)
        .await?;
    Ok(Arc::new(KeySet::parse(&bytes)?))
}
