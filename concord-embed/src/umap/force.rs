//! The arithmetic of the layout: plain loops over lanes, written so that the compiler makes vector instructions of them.
//!
//! Nothing here is fused or reordered, so that every instruction set gives the same bits.

// Only inlined loops over lanes become vector instructions, and are compiled for those that the caller has.
#![allow(clippy::inline_always)]

use super::curve::Curve;

/// Cells that are moved together.
pub(crate) const LANES: usize = 16;

/// Gradients are clipped to this in every dimension.
const CLIP: f32 = 4.0;

/// One coordinate of [`LANES`] cells.
pub(crate) type Lanes = [f32; LANES];

/// The forces between two cells, as multiples of their difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forces {
    a: f32,
    b: f32,
    attraction: f32,
    repulsion: f32,
}

impl Forces {
    pub(crate) fn new(curve: Curve, repulsion_strength: f64) -> Self {
        let Curve { a, b } = curve;
        Self {
            a: a as f32,
            b: b as f32,
            attraction: (-2.0 * a * b) as f32,
            repulsion: (2.0 * repulsion_strength * b) as f32,
        }
    }

    #[inline(always)]
    fn attract(&self, squared: f32) -> f32 {
        let power = pow(squared, self.b);
        // The small number keeps two cells at the same place, whose difference is 0, from 0 / 0.
        self.attraction * power / ((squared + 1e-30) * (self.a * power + 1.0))
    }

    #[inline(always)]
    fn repel(&self, squared: f32) -> f32 {
        self.repulsion / ((0.001 + squared) * (self.a * pow(squared, self.b) + 1.0))
    }

    /// Moves every lane's cell towards its neighbour, at every lane's rate.
    #[inline(always)]
    pub(crate) fn pull<const D: usize>(&self, position: &mut [Lanes; D], neighbor: &[Lanes; D], rate: &Lanes) {
        for lane in 0..LANES {
            let difference: [f32; D] = std::array::from_fn(|d| position[d][lane] - neighbor[d][lane]);
            let force = self.attract(squared_length(&difference));
            for d in 0..D {
                position[d][lane] += rate[lane] * (force * difference[d]).clamp(-CLIP, CLIP);
            }
        }
    }

    /// Adds what pushes every lane's cell away from another.
    #[inline(always)]
    pub(crate) fn push<const D: usize>(&self, shift: &mut [Lanes; D], position: &[Lanes; D], other: &[&Lanes; D]) {
        for lane in 0..LANES {
            let difference: [f32; D] = std::array::from_fn(|d| position[d][lane] - other[d][lane]);
            let force = self.repel(squared_length(&difference));
            for d in 0..D {
                shift[d][lane] += (force * difference[d]).clamp(-CLIP, CLIP);
            }
        }
    }
}

#[inline(always)]
fn squared_length<const D: usize>(difference: &[f32; D]) -> f32 {
    let mut sum = 0.0;
    for value in difference {
        sum += value * value;
    }
    sum
}

/// `x^exponent` for `x >= 0`; 0 gives a tiny number.
#[inline(always)]
fn pow(x: f32, exponent: f32) -> f32 {
    exp2(exponent * log2(x))
}

/// Logarithm to base 2: exponent bits plus a polynomial on [sqrt 1/2, sqrt 2].
#[inline(always)]
fn log2(x: f32) -> f32 {
    const SQRT_HALF_BITS: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let exponent = bits.wrapping_sub(SQRT_HALF_BITS) >> 23;
    let t = f32::from_bits(bits.wrapping_sub(exponent << 23) as u32) - 1.0;
    let p = LOG2[0] + t * (LOG2[1] + t * (LOG2[2] + t * (LOG2[3] + t * (LOG2[4] + t * LOG2[5]))));
    exponent as f32 + t * p
}

/// Power of 2: the integer part goes to the exponent bits, the rest through a polynomial on [-1/2, 1/2].
#[inline(always)]
fn exp2(x: f32) -> f32 {
    /// Adding this leaves no bits for a fraction: a rounding without a rounding instruction.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-126.0, 126.0);
    let rounded = x + ROUND;
    let t = x - (rounded - ROUND);
    let p = EXP2[0] + t * (EXP2[1] + t * (EXP2[2] + t * (EXP2[3] + t * EXP2[4])));
    f32::from_bits(p.to_bits().wrapping_add(rounded.to_bits() << 23))
}

/// Coefficients of `log2(1 + t) / t`; the largest relative error is 7e-6.
const LOG2: [f32; 6] = [1.442_701_6, -0.721_206_4, 0.479_811_87, -0.366_491_75, 0.318_199_78, -0.206_190_65];
/// Coefficients of `2^t`; the largest relative error is 3e-6.
const EXP2: [f32; 5] = [0.999_999_3, 0.693_121_8, 0.240_247_45, 0.055_917_86, 0.009_570_1];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_right_to_a_few_millionths() {
        for exponent in [0.6f32, 0.895, 1.0, 1.9] {
            for step in -200..200 {
                let x = (f64::from(step) / 10.0).exp2() as f32;
                let exact = f64::from(x).powf(f64::from(exponent));
                let relative = f64::from(pow(x, exponent)) / exact - 1.0;
                assert!(relative.abs() < 3e-5, "{x} ^ {exponent}: relative error {relative}");
            }
        }
        assert!((0.0..1e-18).contains(&pow(0.0, 0.5)));
    }

    #[test]
    fn cells_at_the_same_place_do_not_move() {
        let forces = Forces::new(Curve { a: 1.577, b: 0.895 }, 1.0);
        let other = [[3.0; LANES]; 2];
        let mut position = other;
        forces.pull(&mut position, &other, &[2.0; LANES]);
        let mut shift = [[0.0; LANES]; 2];
        forces.push(&mut shift, &position, &[&other[0], &other[1]]);
        assert_eq!((position, shift), (other, [[0.0; LANES]; 2]));
    }

    #[test]
    fn a_neighbor_pulls_and_a_random_cell_pushes() {
        let forces = Forces::new(Curve { a: 1.577, b: 0.895 }, 1.0);
        let mut position = [[0.0; LANES]; 2];
        forces.pull(&mut position, &[[1.0; LANES], [0.0; LANES]], &[0.1; LANES]);
        // Coefficient 2ab / (a + 1) at distance 1.
        assert!((position[0][3] - 0.1 * 1.0954).abs() < 1e-3 && position[1][3].abs() < 1e-9);
        let (origin, there) = ([[0.0; LANES]; 2], [2.0; LANES]);
        let mut shift = origin;
        forces.push(&mut shift, &origin, &[&there, &there]);
        assert!(shift[0][0] < 0.0 && shift[1][15] < 0.0);
    }
}
