//! Local quadratic regression of one variable on another, as `skmisc.loess` fits it.
//!
//! The values are those of the *interpolating* fit of dloess (Cleveland and Grosse, 1991), not of a direct local fit at
//! every point: the range is cut at data points until a cell holds few of them, a quadratic is fitted at the cuts
//! alone, and value and slope there are blended by cubic polynomials in between. A direct fit differs enough to
//! swap genes at the end of a list of 2,000.
//!
//! The scheme follows the dloess source, whose notice says:
//!
//! > The authors of this software are Cleveland, Grosse, and Shyu.
//! > Copyright (c) 1989, 1992 by AT&T.
//! > Permission to use, copy, modify, and distribute this software for any purpose without fee is hereby granted,
//! > provided that this entire notice is included in all copies of any software which is or includes a copy or
//! > modification of this software and in all copies of the supporting documentation for such software.
//! > THIS SOFTWARE IS BEING PROVIDED "AS IS", WITHOUT ANY EXPRESS OR IMPLIED WARRANTY. IN PARTICULAR, NEITHER THE
//! > AUTHORS NOR AT&T MAKE ANY REPRESENTATION OR WARRANTY OF ANY KIND CONCERNING THE MERCHANTABILITY OF THIS SOFTWARE OR
//! > ITS FITNESS FOR ANY PARTICULAR PURPOSE.

use thiserror::Error;

/// Coefficients of a quadratic.
const N_TERMS: usize = 3;

/// A cell of the range is cut as long as it holds more than this share of a neighbourhood's points.
const CELL: f64 = 0.2;

/// How far the range reaches past the outermost points, as a share of its length.
const MARGIN: f64 = 0.005;

/// Why a local regression failed.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum LoessError {
    /// A neighbourhood has fewer points than a quadratic has coefficients.
    #[error("{n_points} genes are too few for a local quadratic with span {span}")]
    TooFewPoints {
        /// Number of points in all.
        n_points: usize,
        /// Share of the points in a neighbourhood.
        span: f64,
    },
    /// All points of a neighbourhood are at the same place.
    #[error("too many genes share one mean expression (log10 mean {at:.3})")]
    ZeroWidth {
        /// Where (log10 of the mean).
        at: f64,
    },
    /// A neighbourhood has fewer distinct places than a quadratic has coefficients, or nearly so.
    #[error("the genes around log10 mean {at:.3} have too few distinct means for a local quadratic")]
    Singular {
        /// Where (log10 of the mean).
        at: f64,
    },
}

/// Value and slope of the curve at a vertex.
#[derive(Debug, Clone, Copy)]
struct Vertex {
    x: f64,
    value: f64,
    slope: f64,
}

/// The fitted values at `x`, in its order: local quadratics over the `span` (0 to 1) of nearest points.
///
/// # Errors
/// Every [`LoessError`]; a near singularity is an error, as it is in `skmisc`.
pub(crate) fn loess(x: &[f64], y: &[f64], span: f64) -> Result<Vec<f64>, LoessError> {
    let n_points = x.len();
    let n_near = n_points.min((n_points as f64 * span + 1e-5).floor() as usize);
    if n_near < N_TERMS {
        return Err(LoessError::TooFewPoints { n_points, span });
    }
    let mut order: Vec<usize> = (0..n_points).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let sorted_x: Vec<f64> = order.iter().map(|&i| x[i]).collect();
    let sorted_y: Vec<f64> = order.iter().map(|&i| y[i]).collect();

    let leaf_size = (n_points as f64 * span * CELL).floor() as usize;
    let vertices = vertex_positions(&sorted_x, leaf_size)
        .into_iter()
        .map(|at| fit_at(at, &sorted_x, &sorted_y, n_near))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(x.iter().map(|&at| blend(&vertices, at)).collect())
}

/// The ends of the range, and the data points at which it is cut in halves until every cell holds at most `leaf_size`.
fn vertex_positions(sorted_x: &[f64], leaf_size: usize) -> Vec<f64> {
    let (first, last) = (sorted_x[0], sorted_x[sorted_x.len() - 1]);
    let margin = MARGIN * (last - first).max(1e-10 * first.abs().max(last.abs()) + 1e-30);
    let mut vertices = vec![first - margin, last + margin];
    // The points of a cell (from, end) and its two ends.
    let mut cells = vec![(0, sorted_x.len(), first - margin, last + margin)];
    while let Some((from, end, left, right)) = cells.pop() {
        if end - from <= leaf_size {
            continue;
        }
        let last_of_left = cut(sorted_x, from, end);
        let at = sorted_x[last_of_left];
        if left == at || right == at {
            continue;
        }
        vertices.push(at);
        cells.push((from, last_of_left + 1, left, at));
        cells.push((last_of_left + 1, end, at, right));
    }
    vertices.sort_by(f64::total_cmp);
    vertices.dedup();
    vertices
}

/// The last point of the left half: the middle, or the place nearest to it (right before left) where values differ.
fn cut(sorted_x: &[f64], from: usize, end: usize) -> usize {
    // The lower of two middles, counted from 1 as the source does.
    let middle = usize::midpoint(from + 1, end) - 1;
    let differs = |at: usize| sorted_x[at] != sorted_x[at + 1];
    for offset in 0..end - from {
        // The search ends at the first side that leaves the cell, even when the other side could go on.
        let right = middle + offset;
        if right + 1 >= end {
            break;
        }
        if differs(right) {
            return right;
        }
        match middle.checked_sub(offset).filter(|&left| left >= from) {
            Some(left) if differs(left) => return left,
            Some(_) => {}
            None => break,
        }
    }
    middle
}

/// The weighted quadratic through the `n_near` points nearest to `at`.
fn fit_at(at: f64, sorted_x: &[f64], sorted_y: &[f64], n_near: usize) -> Result<Vertex, LoessError> {
    let window = nearest_window(at, sorted_x, n_near);
    let (near_x, near_y) = (&sorted_x[window.clone()], &sorted_y[window]);
    let radius_squared = (at - near_x[0]).powi(2).max((near_x[n_near - 1] - at).powi(2));
    if radius_squared <= 0.0 {
        return Err(LoessError::ZeroWidth { at });
    }
    let mut design: [Vec<f64>; N_TERMS] = std::array::from_fn(|_| Vec::with_capacity(n_near));
    let mut target = Vec::with_capacity(n_near);
    for (&x, &y) in near_x.iter().zip(near_y) {
        let distance = ((x - at).powi(2) / radius_squared).sqrt();
        let weight = (1.0 - distance.powi(3)).powi(3).max(0.0).sqrt();
        let mut term = weight;
        for column in &mut design {
            column.push(term);
            term *= x - at;
        }
        target.push(weight * y);
    }
    let [value, slope, _] = least_squares(design, target).ok_or(LoessError::Singular { at })?;
    Ok(Vertex { x: at, value, slope })
}

/// The `n_near` points nearest to `at`, which are neighbours in the sorted order.
fn nearest_window(at: f64, sorted_x: &[f64], n_near: usize) -> std::ops::Range<usize> {
    let start = sorted_x.partition_point(|&x| x < at);
    let mut window = start..start;
    while window.len() < n_near {
        let to_left = window.start.checked_sub(1).map(|left| at - sorted_x[left]);
        let to_right = sorted_x.get(window.end).map(|right| right - at);
        match (to_left, to_right) {
            (Some(left), Some(right)) if left > right => window.end += 1,
            (None, _) => window.end += 1,
            _ => window.start -= 1,
        }
    }
    window
}

/// The coefficients that bring `design` closest to `target`, by Householder reflections; `None` when that is singular.
fn least_squares(mut design: [Vec<f64>; N_TERMS], mut target: Vec<f64>) -> Option<[f64; N_TERMS]> {
    let mut norms = [1.0; N_TERMS];
    for (column, norm) in design.iter_mut().zip(&mut norms) {
        let length = dot(column, column).sqrt();
        if length > 0.0 {
            for value in column.iter_mut() {
                *value /= length;
            }
            *norm = length;
        }
    }
    let mut triangle = [[0.0; N_TERMS]; N_TERMS];
    for j in 0..N_TERMS {
        let (done, behind) = design.split_at_mut(j + 1);
        let reflector = &mut done[j][j..];
        let length = dot(reflector, reflector).sqrt();
        let diagonal = if reflector[0] > 0.0 { -length } else { length };
        reflector[0] -= diagonal;
        triangle[j][j] = diagonal;
        let squared = dot(reflector, reflector);
        for (column, entry) in behind.iter_mut().zip(&mut triangle[j][j + 1..]) {
            reflect(&mut column[j..], reflector, squared);
            *entry = column[j];
        }
        reflect(&mut target[j..], reflector, squared);
    }
    if is_singular(&triangle) {
        return None;
    }
    let mut solution = [0.0; N_TERMS];
    for j in (0..N_TERMS).rev() {
        let known: f64 = (j + 1..N_TERMS).map(|c| triangle[j][c] * solution[c]).sum();
        solution[j] = (target[j] - known) / triangle[j][j];
    }
    for (value, norm) in solution.iter_mut().zip(norms) {
        *value /= norm;
    }
    Some(solution)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Reflects `values` at the plane orthogonal to `reflector`, whose squared length is given.
fn reflect(values: &mut [f64], reflector: &[f64], squared: f64) {
    if squared > 0.0 {
        let scale = 2.0 * dot(values, reflector) / squared;
        for (value, direction) in values.iter_mut().zip(reflector) {
            *value -= scale * direction;
        }
    }
}

/// Whether the smallest singular value is below the source's tolerance, 100 roundings of the largest.
fn is_singular(triangle: &[[f64; N_TERMS]; N_TERMS]) -> bool {
    let squares = squared_singular_values(triangle);
    let largest = squares.iter().copied().fold(0.0, f64::max).sqrt();
    let smallest = squares.iter().copied().fold(f64::INFINITY, f64::min).sqrt();
    smallest <= 100.0 * f64::EPSILON * largest || smallest.is_nan()
}

/// One-sided Jacobi rotations make the rows orthogonal; their lengths are the singular values.
fn squared_singular_values(matrix: &[[f64; N_TERMS]; N_TERMS]) -> [f64; N_TERMS] {
    let mut rows = *matrix;
    for _sweep in 0..30 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            let (a, b, c) = (dot(&rows[p], &rows[p]), dot(&rows[q], &rows[q]), dot(&rows[p], &rows[q]));
            if c == 0.0 {
                continue;
            }
            let zeta = (b - a) / (2.0 * c);
            let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
            let cosine = 1.0 / tangent.hypot(1.0);
            let (first, second) = (rows[p], rows[q]);
            rows[p] = std::array::from_fn(|k| cosine * (first[k] - tangent * second[k]));
            rows[q] = std::array::from_fn(|k| cosine * (tangent * first[k] + second[k]));
        }
    }
    rows.map(|row| dot(&row, &row))
}

/// The cubic that has value and slope of the two vertices around `at`.
fn blend(vertices: &[Vertex], at: f64) -> f64 {
    let right = vertices.partition_point(|vertex| vertex.x < at).clamp(1, vertices.len() - 1);
    let (v0, v1) = (vertices[right - 1], vertices[right]);
    let width = v1.x - v0.x;
    let h = (at - v0.x) / width;
    let rest = 1.0 - h;
    rest * rest * (1.0 + 2.0 * h) * v0.value
        + h * h * (3.0 - 2.0 * h) * v1.value
        + (h * rest * rest * v0.slope + h * h * (h - 1.0) * v1.slope) * width
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn numbers(value: &Value) -> Option<Vec<f64>> {
        value.as_array()?.iter().map(Value::as_f64).collect()
    }

    /// Against `skmisc`, which also says where it refuses; see `tests/golden/make_golden.py`.
    #[test]
    fn agrees_with_skmisc() -> Result<(), serde_json::Error> {
        let cases: Vec<Value> = serde_json::from_str(include_str!("../tests/golden/loess.json"))?;
        assert_eq!(cases.len(), 8);
        for case in cases {
            let (x, y) = (numbers(&case["x"]).unwrap(), numbers(&case["y"]).unwrap());
            let fitted = loess(&x, &y, case["span"].as_f64().unwrap());
            let Some(expected) = numbers(&case["fitted"]) else {
                assert!(fitted.is_err(), "{}: {fitted:?}", case["name"]);
                continue;
            };
            for (found, expected) in fitted.unwrap().into_iter().zip(expected) {
                assert!((found - expected).abs() < 1e-11, "{}: {found} {expected}", case["name"]);
            }
        }
        Ok(())
    }

    #[test]
    fn a_quadratic_is_found_again() {
        let x: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let y: Vec<f64> = x.iter().map(|x| 1.0 - 2.0 * x + 3.0 * x * x).collect();
        for (found, expected) in loess(&x, &y, 0.5).unwrap().into_iter().zip(y) {
            // Cubic pieces that share value and slope with a quadratic are that quadratic.
            assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        }
    }

    #[test]
    fn failures_say_why() {
        let y = vec![1.0; 20];
        assert!(matches!(loess(&[2.0; 20], &y, 0.3), Err(LoessError::ZeroWidth { .. } | LoessError::Singular { .. })));
        assert_eq!(loess(&[], &[], 0.3), Err(LoessError::TooFewPoints { n_points: 0, span: 0.3 }));
        let two_places: Vec<f64> = (0..20).map(|i| f64::from(i % 2)).collect();
        assert!(matches!(loess(&two_places, &y, 1.0), Err(LoessError::Singular { .. })));
    }

    #[test]
    fn singular_values_of_a_triangle() {
        let mut squares = squared_singular_values(&[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 5.0]]);
        squares.sort_by(f64::total_cmp);
        let golden_ratio = f64::midpoint(1.0, 5.0_f64.sqrt());
        for (found, expected) in squares.into_iter().zip([golden_ratio.powi(-2), golden_ratio.powi(2), 25.0]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!(is_singular(&[[1.0, 1.0, 0.0], [0.0, 1e-15, 0.0], [0.0, 0.0, 1.0]]));
        assert!(!is_singular(&[[1.0, 1.0, 0.0], [0.0, 1e-12, 0.0], [0.0, 0.0, 1.0]]));
    }
}
