//! Networks and formats of the delivery of answers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Network: an address and the number of its significant leading bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkPrefix {
    address: IpAddr,
    bits: u8,
}

impl NetworkPrefix {
    /// True if the network contains the address. An IPv4-mapped IPv6 address counts as the IPv4 address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32_u32.saturating_sub(u32::from(self.bits));
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128_u32.saturating_sub(u32::from(self.bits));
                (own.to_bits() ^ other.to_bits())
                    .checked_shr(shift)
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// True if the network lies within the other one.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.bits >= other.bits && other.holds(self.address)
    }
}

impl fmt::Display for NetworkPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Error of a text that is not a network such as `10.20.0.0/16`, or that has bits after the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network is written like 10.20.0.0/16, without bits behind its length")]
pub struct NetworkPrefixError;

impl FromStr for NetworkPrefix {
    type Err = NetworkPrefixError;

    fn from_str(text: &str) -> Result<Self, NetworkPrefixError> {
        let (address, bits) = text.split_once('/').ok_or(NetworkPrefixError)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkPrefixError)?;
        let bits: u8 = bits.parse().map_err(|_| NetworkPrefixError)?;
        let behind = match address {
            IpAddr::V4(address) if bits <= 32 => {
                address.to_bits().checked_shl(u32::from(bits)).unwrap_or(0) != 0
            }
            IpAddr::V6(address) if bits <= 128 => {
                address.to_bits().checked_shl(u32::from(bits)).unwrap_or(0) != 0
            }
            IpAddr::V4(_) | IpAddr::V6(_) => true,
        };
        let network = Self { address, bits };
        if behind || network.to_string() != text {
            return Err(NetworkPrefixError);
        }
        Ok(network)
    }
}

/// Format of delivered rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryFormat {
    /// Arrow IPC over Flight.
    ArrowIpc,
}

impl DeliveryFormat {
    /// All formats.
    pub const ALL: [Self; 1] = [Self::ArrowIpc];

    /// Name of the format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ArrowIpc => "arrow-ipc",
        }
    }
}
