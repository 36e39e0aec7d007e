//! Bytes or bits of numbers that were regrouped before compression, put back in their places.

/// Puts the bytes of each number side by side again: `from` holds all first bytes, then all second bytes, and so on. Bytes
/// behind the last whole number were left alone.
pub(super) fn unshuffle(from: &[u8], element_size: usize, to: &mut [u8]) {
    let n_elements = from.len() / element_size.max(1);
    let whole = n_elements * element_size;
    match element_size {
        2 => unshuffle_sized::<2>(&from[..whole], &mut to[..whole]),
        4 => unshuffle_sized::<4>(&from[..whole], &mut to[..whole]),
        8 => unshuffle_sized::<8>(&from[..whole], &mut to[..whole]),
        _ => {
            for (byte, plane) in from[..whole].chunks_exact(n_elements.max(1)).enumerate() {
                for (element, &value) in plane.iter().enumerate() {
                    to[element * element_size + byte] = value;
                }
            }
        }
    }
    to[whole..].copy_from_slice(&from[whole..]);
}

fn unshuffle_sized<const SIZE: usize>(from: &[u8], to: &mut [u8]) {
    let n_elements = from.len() / SIZE;
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &from[byte * n_elements..(byte + 1) * n_elements]);
    for (element, bytes) in to.chunks_exact_mut(SIZE).enumerate() {
        for (byte, plane) in bytes.iter_mut().zip(planes) {
            *byte = plane[element];
        }
    }
}

/// Puts all first bytes of numbers in front, then all second bytes, and so on: what [`unshuffle`] undoes.
pub(super) fn shuffle(from: &[u8], element_size: usize, to: &mut [u8]) {
    let n_elements = from.len() / element_size.max(1);
    let whole = n_elements * element_size;
    for (byte, plane) in to[..whole].chunks_exact_mut(n_elements.max(1)).enumerate() {
        for (place, element) in plane.iter_mut().zip(from.chunks_exact(element_size)) {
            *place = element[byte];
        }
    }
    to[whole..].copy_from_slice(&from[whole..]);
}

/// Puts the bits of each number together again: `from` holds the lowest bits of all numbers, then the next, and so on. Blosc
/// leaves blocks whose number of elements is no multiple of 8 as they were.
pub(super) fn unshuffle_bits(from: &[u8], element_size: usize, to: &mut [u8]) {
    let n_elements = from.len() / element_size.max(1);
    if n_elements == 0 || !n_elements.is_multiple_of(8) {
        to.copy_from_slice(from);
        return;
    }
    let whole = n_elements * element_size;
    to[..whole].fill(0);
    // One plane holds one bit of every element, eight elements a byte.
    for (bit, plane) in from[..whole].chunks_exact(n_elements / 8).enumerate() {
        let (byte, shift) = (bit / 8, bit % 8);
        for (eight, &bits) in plane.iter().enumerate() {
            for element in 0..8 {
                to[(eight * 8 + element) * element_size + byte] |= (bits >> element & 1) << shift;
            }
        }
    }
    to[whole..].copy_from_slice(&from[whole..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_bytes_come_back() {
        for (element_size, n_bytes) in [(2, 10), (4, 12), (8, 32), (4, 15), (1, 7), (3, 9)] {
            let plain: Vec<u8> = (0..n_bytes as u8).collect();
            let n_elements = n_bytes / element_size;
            let mut shuffled = plain.clone();
            for element in 0..n_elements {
                for byte in 0..element_size {
                    shuffled[byte * n_elements + element] = plain[element * element_size + byte];
                }
            }
            let mut back = vec![0; n_bytes];
            unshuffle(&shuffled, element_size, &mut back);
            assert_eq!(back, plain, "elements of {element_size} bytes");
        }
    }

    #[test]
    fn shuffled_bits_come_back() {
        // Eight numbers of one byte, the bits of number 0 being the lowest of each plane.
        let plain = [1, 2, 4, 8, 16, 32, 64, 128];
        let mut back = [0; 8];
        unshuffle_bits(&plain, 1, &mut back);
        assert_eq!(back, plain, "the unit matrix is its own transpose");
        unshuffle_bits(&[0xff, 0, 0, 0, 0, 0, 0, 0x80], 1, &mut back);
        assert_eq!(back, [1, 1, 1, 1, 1, 1, 1, 0x81]);
        let mut odd = [0; 3];
        unshuffle_bits(&[9, 8, 7], 1, &mut odd);
        assert_eq!(odd, [9, 8, 7]);
    }
}
