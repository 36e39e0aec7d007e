//! Round numbers for axes and colour bars, and how they are written.

/// Ticks of an axis: where they stand and what they say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks {
    /// Values, ascending, all within the range that was asked for.
    pub(crate) values: Vec<f64>,
    /// One text for each value.
    pub(crate) labels: Vec<String>,
}

/// At most about `target` round values within `low..=high`, 1, 2, 2.5 or 5 times a power of ten apart.
pub(crate) fn nice_ticks(low: f64, high: f64, target: usize) -> Ticks {
    if !(low.is_finite() && high.is_finite() && low < high) {
        let values = if low.is_finite() { vec![low] } else { Vec::new() };
        return Ticks { labels: values.iter().map(|&value| plain_number(value)).collect(), values };
    }
    let step = nice_step(low, high, target, &[1.0, 2.0, 2.5, 5.0]);
    Ticks::every(step, low, high)
}

/// As [`nice_ticks`], on whole numbers only.
pub(crate) fn integer_ticks(low: f64, high: f64, target: usize) -> Ticks {
    Ticks::every(nice_step(low, high, target, &[1.0, 2.0, 5.0]).max(1.0), low, high)
}

/// The smallest of the factors times a power of ten that gives no more than `target` steps.
fn nice_step(low: f64, high: f64, target: usize, factors: &[f64]) -> f64 {
    let rough = (high - low) / target.max(1) as f64;
    let magnitude = 10f64.powf(rough.log10().floor() - 1.0);
    let candidates =
        [1.0, 10.0, 100.0].into_iter().flat_map(|ten| factors.iter().map(move |factor| ten * factor * magnitude));
    candidates.into_iter().find(|&step| ((high - low) / step).floor() <= target as f64).unwrap_or(high - low)
}

impl Ticks {
    /// All multiples of `step` within the range.
    fn every(step: f64, low: f64, high: f64) -> Self {
        // A hair of tolerance keeps a tick that rounding puts just outside the range.
        let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        let values: Vec<f64> = (first..=last).map(|multiple| multiple as f64 * step).collect();
        let largest = low.abs().max(high.abs());
        let labels = values.iter().map(|&value| tick_label(value, step, largest)).collect();
        Self { values, labels }
    }
}

/// Plain decimals with as many places as the step needs; a power of ten beside it for very large or small numbers.
fn tick_label(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&largest) {
        let exponent = largest.log10().floor() as i32;
        let scale = 10f64.powi(exponent);
        let mantissa = signed(format!("{:.*}", places(step / scale), value / scale));
        return format!("{mantissa}×10{}", superscript(exponent));
    }
    signed(format!("{:.*}", places(step), value))
}

/// A single number in about three significant digits.
pub(crate) fn plain_number(value: f64) -> String {
    let size = value.abs();
    let places = if size >= 100.0 || size == 0.0 { 0 } else { (2 - size.log10().floor() as i32).clamp(0, 6) as usize };
    let text = format!("{value:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    signed(text)
}

/// Digits behind the point that a multiple of the step needs.
fn places(step: f64) -> usize {
    (0..9)
        .find(|&places| {
            let scaled = step * 10f64.powi(places);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        })
        .unwrap_or(9) as usize
}

/// Numbers below zero get a minus sign, which is as wide as a digit, for the hyphen.
fn signed(text: String) -> String {
    match text.strip_prefix('-') {
        Some(digits) => format!("\u{2212}{digits}"),
        None => text,
    }
}

fn superscript(number: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |character: char| match character.to_digit(10) {
        Some(digit) => DIGITS[digit as usize],
        None => '⁻',
    };
    number.to_string().chars().map(digit).collect()
}

/// A count with thin spaces between groups of three digits from five digits on.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::with_capacity(digits.len() + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        nice_ticks(low, high, 5).labels
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.0, 5.3), ["0", "1", "2", "3", "4", "5"]);
        assert_eq!(labels(3.1, 5.8), ["3.5", "4.0", "4.5", "5.0", "5.5"]);
        assert_eq!(labels(-1.0, 1.0), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(0.0, 0.0123), ["0", "0.0025", "0.0050", "0.0075", "0.0100"]);
        assert_eq!(labels(0.0, 2.0e7), ["0", "0.5×10⁷", "1.0×10⁷", "1.5×10⁷", "2.0×10⁷"]);
        assert_eq!(labels(0.0, 3.0e-5), ["0", "1×10⁻⁵", "2×10⁻⁵", "3×10⁻⁵"]);
        assert_eq!(labels(3.0, 3.0), ["3"]);
        assert!(labels(f64::NAN, 1.0).is_empty());
    }

    #[test]
    fn ticks_stay_inside() {
        for (low, high) in [(0.1, 0.9), (-3.7, 12.2), (1e-9, 2e-9), (99.0, 101.0), (-7e5, -1e5)] {
            let ticks = nice_ticks(low, high, 5);
            assert!(ticks.values.len() >= 2, "{low} {high}: {ticks:?}");
            assert!(ticks.values.len() <= 7, "{low} {high}: {ticks:?}");
            let slack = (high - low) * 1e-6;
            assert!(ticks.values.iter().all(|&value| value >= low - slack && value <= high + slack), "{ticks:?}");
        }
    }

    #[test]
    fn epochs_are_whole() {
        assert_eq!(integer_ticks(1.0, 3.0, 6).labels, ["1", "2", "3"]);
        assert_eq!(integer_ticks(0.0, 15.0, 6).labels, ["0", "5", "10", "15"]);
    }

    #[test]
    fn large_counts_are_grouped() {
        assert_eq!(grouped(2638), "2638");
        assert_eq!(grouped(1_234_567), "1\u{2009}234\u{2009}567");
    }
}
