//! The two small Lempel-Ziv formats of HDF5 files: LZF, of h5py, and `BloscLZ`, of Blosc.
//!
//! Both are streams of literal runs and of back references. All functions return `None` for input that is damaged or does
//! not fit into the output, and otherwise the number of bytes written.

/// Where output goes, with the bounds checked.
struct Output<'o> {
    bytes: &'o mut [u8],
    len: usize,
}

impl Output<'_> {
    fn literal(&mut self, run: &[u8]) -> Option<()> {
        self.bytes.get_mut(self.len..self.len + run.len())?.copy_from_slice(run);
        self.len += run.len();
        Some(())
    }

    /// Repeats what was written `distance` bytes before; it may overlap what is being written.
    fn repeat(&mut self, distance: usize, length: usize) -> Option<()> {
        let start = self.len.checked_sub(distance)?;
        let end = self.len.checked_add(length).filter(|&end| end <= self.bytes.len())?;
        if distance >= length {
            self.bytes.copy_within(start..start + length, self.len);
        } else if distance == 1 {
            let byte = self.bytes[start];
            self.bytes[self.len..end].fill(byte);
        } else {
            for place in self.len..end {
                self.bytes[place] = self.bytes[place - distance];
            }
        }
        self.len = end;
        Some(())
    }
}

/// Takes bytes from the front.
fn take(input: &mut &[u8]) -> Option<usize> {
    let (&first, rest) = input.split_first()?;
    *input = rest;
    Some(usize::from(first))
}

fn take_run<'i>(input: &mut &'i [u8], length: usize) -> Option<&'i [u8]> {
    let (run, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(run)
}

/// Decompresses LZF (`LibLZF` by Marc Lehmann).
pub(super) fn decode_lzf(mut input: &[u8], output: &mut [u8]) -> Option<usize> {
    let mut output = Output { bytes: output, len: 0 };
    while !input.is_empty() {
        let control = take(&mut input)?;
        if control < 32 {
            output.literal(take_run(&mut input, control + 1)?)?;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += take(&mut input)?;
        }
        let distance = ((control & 31) << 8) + take(&mut input)? + 1;
        output.repeat(distance, length + 2)?;
    }
    Some(output.len)
}

/// Distances above this one are written with two bytes more.
const MAX_NEAR_DISTANCE: usize = 8191;

/// Decompresses `BloscLZ`, which comes from `FastLZ`.
pub(super) fn decode_blosclz(mut input: &[u8], output: &mut [u8]) -> Option<usize> {
    let mut output = Output { bytes: output, len: 0 };
    // The upper bits of the first byte say which level it was compressed with.
    let mut control = take(&mut input)? & 31;
    loop {
        if control < 32 {
            output.literal(take_run(&mut input, control + 1)?)?;
        } else {
            let mut length = (control >> 5) - 1;
            if length == 6 {
                loop {
                    let more = take(&mut input)?;
                    length += more;
                    if more != 255 {
                        break;
                    }
                }
            }
            let (high, low) = (control & 31, take(&mut input)?);
            let distance = if high == 31 && low == 255 {
                (take(&mut input)? << 8) + take(&mut input)? + MAX_NEAR_DISTANCE + 1
            } else {
                (high << 8) + low + 1
            };
            output.repeat(distance, length + 3)?;
        }
        if input.is_empty() {
            return Some(output.len);
        }
        control = take(&mut input)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_repeat_what_was_written() {
        let mut output = [0; 16];
        // "abc", then 6 bytes from 3 before, then 4 bytes from 1 before.
        let input = [2, b'a', b'b', b'c', 4 << 5, 2, 2 << 5, 0];
        assert_eq!(decode_lzf(&input, &mut output), Some(13));
        assert_eq!(&output[..13], b"abcabcabccccc");
        let input = [2, b'a', b'b', b'c', 4 << 5, 2, 2 << 5, 0];
        assert_eq!(decode_blosclz(&input, &mut output), Some(13));
        assert_eq!(&output[..13], b"abcabcabccccc");
    }

    #[test]
    fn damage_is_noticed() {
        let mut output = [0; 4];
        for input in [&[9, 1][..], &[32, 0], &[0, 1, 32], &[0, 1, 7 << 5, 200, 0], &[7 << 5]] {
            assert_eq!(decode_lzf(input, &mut output), None, "{input:?}");
        }
        for input in [&[][..], &[9, 1], &[0, 1, 32], &[0, 1, 7 << 5, 255, 255, 9, 0], &[0, 1, 63, 255, 1, 1]] {
            assert_eq!(decode_blosclz(input, &mut output), None, "{input:?}");
        }
    }
}
