//! The two checksums of the format.

use super::Fault;

/// Bob Jenkins's hash "lookup3" (public domain), as the metadata of the format use it.
pub(in crate::h5) fn lookup3(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let mut state = [start; 3];
    let mut rest = bytes;
    while rest.len() > 12 {
        add(&mut state, &rest[..12]);
        mix(&mut state);
        rest = &rest[12..];
    }
    if !rest.is_empty() {
        add(&mut state, rest);
        finish(&mut state);
    }
    state[2]
}

fn add(state: &mut [u32; 3], bytes: &[u8]) {
    for (place, &byte) in bytes.iter().enumerate() {
        let word = &mut state[place / 4];
        *word = word.wrapping_add(u32::from(byte) << (8 * (place % 4)));
    }
}

fn mix(state: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *state;
    for [first, second, third] in [[4, 6, 8], [16, 19, 4]] {
        a = a.wrapping_sub(c) ^ c.rotate_left(first);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(second);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(third);
        b = b.wrapping_add(a);
    }
    *state = [a, b, c];
}

fn finish(state: &mut [u32; 3]) {
    let [mut a, mut b, mut c] = *state;
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    c = (c ^ b).wrapping_sub(b.rotate_left(24));
    *state = [a, b, c];
}

/// Holds a structure against the checksum that its last four bytes are. Returns it without them.
pub(super) fn checked(bytes: &[u8]) -> Result<&[u8], Fault> {
    match bytes.split_last_chunk::<4>() {
        Some((content, sum)) if lookup3(content) == u32::from_le_bytes(*sum) => Ok(content),
        _ => Err(Fault::damaged("a checksum does not agree with what it is of")),
    }
}

/// Fletcher's checksum of 16-bit words, as the filter of this name appends it.
pub(in crate::h5) fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    // The sums cannot overflow within so many words.
    for block in bytes.chunks(2 * 360) {
        for word in block.chunks(2) {
            low += u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or(0));
            high += low;
        }
        (low, high) = (fold(low), fold(high));
    }
    fold(high) << 16 | fold(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the hash's author.
    #[test]
    fn hashes_are_those_of_the_author() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }

    #[test]
    fn a_wrong_byte_is_noticed() {
        let mut bytes = b"structure".to_vec();
        bytes.extend(lookup3(b"structure").to_le_bytes());
        assert_eq!(checked(&bytes).ok(), Some(&b"structure"[..]));
        bytes[3] ^= 1;
        assert!(checked(&bytes).is_err());
        assert!(checked(b"abc").is_err());
    }

    #[test]
    fn sums_of_words_are_right() {
        // By hand: words 0x0102, 0x0304, 0x0500.
        assert_eq!(fletcher32(&[1, 2, 3, 4, 5]), (0x0102 * 3 + 0x0304 * 2 + 0x0500) << 16 | 0x0906);
    }
}
