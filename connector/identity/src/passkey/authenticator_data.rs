//! Authenticator data: what an authenticator says about itself, the person and a new key (WebAuthn Level 3, section 6.1).

use crate::passkey::PasskeyFault;
use hansa_audit_log::digest::Digest;

/// Flag: somebody touched the authenticator.
const USER_PRESENT: u8 = 0x01;

/// Flag: the authenticator verified the person.
const USER_VERIFIED: u8 = 0x04;

/// Flag: the key may be copied to further authenticators.
const BACKUP_ELIGIBLE: u8 = 0x08;

/// Flag: the key is copied.
const BACKUP_STATE: u8 = 0x10;

/// Flag: a new key follows.
const NEW_KEY: u8 = 0x40;

/// Flag: extensions follow.
const EXTENSIONS: u8 = 0x80;

/// Longest data, bytes: those of a new key with the longest identity, and room for extensions.
const LONGEST: usize = 4096;

/// Longest identity of a key, bytes.
const LONGEST_ID: usize = 1023;

/// Authenticator data, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthenticatorData<'a> {
    party: &'a [u8],
    flags: u8,
    /// Number of signatures, or 0.
    pub(super) counter: u32,
    /// New key.
    pub(super) credential: Option<NewCredential<'a>>,
    /// True where extensions follow the key.
    pub(super) has_extensions: bool,
}

/// New key in authenticator data.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewCredential<'a> {
    /// Identity of the key.
    pub(super) id: &'a [u8],
    /// COSE key, and the extensions after it.
    pub(super) key_and_extensions: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads the data.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, PasskeyFault> {
        Self::read(bytes).ok_or(PasskeyFault::AuthenticatorData)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let (party, rest) = bytes.split_at_checked(32)?;
        let (&flags, rest) = rest.split_first()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let has_extensions = flags & EXTENSIONS != 0;
        let is_copied_alone = flags & BACKUP_STATE != 0 && flags & BACKUP_ELIGIBLE == 0;
        let credential = match flags & NEW_KEY != 0 {
            true => Some(read_credential(rest)?),
            false => None,
        };
        let fits = credential.is_some() || rest.is_empty() != has_extensions;
        (fits && !is_copied_alone).then_some(Self {
            party,
            flags,
            counter: u32::from_be_bytes(*counter),
            credential,
            has_extensions,
        })
    }

    /// Checks the website, and that the person was there and verified.
    pub(super) fn check_presence(&self, party: &str) -> Result<(), PasskeyFault> {
        if self.party != Digest::of(party.as_bytes()).as_bytes() {
            return Err(PasskeyFault::RelyingParty);
        }
        if self.flags & USER_PRESENT == 0 {
            return Err(PasskeyFault::NotPresent);
        }
        if self.flags & USER_VERIFIED == 0 {
            return Err(PasskeyFault::NotVerified);
        }
        Ok(())
    }
}

/// Reads a new key: 16 bytes that name the kind of the authenticator, the length of the identity, the identity, and the key.
fn read_credential(bytes: &[u8]) -> Option<NewCredential<'_>> {
    let (_kind, rest) = bytes.split_at_checked(16)?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (id, key_and_extensions) = rest.split_at_checked(length)?;
    (1..=LONGEST_ID).contains(&length).then_some(NewCredential {
        id,
        key_and_extensions,
    })
}
