//! Rate limits of anonymous web requests: per address, and for all together.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Requests of one address per minute, also the burst.
const OF_ADDRESS: i64 = 120;

/// Requests of all addresses per minute.
const OF_ALL: i64 = 6_000;

/// Most addresses in memory.
const ADDRESSES: usize = 10_000;

/// One minute in microseconds.
const MINUTE: i64 = 60_000_000;

/// Counter of anonymous requests.
#[derive(Debug, Default)]
pub struct StrangerRequests(Mutex<CountedRequests>);

#[derive(Debug, Default)]
struct CountedRequests {
    all: RequestBucket,
    addresses: HashMap<IpAddr, RequestBucket>,
}

/// Used part of a rate limit, which recovers over time.
#[derive(Debug, Clone, Copy, Default)]
struct RequestBucket {
    /// Time at which the limit is fully recovered, in microseconds of the connector's ticks.
    whole: i64,
}

impl StrangerRequests {
    /// Counts a request. `now` is in microseconds of the connector's ticks.
    ///
    /// # Errors
    /// The waiting time until the next request is accepted.
    pub(crate) fn count(&self, from: Option<IpAddr>, now: i64) -> Result<(), Duration> {
        let mut counted = self.0.lock();
        let CountedRequests { all, addresses } = &mut *counted;
        addresses.retain(|_, bucket| bucket.whole > now);
        let network = from.map(address_network);
        let own = match network {
            Some(network) if addresses.contains_key(&network) || addresses.len() < ADDRESSES => {
                Some(addresses.entry(network).or_default())
            }
            // An address that is not in memory only uses the common limit.
            _ => None,
        };
        let own_place = own.map(|bucket| (bucket.recovery_time(OF_ADDRESS, now), bucket));
        let all_place = all.recovery_time(OF_ALL, now)?;
        if let Some((place, bucket)) = own_place {
            bucket.whole = place?;
        }
        all.whole = all_place;
        Ok(())
    }
}

impl RequestBucket {
    /// Time of full recovery after one more request, at `most` requests per minute.
    fn recovery_time(self, most: i64, now: i64) -> Result<i64, Duration> {
        let whole = self.whole.max(now).saturating_add(MINUTE / most);
        let over = whole.saturating_sub(now).saturating_sub(MINUTE);
        match u64::try_from(over) {
            Ok(over) if over > 0 => Err(Duration::from_micros(over)),
            _ => Ok(whole),
        }
    }
}

/// Network of an address. The holder of one IPv6 address usually has the 2⁶⁴ addresses around it.
fn address_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        },
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(requests: &StrangerRequests, from: &str, now: i64, most: usize) -> i64 {
        let from = Some(from.parse().unwrap());
        let counted = (0..most).take_while(|_| requests.count(from, now).is_ok());
        i64::try_from(counted.count()).unwrap()
    }

    #[test]
    fn each_address_has_its_share_and_all_have_one() {
        let requests = StrangerRequests::default();
        assert_eq!(taken(&requests, "192.0.2.1", 0, 1000), OF_ADDRESS);
        // The limit recovers one request at a time.
        let later = MINUTE / OF_ADDRESS * 3;
        assert_eq!(taken(&requests, "::ffff:192.0.2.1", later, 1000), 3);
        // Neighbouring IPv6 addresses count as one.
        assert_eq!(taken(&requests, "2001:db8::1", later, 100), 100);
        assert_eq!(
            taken(&requests, "2001:db8::2", later, 1000),
            OF_ADDRESS - 100
        );
        assert_eq!(taken(&requests, "2001:db8:0:1::2", later, 1), 1);
        let mut all = 0;
        for other in 0..=255 {
            all += taken(&requests, &format!("198.51.100.{other}"), later, 100);
        }
        let before = 2 * OF_ADDRESS + 4;
        assert!((OF_ALL - before..=OF_ALL).contains(&all), "{all}");
        assert!(requests.count(None, later).is_err());
        assert!(requests.count(None, later + MINUTE / OF_ALL).is_ok());
    }

    #[test]
    fn addresses_that_are_remembered_are_bounded() {
        let requests = StrangerRequests::default();
        for number in 0..2 * u32::try_from(ADDRESSES).unwrap() {
            let now = i64::from(number) * (MINUTE / OF_ALL);
            assert!(requests.count(Some(IpAddr::V4(number.into())), now).is_ok());
        }
        assert!(requests.0.lock().addresses.len() <= ADDRESSES);
    }
}
