use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers of its own for each number of a purpose, so that results do not depend on threads.
pub(crate) fn stream(seed: u64, number: usize) -> Xoshiro256PlusPlus {
    // Spreads neighbouring numbers over the seeds; the generator itself mixes what it gets (splitmix).
    Xoshiro256PlusPlus::seed_from_u64(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
