/// Points at which the curve is fitted, evenly spaced from 0 to three times `spread`.
const N_POINTS: usize = 300;
const MAX_STEPS: usize = 500;

/// The similarity `1 / (1 + a d^(2b))` of two cells at distance `d` in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Curve {
    pub(crate) a: f64,
    pub(crate) b: f64,
}

impl Curve {
    /// Fits the curve by least squares to 1 below `min_dist` and `exp(-(d - min_dist) / spread)` above.
    ///
    /// Levenberg-Marquardt from `a = b = 1`, as `umap.umap_.find_ab_params`.
    pub(crate) fn fit(min_dist: f64, spread: f64) -> Self {
        let wanted: Vec<(f64, f64)> = (0..N_POINTS)
            .map(|point| 3.0 * spread * point as f64 / (N_POINTS - 1) as f64)
            .map(|d| (d, if d < min_dist { 1.0 } else { (-(d - min_dist) / spread).exp() }))
            .collect();
        let mut curve = Self { a: 1.0, b: 1.0 };
        let mut error = curve.error(&wanted);
        let mut damping = 1e-3;
        for _ in 0..MAX_STEPS {
            let (step_a, step_b) = curve.step(&wanted, damping);
            let next = Self { a: curve.a + step_a, b: curve.b + step_b };
            let next_error = next.error(&wanted);
            if next.a > 0.0 && next_error <= error {
                let is_converged = step_a.abs() < 1e-12 * curve.a && step_b.abs() < 1e-12;
                (curve, error) = (next, next_error);
                if is_converged {
                    break;
                }
                damping = (damping / 10.0).max(1e-12);
            } else if damping > 1e12 {
                break;
            } else {
                damping *= 10.0;
            }
        }
        curve
    }

    fn error(self, wanted: &[(f64, f64)]) -> f64 {
        wanted.iter().map(|&(d, y)| (1.0 / (1.0 + self.a * d.powf(2.0 * self.b)) - y).powi(2)).sum()
    }

    /// Solves the damped normal equations of the two parameters.
    fn step(self, wanted: &[(f64, f64)], damping: f64) -> (f64, f64) {
        let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        // At distance 0 the curve is 1 whatever the parameters.
        for &(d, y) in wanted.iter().filter(|(d, _)| *d > 0.0) {
            let power = d.powf(2.0 * self.b);
            let value = 1.0 / (1.0 + self.a * power);
            let by_a = -power * value * value;
            let by_b = by_a * self.a * 2.0 * d.ln();
            aa += by_a * by_a;
            ab += by_a * by_b;
            bb += by_b * by_b;
            ra += by_a * (y - value);
            rb += by_b * (y - value);
        }
        let (aa, bb) = (aa * (1.0 + damping), bb * (1.0 + damping));
        let determinant = aa * bb - ab * ab;
        ((ra * bb - rb * ab) / determinant, (rb * aa - ra * ab) / determinant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::umap::golden::Golden;

    #[test]
    fn curves_equal_those_of_umap_learn() -> Result<(), serde_json::Error> {
        for [spread, min_dist, a, b] in Golden::read()?.curves {
            let curve = Curve::fit(min_dist, spread);
            let is_near = (curve.a - a).abs() < 1e-4 * a && (curve.b - b).abs() < 1e-4;
            assert!(is_near, "spread {spread}, min_dist {min_dist}: {curve:?}, expected {a}, {b}");
        }
        Ok(())
    }
}
