//! Points and weights on the way from the baseline to a cell.

/// Nodes and weights of the Gauss-Legendre rule with `n` points on the interval from 0 to 1, ascending.
///
/// The nodes are the roots of the Legendre polynomial, found by Newton's method from Tricomi's estimate.
pub(crate) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    const LARGEST_MOVE: f64 = 1e-15;
    const MOST_MOVES: usize = 100;
    let mut rule: Vec<(f64, f64)> = (0..n)
        .map(|index| {
            let mut x = (std::f64::consts::PI * (index as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..MOST_MOVES {
                let (value, derivative) = legendre(n, x);
                slope = derivative;
                let step = value / derivative;
                x -= step;
                if step.abs() < LARGEST_MOVE {
                    break;
                }
            }
            (f64::midpoint(x, 1.0), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect();
    rule.reverse();
    rule
}

/// The Legendre polynomial of degree `n` and its derivative at `x`, by the three-term recurrence.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=n {
        let degree = degree as f64;
        (before, value) = (value, ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_twice_the_number_of_points_are_integrated_exactly() {
        for n in [1, 2, 5, 16, 50] {
            let degree = 2 * n as i32 - 1;
            let integral: f64 = gauss_legendre(n).iter().map(|&(x, weight)| weight * x.powi(degree)).sum();
            let exact = 1.0 / (f64::from(degree) + 1.0);
            assert!((integral - exact).abs() < 1e-14, "{n} points: {integral} for {exact}");
        }
    }
}
