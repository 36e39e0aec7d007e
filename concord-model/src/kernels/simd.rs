//! One source, several instruction sets: the widest that the machine has is chosen when the function is called.

/// Defines a function whose body is compiled for AVX-512, for AVX2 with FMA, and for the baseline.
///
/// Inside the body `fma!(x, y, z)` is `x * y + z`, fused where the hardware fuses. Lanes are written out by hand in the
/// bodies (16 partial sums), so that AVX2 and AVX-512 add in the same order and give the same bits.
macro_rules! simd_fn {
    ($(#[$meta:meta])* pub(crate) fn $name:ident($($arg:ident : $type:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[inline]
        #[allow(unsafe_code, clippy::too_many_arguments)]
        pub(crate) fn $name($($arg: $type),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(unused_macros, clippy::inline_always, clippy::too_many_arguments)]
            fn generic<const FMA: bool>($($arg: $type),*) $(-> $ret)? {
                macro_rules! fma {
                    ($x:expr, $y:expr, $z:expr) => { if FMA { f32::mul_add($x, $y, $z) } else { $x * $y + $z } };
                }
                macro_rules! exp {
                    ($x:expr) => { $crate::kernels::simd::exp::<FMA>($x) };
                }
                $body
            }
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx512($($arg: $type),*) $(-> $ret)? { generic::<true>($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2($($arg: $type),*) $(-> $ret)? { generic::<true>($($arg),*) }
                match $crate::kernels::simd::level() {
                    // SAFETY: `level` found these instruction sets on this machine.
                    $crate::kernels::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::kernels::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernels::simd::Level::Baseline => {}
                }
            }
            // Every 64-bit ARM has fused multiply-add in its baseline.
            generic::<{ cfg!(target_arch = "aarch64") }>($($arg),*)
        }
    };
}
pub(crate) use simd_fn;

/// The instruction sets that the kernels are compiled for.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Baseline,
    Avx2,
    Avx512,
}

/// The widest instruction set of this machine. The standard library caches the detection.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn level() -> Level {
    use std::arch::is_x86_feature_detected as has;
    if has!("avx512f") && has!("avx512vl") && has!("avx512bw") && has!("avx512dq") {
        Level::Avx512
    } else if has!("avx2") && has!("fma") {
        Level::Avx2
    } else {
        Level::Baseline
    }
}

/// The instructions that the kernels use on this machine, in words.
pub(crate) fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    return match level() {
        Level::Avx512 => "AVX-512",
        Level::Avx2 => "AVX2",
        Level::Baseline => "SSE2",
    };
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}

/// e^x to about one unit in the last place, in a form that compilers vectorise (the polynomial of Cephes' `expf`).
///
/// The argument is clamped to the range in which the result is a normal number.
#[inline(always)]
#[allow(clippy::inline_always, clippy::excessive_precision)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding and subtracting it rounds to the nearest integer.
    const LN2_HIGH: f32 = 0.693_359_375;
    const LN2_LOW: f32 = -2.121_944_40e-4;
    const POLYNOMIAL: [f32; 6] = [
        1.987_569_150_0e-4,
        1.398_199_950_7e-3,
        8.333_451_907_3e-3,
        4.166_579_589_4e-2,
        1.666_666_545_9e-1,
        5.000_000_120_1e-1,
    ];
    macro_rules! fma {
        ($x:expr, $y:expr, $z:expr) => {
            if FMA { f32::mul_add($x, $y, $z) } else { $x * $y + $z }
        };
    }
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = fma!(n, -LN2_HIGH, x);
    let r = fma!(n, -LN2_LOW, r);
    let mut p = POLYNOMIAL[0];
    for coefficient in &POLYNOMIAL[1..] {
        p = fma!(p, r, *coefficient);
    }
    let p = fma!(p, r * r, r) + 1.0;
    p * f32::from_bits((((n as i32) + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    #[test]
    fn exp_agrees_with_the_standard_library() {
        for step in -8_000..8_000 {
            let x = step as f32 * 0.01;
            for value in [super::exp::<true>(x), super::exp::<false>(x)] {
                assert!((value / x.exp() - 1.0).abs() < 3e-7, "exp({x}) = {value}, expected {}", x.exp());
            }
        }
    }
}
