//! Dense products, by the `gemm` crate.

/// A matrix in a slice: element (i, j) stands at `i * row_stride + j * column_stride`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    values: &'a [f32],
    n_rows: usize,
    n_columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> View<'a> {
    /// A row-major matrix with `n_columns` columns.
    pub(crate) fn new(values: &'a [f32], n_columns: usize) -> Self {
        Self { values, n_rows: values.len() / n_columns, n_columns, row_stride: n_columns, column_stride: 1 }
    }

    /// The first rows.
    pub(crate) fn rows(self, n_rows: usize) -> Self {
        assert!(n_rows <= self.n_rows, "a view of {} rows has no {n_rows} rows", self.n_rows);
        Self { n_rows, ..self }
    }

    /// The transposed matrix.
    pub(crate) fn t(self) -> Self {
        Self {
            n_rows: self.n_columns,
            n_columns: self.n_rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// One past the largest index that the view reads.
    fn end(&self) -> usize {
        if self.n_rows == 0 || self.n_columns == 0 {
            return 0;
        }
        (self.n_rows - 1) * self.row_stride + (self.n_columns - 1) * self.column_stride + 1
    }
}

/// Whether a product replaces what stands in its place, or is added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Replace,
    Add,
}

/// `out = a b` or `out += a b`, `out` row-major with shape `[a.n_rows, b.n_columns]`.
pub(crate) fn matmul(out: &mut [f32], write: Write, a: View<'_>, b: View<'_>) {
    /// Below this many multiplications the threads cost more than they bring.
    const PARALLEL_FROM: usize = 1_000_000;
    let (m, n, k) = (a.n_rows, b.n_columns, a.n_columns);
    assert_eq!(a.n_columns, b.n_rows, "inner dimensions of a product");
    assert_eq!(out.len(), m * n, "size of a product");
    assert!(a.end() <= a.values.len() && b.end() <= b.values.len(), "a view reaches past its values");
    let parallelism =
        if m * n * k >= PARALLEL_FROM { ::gemm::Parallelism::Rayon(0) } else { ::gemm::Parallelism::None };
    let add = write == Write::Add;
    // SAFETY: the assertions above keep every index inside the three slices, and `out` is borrowed exclusively.
    #[allow(unsafe_code)]
    unsafe {
        ::gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            if add { 1.0 } else { 0.0 },
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "products of small integers are exact")]
    use super::*;

    #[test]
    fn products_follow_their_views() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // [2, 3]
        let b = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0]; // [3, 2]
        let mut out = [100.0; 4];
        matmul(&mut out, Write::Replace, View::new(&a, 3), View::new(&b, 2));
        assert_eq!(out, [5.0, 11.0, 14.0, 23.0]);
        matmul(&mut out, Write::Add, View::new(&b, 2).t(), View::new(&a, 3).t());
        assert_eq!(out, [10.0, 25.0, 25.0, 46.0]);
        let mut first = [0.0; 2];
        matmul(&mut first, Write::Replace, View::new(&a, 3).rows(1), View::new(&b, 2));
        assert_eq!(first, [5.0, 11.0]);
    }
}
