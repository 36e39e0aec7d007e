use super::types::NumberType;

/// The largest integer below which every integer is a 32-bit float.
const EXACT_IN_F32: f64 = 16_777_216.0;

/// A type that numbers of a file can be read into, whatever their type in the file.
pub(crate) trait Element: Copy + Default + Send + Sync {
    /// Converts `out.len()` numbers that lie in `bytes` in this machine's byte order. Returns how many of them this type
    /// cannot hold: for indices those that are negative, fractional or too large, for floats integers that get rounded.
    fn decode(number: NumberType, bytes: &[u8], out: &mut [Self]) -> usize;
}

/// A number as it lies in a file.
trait Number: Copy {
    const SIZE: usize;
    fn from_bytes(bytes: &[u8]) -> Self;
    /// The number as an integer, `None` when it is none.
    fn integer(self) -> Option<i128>;
    fn f64(self) -> f64;
    fn f32(self) -> f32;
    fn u32(self) -> Option<u32>;
    fn usize(self) -> Option<usize>;
    fn i64(self) -> Option<i64>;
}

/// Conversions to integers. They go through the shortest way, because millions of indices take it.
macro_rules! to_integers {
    ($value:ident => $($type:ident: $conversion:expr),*) => {$(
        #[inline]
        fn $type($value) -> Option<$type> {
            $conversion
        }
    )*};
}

macro_rules! integer_number {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const SIZE: usize = size_of::<$type>();
            #[inline]
            fn from_bytes(bytes: &[u8]) -> Self {
                // The caller cuts the bytes into pieces of exactly this size.
                Self::from_ne_bytes(bytes.try_into().unwrap_or_default())
            }
            #[inline]
            fn integer(self) -> Option<i128> {
                Some(i128::from(self))
            }
            to_integers!(self => u32: self.try_into().ok(), usize: self.try_into().ok(), i64: self.try_into().ok());
            #[inline]
            fn f64(self) -> f64 {
                self as f64
            }
            #[inline]
            fn f32(self) -> f32 {
                self as f32
            }
        }
    )*};
}
integer_number!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! float_number {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const SIZE: usize = size_of::<$type>();
            #[inline]
            fn from_bytes(bytes: &[u8]) -> Self {
                Self::from_ne_bytes(bytes.try_into().unwrap_or_default())
            }
            #[inline]
            fn integer(self) -> Option<i128> {
                (self.fract() == 0.0).then_some(self as i128)
            }
            to_integers!(self => u32: self.integer()?.try_into().ok(), usize: self.integer()?.try_into().ok(),
                i64: self.integer()?.try_into().ok());
            #[inline]
            fn f64(self) -> f64 {
                self as f64
            }
            #[inline]
            fn f32(self) -> f32 {
                self as f32
            }
        }
    )*};
}
float_number!(f32, f64);

/// A float of 16 bits; Rust's own is not stable yet.
#[derive(Clone, Copy)]
struct Half(u16);

impl Number for Half {
    const SIZE: usize = 2;
    #[inline]
    fn from_bytes(bytes: &[u8]) -> Self {
        Self(u16::from_bytes(bytes))
    }
    #[inline]
    fn integer(self) -> Option<i128> {
        self.f32().integer()
    }
    to_integers!(self => u32: self.f32().u32(), usize: self.f32().usize(), i64: self.f32().i64());
    #[inline]
    fn f64(self) -> f64 {
        f64::from(self.f32())
    }
    #[inline]
    fn f32(self) -> f32 {
        let sign = if self.0 & 0x8000 == 0 { 1.0 } else { -1.0 };
        let (exponent, fraction) = (i32::from(self.0 >> 10 & 0x1f), f32::from(self.0 & 0x3ff));
        let magnitude = match exponent {
            0 => fraction * (-24f32).exp2(),
            31 if fraction == 0.0 => f32::INFINITY,
            31 => f32::NAN,
            _ => (1.0 + fraction / 1024.0) * ((exponent - 15) as f32).exp2(),
        };
        sign * magnitude
    }
}

/// Converts every number with one function; returns how many the function calls unfit.
fn convert<N: Number, T>(bytes: &[u8], out: &mut [T], to: impl Fn(N) -> (T, bool)) -> usize {
    let mut n_unfit = 0;
    for (place, piece) in out.iter_mut().zip(bytes.chunks_exact(N::SIZE)) {
        let (value, fits) = to(N::from_bytes(piece));
        *place = value;
        n_unfit += usize::from(!fits);
    }
    n_unfit
}

macro_rules! for_each_number {
    ($number:expr, $bytes:expr, $out:expr, $function:ident) => {
        match $number {
            NumberType::Int8 => convert::<i8, _>($bytes, $out, $function),
            NumberType::Int16 => convert::<i16, _>($bytes, $out, $function),
            NumberType::Int32 => convert::<i32, _>($bytes, $out, $function),
            NumberType::Int64 => convert::<i64, _>($bytes, $out, $function),
            NumberType::UInt8 => convert::<u8, _>($bytes, $out, $function),
            NumberType::UInt16 => convert::<u16, _>($bytes, $out, $function),
            NumberType::UInt32 => convert::<u32, _>($bytes, $out, $function),
            NumberType::UInt64 => convert::<u64, _>($bytes, $out, $function),
            NumberType::Float16 => convert::<Half, _>($bytes, $out, $function),
            NumberType::Float32 => convert::<f32, _>($bytes, $out, $function),
            NumberType::Float64 => convert::<f64, _>($bytes, $out, $function),
        }
    };
}

impl Element for f32 {
    fn decode(number: NumberType, bytes: &[u8], out: &mut [Self]) -> usize {
        fn to<N: Number>(value: N) -> (f32, bool) {
            let (narrow, wide) = (value.f32(), value.f64());
            if wide.abs() <= EXACT_IN_F32 || !wide.is_finite() {
                return (narrow, true);
            }
            // Doubles that large are no fractions, unless the fraction is far below what 32 bits can hold anyway.
            (narrow, value.integer().is_some_and(|exact| narrow as i128 == exact))
        }
        if number == NumberType::Float32 {
            return convert::<f32, _>(bytes, out, |value| (value, true));
        }
        for_each_number!(number, bytes, out, to)
    }
}

impl Element for f64 {
    fn decode(number: NumberType, bytes: &[u8], out: &mut [Self]) -> usize {
        fn to<N: Number>(value: N) -> (f64, bool) {
            let wide = value.f64();
            (wide, value.integer().is_none_or(|exact| wide as i128 == exact))
        }
        for_each_number!(number, bytes, out, to)
    }
}

macro_rules! integer_element {
    ($($type:ident),*) => {$(
        impl Element for $type {
            fn decode(number: NumberType, bytes: &[u8], out: &mut [Self]) -> usize {
                fn to<N: Number>(value: N) -> ($type, bool) {
                    let fitting = value.$type();
                    (fitting.unwrap_or_default(), fitting.is_some())
                }
                for_each_number!(number, bytes, out, to)
            }
        }
    )*};
}
integer_element!(u32, usize, i64);

#[cfg(test)]
mod tests {
    use super::*;

    fn decode<T: Element>(number: NumberType, bytes: &[u8]) -> (Vec<T>, usize) {
        let mut out = vec![T::default(); bytes.len() / number.size()];
        let n_unfit = T::decode(number, bytes, &mut out);
        (out, n_unfit)
    }

    #[test]
    fn half_floats_are_decoded() {
        let cases: [(u16, f32); 8] = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
            (0x8000, -0.0),
        ];
        for (bits, value) in cases {
            let (out, n_unfit) = decode::<f32>(NumberType::Float16, &bits.to_ne_bytes());
            assert_eq!((out[0].to_bits(), n_unfit), (value.to_bits(), 0), "{bits:#x}");
        }
        assert!(decode::<f32>(NumberType::Float16, &0x7e00u16.to_ne_bytes()).0[0].is_nan());
    }

    #[test]
    fn integers_that_a_float_cannot_hold_are_counted() {
        let values = [16_777_216_i64, 16_777_217, -16_777_219, 1 << 40, (1 << 53) + 1];
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert_eq!(decode::<f32>(NumberType::Int64, &bytes).1, 3);
        assert_eq!(decode::<f64>(NumberType::Int64, &bytes).1, 1);
        // A fraction is rounded as a matter of course, and an infinite value is no rounding.
        let bytes: Vec<u8> =
            [0.1, f64::NAN, f64::INFINITY, 16_777_217.0].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(decode::<f32>(NumberType::Float64, &bytes).1, 1);
    }

    #[test]
    fn indices_that_are_none_are_counted() {
        let bytes: Vec<u8> = [0_i64, -1, 5_000_000_000].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert_eq!(decode::<u32>(NumberType::Int64, &bytes), (vec![0, 0, 0], 2));
        let bytes: Vec<u8> = [3.0_f32, 0.5, f32::NAN].iter().flat_map(|value| value.to_ne_bytes()).collect();
        assert_eq!(decode::<u32>(NumberType::Float32, &bytes), (vec![3, 0, 0], 2));
    }
}
