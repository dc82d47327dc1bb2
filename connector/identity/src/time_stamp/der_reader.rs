//! Strict reader of DER (X.690, sections 8 and 10): definite lengths in their shortest form, tags of one octet, nothing left over.
//!
//! Libraries for certificates accept more than DER permits, and don't return the bytes of parsed parts, which signatures cover.

/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;
/// `BOOLEAN`.
pub(super) const BOOLEAN: u8 = 0x01;
/// `OCTET STRING`.
pub(super) const OCTET_STRING: u8 = 0x04;
/// `NULL`.
pub(super) const NULL: u8 = 0x05;
/// `OBJECT IDENTIFIER`.
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
/// `BIT STRING`.
pub(super) const BIT_STRING: u8 = 0x03;
/// `GeneralizedTime`.
pub(super) const GENERALIZED_TIME: u8 = 0x18;
/// `SEQUENCE` and `SEQUENCE OF`.
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET OF`.
pub(super) const SET: u8 = 0x31;

/// Tag of a constructed element of the context class.
pub(super) const fn constructed_tag(number: u8) -> u8 {
    0xa0 | number
}

/// Tag of a primitive element of the context class.
pub(super) const fn primitive_tag(number: u8) -> u8 {
    0x80 | number
}

/// Error of bytes without the expected structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not in the DER form of {0}")]
pub(super) struct MalformedDer(pub(super) &'static str);

/// DER element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DerElement<'a> {
    /// Identifier octet.
    pub(super) tag: u8,
    /// All octets of the element.
    pub(super) whole: &'a [u8],
    /// Content octets.
    pub(super) content: &'a [u8],
}

/// Reader of consecutive elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerReader<'a> {
    rest: &'a [u8],
    /// Name of the structure, for the error.
    structure: &'static str,
}

impl<'a> DerReader<'a> {
    /// Reader of the content of a structure.
    pub(super) const fn new(rest: &'a [u8], structure: &'static str) -> Self {
        Self { rest, structure }
    }

    /// Reader of the content of the single element in `bytes`, with this tag.
    pub(super) fn for_single_element(
        bytes: &'a [u8],
        tag: u8,
        structure: &'static str,
    ) -> Result<Self, MalformedDer> {
        let mut whole = Self::new(bytes, structure);
        let inner = whole.enter(tag)?;
        whole.finish()?;
        Ok(inner)
    }

    const fn malformed_error(&self) -> MalformedDer {
        MalformedDer(self.structure)
    }

    /// Next element with any tag.
    pub(super) fn next_element(&mut self) -> Result<DerElement<'a>, MalformedDer> {
        let malformed = self.malformed_error();
        let ([tag, first], after) = self.rest.split_first_chunk::<2>().ok_or(malformed)?;
        // Tags of several octets occur in none of these structures.
        if tag & 0x1f == 0x1f {
            return Err(malformed);
        }
        let count = match first {
            0..=0x7f => 0_usize,
            0x81..=0x83 => usize::from(first & 0x7f),
            _ => return Err(malformed),
        };
        let (octets, after) = after.split_at_checked(count).ok_or(malformed)?;
        let length = match count {
            0 => usize::from(*first),
            _ => octets
                .iter()
                .fold(0_usize, |length, octet| length << 8 | usize::from(*octet)),
        };
        let shortest = match count {
            0 => 0,
            1 => 0x80,
            2 => 0x100,
            _ => 0x1_0000,
        };
        if length < shortest {
            return Err(malformed);
        }
        let (content, rest) = after.split_at_checked(length).ok_or(malformed)?;
        let (whole, _) = self
            .rest
            .split_at_checked(self.rest.len().saturating_sub(rest.len()))
            .ok_or(malformed)?;
        self.rest = rest;
        Ok(DerElement {
            tag: *tag,
            whole,
            content,
        })
    }

    /// Next element, which must have this tag.
    pub(super) fn element(&mut self, tag: u8) -> Result<DerElement<'a>, MalformedDer> {
        let element = self.next_element()?;
        if element.tag == tag {
            return Ok(element);
        }
        Err(self.malformed_error())
    }

    /// Next element, if it has this tag.
    pub(super) fn optional_element(
        &mut self,
        tag: u8,
    ) -> Result<Option<DerElement<'a>>, MalformedDer> {
        match self.rest.first() {
            Some(next) if *next == tag => self.next_element().map(Some),
            _ => Ok(None),
        }
    }

    /// Reader of the content of the next element, which must have this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Self, MalformedDer> {
        let content = self.element(tag)?.content;
        Ok(Self::new(content, self.structure))
    }

    /// Content octets of a non-negative integer in the shortest form (X.690, section 8.3.2).
    pub(super) fn number(&mut self, tag: u8) -> Result<&'a [u8], MalformedDer> {
        let octets = self.element(tag)?.content;
        match octets {
            [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => Err(self.malformed_error()),
            _ => Ok(octets),
        }
    }

    /// Integer of at most 32 bits.
    pub(super) fn small_number(&mut self, tag: u8) -> Result<u32, MalformedDer> {
        let octets = self.number(tag)?;
        let number = octets.iter().try_fold(0_u32, |number, octet| {
            number.checked_mul(256)?.checked_add(u32::from(*octet))
        });
        number.ok_or(self.malformed_error())
    }

    /// Content octets of an object identifier.
    pub(super) fn object_identifier(&mut self) -> Result<&'a [u8], MalformedDer> {
        Ok(self.element(OBJECT_IDENTIFIER)?.content)
    }

    /// True if nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Ends the structure; an error if anything is left.
    pub(super) fn finish(self) -> Result<(), MalformedDer> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.malformed_error())
    }
}
