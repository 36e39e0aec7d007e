use std::fmt;

use rand_distr::{Distribution as _, Gamma, Poisson, StandardNormal};

use crate::random::Random;

/// How values scatter around their expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Distribution {
    /// Normal around the expectation; the dispersion is the standard deviation
    #[default]
    Normal,
    /// Poisson counts; the dispersion has no meaning
    Poisson,
    /// Negative binomial counts of variance m + m^2 / dispersion around the expectation m
    #[cfg_attr(feature = "clap", value(name = "negative_binomial", alias = "negative-binomial"))]
    NegativeBinomial,
    /// The exponential of a normal number whose mean is the logarithm of the expectation and whose standard deviation
    /// is the dispersion; the expectation is the median, and never below 1e-9
    Lognormal,
}

impl Distribution {
    /// The name in the reference.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Poisson => "poisson",
            Self::NegativeBinomial => "negative_binomial",
            Self::Lognormal => "lognormal",
        }
    }

    /// One value around an expectation.
    pub(crate) fn draw(self, expectation: f64, dispersion: f64, random: &mut Random) -> f64 {
        match self {
            Self::Normal => expectation + dispersion * standard_normal(random),
            Self::Poisson => poisson(expectation, random),
            Self::NegativeBinomial => negative_binomial(expectation, dispersion, random),
            Self::Lognormal => (expectation.max(SMALLEST_MEDIAN).ln() + dispersion * standard_normal(random)).exp(),
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Of lognormal values, which have no logarithm of zero.
const SMALLEST_MEDIAN: f64 = 1e-9;

pub(crate) fn standard_normal(random: &mut Random) -> f64 {
    StandardNormal.sample(random)
}

/// No mean, no counts. Means too large for the sampler scatter by less than a double can hold.
fn poisson(mean: f64, random: &mut Random) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    Poisson::new(mean).map_or(mean, |poisson| poisson.sample(random))
}

/// A Poisson count whose mean is drawn from a gamma distribution.
fn negative_binomial(mean: f64, dispersion: f64, random: &mut Random) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let gamma = Gamma::new(dispersion, mean / dispersion);
    poisson(gamma.map_or(mean, |gamma| gamma.sample(random)), random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    const N: usize = 200_000;

    fn draws(distribution: Distribution, expectation: f64, dispersion: f64) -> Vec<f64> {
        let mut random = stream(11, Purpose::Noise, &[distribution as usize]);
        (0..N).map(|_| distribution.draw(expectation, dispersion, &mut random)).collect()
    }

    /// Mean and variance to five standard errors; `kurtosis` is the fourth central moment over the squared variance.
    fn check(values: &[f64], mean: f64, variance: f64, kurtosis: f64) {
        let n = values.len() as f64;
        let found = values.iter().sum::<f64>() / n;
        let spread = values.iter().map(|value| (value - found).powi(2)).sum::<f64>() / n;
        assert!((found - mean).abs() <= 5.0 * (variance / n).sqrt(), "mean {found}, expected {mean}");
        let error = variance * ((kurtosis - 1.0) / n).sqrt();
        assert!((spread - variance).abs() <= 5.0 * error, "variance {spread}, expected {variance}");
    }

    #[test]
    fn moments_are_those_of_the_formulas() {
        check(&draws(Distribution::Normal, 1.5, 0.7), 1.5, 0.49, 3.0);
        check(&draws(Distribution::Normal, 0.0, 0.0), 0.0, 0.0, 3.0);
        for mean in [0.3, 4.0, 40.0] {
            check(&draws(Distribution::Poisson, mean, 9.0), mean, mean, 3.0 + 1.0 / mean);
            for theta in [0.1, 1.0, 10.0] {
                let variance = mean + mean * mean / theta;
                let kurtosis = 3.0 + 6.0 / theta + 1.0 / variance;
                check(&draws(Distribution::NegativeBinomial, mean, theta), mean, variance, kurtosis);
            }
        }
        let logs: Vec<f64> = draws(Distribution::Lognormal, 5.0, 0.4).into_iter().map(f64::ln).collect();
        check(&logs, 5.0_f64.ln(), 0.16, 3.0);
        let logs: Vec<f64> = draws(Distribution::Lognormal, 0.0, 0.4).into_iter().map(f64::ln).collect();
        check(&logs, 1e-9_f64.ln(), 0.16, 3.0);
    }

    #[test]
    fn counts_are_zero_as_often_as_they_should_be() {
        let zeros = |values: &[f64]| values.iter().filter(|&&value| value == 0.0).count() as f64 / N as f64;
        let check = |found: f64, expected: f64| {
            let error = (expected * (1.0 - expected) / N as f64).sqrt();
            assert!((found - expected).abs() <= 5.0 * error, "{found}, expected {expected}");
        };
        check(zeros(&draws(Distribution::Poisson, 1.2, 0.0)), (-1.2_f64).exp());
        check(zeros(&draws(Distribution::NegativeBinomial, 1.2, 0.5)), (0.5_f64 / 1.7).sqrt());
    }

    #[test]
    fn nothing_comes_of_nothing_and_extremes_stay_finite() {
        for distribution in [Distribution::Poisson, Distribution::NegativeBinomial] {
            assert!(draws(distribution, 0.0, 0.1).iter().all(|&value| value == 0.0));
            let mut random = stream(1, Purpose::Noise, &[]);
            for (mean, dispersion) in [(1e9, 1e-6), (1e-12, 1e-6), (1e9, 1e9), (1e-300, 1.0)] {
                let value = distribution.draw(mean, dispersion, &mut random);
                assert!(value.is_finite() && value >= 0.0 && value.fract() == 0.0, "{value}");
            }
        }
    }
}
