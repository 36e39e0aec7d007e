/// Whole numbers below this are looked up.
const N_SMALL: usize = 16;

/// A function of one value that remembers its results at 0, 1, 2, ..., which most counts are.
///
/// Gives the same bits as the function itself, only sooner: nearly all stored counts of a cell are small, and a
/// logarithm takes longer than the rest of the work on a value.
pub(crate) struct Lookup<F> {
    results: [f32; N_SMALL],
    function: F,
}

impl<F: Fn(f32) -> f32> Lookup<F> {
    pub(crate) fn new(function: F) -> Self {
        Self { results: std::array::from_fn(|value| function(value as f32)), function }
    }

    #[inline]
    pub(crate) fn get(&self, value: f32) -> f32 {
        // Saturates, so that values too large for an index are not in the table either.
        let whole = value as usize;
        match self.results.get(whole) {
            Some(&result) if whole as f32 == value => result,
            _ => (self.function)(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_the_function_gives() {
        let lookup = Lookup::new(|value: f32| (value / 3.0).ln_1p());
        for value in [0.0, 1.0, 1.5, 15.0, 15.5, 16.0, 1e9, f32::MAX] {
            assert_eq!(lookup.get(value), (value / 3.0).ln_1p(), "{value}");
        }
    }
}
