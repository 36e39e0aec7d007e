use rayon::prelude::*;

/// The three parts of a compressed matrix; "major" is the compressed dimension, rows or columns.
pub(super) struct Parts {
    pub(super) n_minor: usize,
    pub(super) indptr: Vec<usize>,
    pub(super) indices: Vec<u32>,
    pub(super) data: Vec<f32>,
}

/// The order of the indices of a matrix, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Order {
    Canonical,
    Unsorted,
    OutOfRange,
}

impl Parts {
    fn n_major(&self) -> usize {
        self.indptr.len() - 1
    }

    pub(super) fn order(&self) -> Order {
        let order_of = |major: usize| {
            let indices = &self.indices[self.indptr[major]..self.indptr[major + 1]];
            if indices.windows(2).all(|pair| pair[0] < pair[1]) {
                // Ascending: the last is the largest.
                let in_range = indices.last().is_none_or(|&last| (last as usize) < self.n_minor);
                return if in_range { Order::Canonical } else { Order::OutOfRange };
            }
            let in_range = indices.iter().all(|&index| (index as usize) < self.n_minor);
            if in_range { Order::Unsorted } else { Order::OutOfRange }
        };
        (0..self.n_major()).into_par_iter().map(order_of).max().unwrap_or(Order::Canonical)
    }

    /// Sorts the entries of each row and adds up those of the same place, in their order in the file. Returns the number of
    /// rows that needed it and of entries that went into others.
    pub(super) fn canonicalize(&mut self) -> (usize, usize) {
        let n_before = self.indices.len();
        let mut n_changed = 0;
        let (mut write, mut start) = (0, 0);
        let mut entries: Vec<(u32, f32)> = Vec::new();
        for major in 0..self.n_major() {
            let end = self.indptr[major + 1];
            entries.clear();
            entries.extend(self.indices[start..end].iter().copied().zip(self.data[start..end].iter().copied()));
            if !entries.windows(2).all(|pair| pair[0].0 < pair[1].0) {
                n_changed += 1;
                entries.sort_by_key(|&(index, _)| index);
                entries.dedup_by(|later, kept| {
                    let same = later.0 == kept.0;
                    kept.1 += if same { later.1 } else { 0.0 };
                    same
                });
            }
            for &(index, value) in &entries {
                (self.indices[write], self.data[write]) = (index, value);
                write += 1;
            }
            self.indptr[major + 1] = write;
            start = end;
        }
        self.indices.truncate(write);
        self.data.truncate(write);
        (n_changed, n_before - write)
    }

    /// The same matrix compressed along the other dimension.
    pub(super) fn transpose(&self) -> Self {
        let mut indptr = vec![0; self.n_minor + 1];
        for &index in &self.indices {
            indptr[index as usize + 1] += 1;
        }
        for place in 0..self.n_minor {
            indptr[place + 1] += indptr[place];
        }
        let mut next = indptr.clone();
        let (mut indices, mut data) = (vec![0; self.indices.len()], vec![0.0; self.data.len()]);
        for major in 0..self.n_major() {
            for entry in self.indptr[major]..self.indptr[major + 1] {
                let place = &mut next[self.indices[entry] as usize];
                (indices[*place], data[*place]) = (major as u32, self.data[entry]);
                *place += 1;
            }
        }
        Self { n_minor: self.n_major(), indptr, indices, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_and_added_up() {
        let mut parts = Parts {
            n_minor: 3,
            indptr: vec![0, 3, 3, 5, 6],
            indices: vec![2, 0, 2, 1, 0, 1],
            data: vec![1.0, 2.0, 4.0, 3.0, 5.0, 6.0],
        };
        assert_eq!(parts.order(), Order::Unsorted);
        assert_eq!(parts.canonicalize(), (2, 1));
        assert_eq!(parts.indptr, [0, 2, 2, 4, 5]);
        assert_eq!(parts.indices, [0, 2, 0, 1, 1]);
        assert_eq!(parts.data, [2.0, 5.0, 5.0, 3.0, 6.0]);
        assert_eq!(parts.order(), Order::Canonical);
        parts.n_minor = 2;
        assert_eq!(parts.order(), Order::OutOfRange);
    }

    #[test]
    fn transposing_twice_changes_nothing() {
        let parts = Parts { n_minor: 3, indptr: vec![0, 2, 2, 3], indices: vec![0, 2, 1], data: vec![1.0, 2.0, 3.0] };
        let transposed = parts.transpose();
        assert_eq!((&transposed.indptr[..], &transposed.indices[..]), (&[0, 1, 2, 3][..], &[0, 2, 0][..]));
        assert_eq!(transposed.data, [1.0, 3.0, 2.0]);
        let back = transposed.transpose();
        assert_eq!((back.indptr, back.indices, back.data), (parts.indptr, parts.indices, parts.data));
    }
}
