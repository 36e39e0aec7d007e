use std::io;

use super::appender::Appender;

/// A type that a file stores: as what, and its bytes.
pub(crate) trait Stored: Copy + Send + Sync {
    /// Bytes of an element.
    const N_BYTES: usize;

    /// The message that describes the type.
    fn datatype() -> Vec<u8>;

    /// Appends the bytes of an element.
    fn encode(self, to: &mut Vec<u8>);
}

macro_rules! stored_integer {
    ($($type:ty),*) => {$(
        impl Stored for $type {
            const N_BYTES: usize = size_of::<$type>();

            fn datatype() -> Vec<u8> {
                let signed = if <$type>::MIN == 0 { 0 } else { 8 };
                let mut message = described(0x10, signed, Self::N_BYTES);
                message.extend([0, 0]);
                message.extend((8 * Self::N_BYTES as u16).to_le_bytes());
                message
            }

            fn encode(self, to: &mut Vec<u8>) {
                to.extend(self.to_le_bytes());
            }
        }
    )*};
}
stored_integer!(i8, i16, i32, i64, u8);

macro_rules! stored_float {
    ($($type:ty: $fraction_bits:expr, $exponent_bits:expr, $bias:expr);*) => {$(
        impl Stored for $type {
            const N_BYTES: usize = size_of::<$type>();

            fn datatype() -> Vec<u8> {
                let n_bits = 8 * Self::N_BYTES as u16;
                // The highest bit is the sign, and fractions have a one in front that is not stored.
                let mut message = described(0x11, u32::from(n_bits - 1) << 8 | 0x20, Self::N_BYTES);
                message.extend([0, 0]);
                message.extend(n_bits.to_le_bytes());
                message.extend([$fraction_bits, $exponent_bits, 0, $fraction_bits]);
                message.extend(u32::to_le_bytes($bias));
                message
            }

            fn encode(self, to: &mut Vec<u8>) {
                to.extend(self.to_le_bytes());
            }
        }
    )*};
}
stored_float!(f32: 23, 8, 127; f64: 52, 11, 1023);

/// The enumeration that h5py makes of truth values.
impl Stored for bool {
    const N_BYTES: usize = 1;

    fn datatype() -> Vec<u8> {
        let mut message = described(0x18, 2, 1);
        message.extend(i8::datatype());
        message.extend(*b"FALSE\0\0\0TRUE\0\0\0\0\0\x01");
        message
    }

    fn encode(self, to: &mut Vec<u8>) {
        to.push(u8::from(self));
    }
}

/// The type of texts of any length, in UTF-8.
pub(super) fn text_datatype() -> Vec<u8> {
    let mut message = described(0x19, 0x101, super::heap::REFERENCE_BYTES);
    message.extend(u8::datatype());
    message
}

/// Version and class, bits, and size of a type.
fn described(class: u8, bits: u32, n_bytes: usize) -> Vec<u8> {
    let mut message = vec![class];
    message.extend(&bits.to_le_bytes()[..3]);
    message.extend((n_bytes as u32).to_le_bytes());
    message
}

/// The bytes of some elements.
pub(super) fn encoded<T: Stored>(values: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    values.into_iter().for_each(|value| value.encode(&mut bytes));
    bytes
}

/// Writes elements one behind the other, a few at a time, and returns where they begin.
pub(super) fn put_elements<T: Stored>(
    appender: &mut Appender,
    values: impl IntoIterator<Item = T>,
) -> io::Result<(u64, u64)> {
    let start = appender.align()?;
    let mut values = values.into_iter().peekable();
    let mut n_bytes = 0;
    while values.peek().is_some() {
        let bytes = encoded(values.by_ref().take(1 << 14));
        n_bytes += bytes.len() as u64;
        appender.put(&bytes)?;
    }
    Ok((start, n_bytes))
}
