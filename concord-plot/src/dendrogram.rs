use crate::PlotError;
use crate::scene::{Scene, Stroke};

/// Two clusters that become one.
///
/// Clusters are numbered as `scipy.cluster.hierarchy.linkage` does: `0..n` are the leaves, and merge `i` makes cluster
/// `n + i`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// The cluster that is drawn first (to the left, or above).
    pub first: usize,
    /// The cluster that is drawn second.
    pub second: usize,
    /// The distance at which they merge, not negative.
    pub height: f64,
}

/// A binary tree over the rows or the columns of a matrix, made elsewhere (by Ward's method, say).
#[derive(Debug, Clone, PartialEq)]
pub struct Dendrogram {
    merges: Vec<Merge>,
}

impl Dendrogram {
    /// Checks that the merges join `merges.len() + 1` leaves into one tree.
    ///
    /// ```
    /// use concord_plot::{Dendrogram, Merge};
    /// let merge = |first, second, height| Merge { first, second, height };
    /// let tree = Dendrogram::new(vec![merge(0, 2, 1.0), merge(3, 1, 2.5)])?;
    /// assert_eq!(tree.leaf_order(), [0, 2, 1]);
    /// # Ok::<(), concord_plot::PlotError>(())
    /// ```
    ///
    /// # Errors
    /// [`PlotError::BadDendrogram`] when a cluster is joined before it exists, or twice; [`PlotError::BadSetting`] when a
    /// height is negative or not finite.
    pub fn new(merges: Vec<Merge>) -> Result<Self, PlotError> {
        let n_leaves = merges.len() + 1;
        let mut joined = vec![false; n_leaves + merges.len()];
        for (place, merge) in merges.iter().enumerate() {
            if !(merge.height >= 0.0 && merge.height.is_finite()) {
                let expected = "a finite distance, not negative";
                return Err(PlotError::BadSetting { name: "height of a merge", value: merge.height, expected });
            }
            for cluster in [merge.first, merge.second] {
                if cluster >= n_leaves + place || joined[cluster] {
                    return Err(PlotError::BadDendrogram { merge: place, cluster });
                }
                joined[cluster] = true;
            }
        }
        Ok(Self { merges })
    }

    /// Number of leaves.
    pub fn n_leaves(&self) -> usize {
        self.merges.len() + 1
    }

    /// The merges, in the order in which they happened.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The leaves from left to right: an order in which no two branches cross.
    pub fn leaf_order(&self) -> Vec<usize> {
        let n_leaves = self.n_leaves();
        let mut order = Vec::with_capacity(n_leaves);
        // A stack, not recursion: a chain of a million merges would overflow the call stack.
        let mut waiting = vec![2 * n_leaves - 2];
        while let Some(cluster) = waiting.pop() {
            if cluster < n_leaves {
                order.push(cluster);
            } else {
                let merge = &self.merges[cluster - n_leaves];
                waiting.extend([merge.second, merge.first]);
            }
        }
        order
    }

    /// One bracket of four corners for each merge: place along the leaves and height, both 0 to 1.
    fn brackets(&self) -> Vec<[(f64, f64); 4]> {
        let n_leaves = self.n_leaves();
        let highest = self.merges.iter().map(|merge| merge.height).fold(0.0, f64::max);
        let scale = if highest > 0.0 { highest } else { 1.0 };
        let mut nodes = vec![(0.0, 0.0); n_leaves];
        for (place, leaf) in self.leaf_order().into_iter().enumerate() {
            nodes[leaf].0 = (place as f64 + 0.5) / n_leaves as f64;
        }
        let mut brackets = Vec::with_capacity(self.merges.len());
        for merge in &self.merges {
            let (first, second, top) = (nodes[merge.first], nodes[merge.second], merge.height / scale);
            brackets.push([first, (first.0, top), (second.0, top), second]);
            nodes.push((f64::midpoint(first.0, second.0), top));
        }
        brackets
    }

    /// Draws the tree above `length` points of columns, the leaves at the lower edge.
    pub(crate) fn draw_above(&self, length: f64, depth: f64) -> Scene {
        self.draw(Scene::new(length, depth), |(along, height)| (along * length, depth * (1.0 - height)))
    }

    /// Draws the tree to the left of `length` points of rows, the leaves at the right edge.
    pub(crate) fn draw_left(&self, length: f64, depth: f64) -> Scene {
        self.draw(Scene::new(depth, length), |(along, height)| (depth * (1.0 - height), along * length))
    }

    fn draw(&self, mut scene: Scene, place: impl Fn((f64, f64)) -> (f64, f64)) -> Scene {
        let lines: Vec<Vec<(f64, f64)>> =
            self.brackets().into_iter().map(|bracket| bracket.map(&place).to_vec()).collect();
        // Fine lines where there are many.
        let width = if self.n_leaves() > 60 { 0.35 } else { 0.6 };
        if !lines.is_empty() {
            scene.lines(lines, Stroke::black(width));
        }
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(merges: &[(usize, usize, f64)]) -> Result<Dendrogram, PlotError> {
        Dendrogram::new(merges.iter().map(|&(first, second, height)| Merge { first, second, height }).collect())
    }

    #[test]
    fn brackets_stand_over_their_leaves() -> Result<(), PlotError> {
        let tree = tree(&[(0, 2, 1.0), (3, 1, 2.0)])?;
        let (a, b, c) = (0.5 / 3.0, 1.5 / 3.0, 2.5 / 3.0);
        let brackets = tree.brackets();
        assert_eq!(brackets[0], [(a, 0.0), (a, 0.5), (b, 0.5), (b, 0.0)]);
        let middle = f64::midpoint(a, b);
        assert_eq!(brackets[1], [(middle, 0.5), (middle, 1.0), (c, 1.0), (c, 0.0)]);
        Ok(())
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        assert_eq!(tree(&[(0, 0, 1.0)]), Err(PlotError::BadDendrogram { merge: 0, cluster: 0 }));
        assert_eq!(tree(&[(0, 3, 1.0), (1, 2, 1.0)]), Err(PlotError::BadDendrogram { merge: 0, cluster: 3 }));
        assert_eq!(tree(&[(0, 1, 1.0), (0, 2, 1.0)]), Err(PlotError::BadDendrogram { merge: 1, cluster: 0 }));
        assert!(matches!(tree(&[(0, 1, f64::NAN)]), Err(PlotError::BadSetting { .. })));
    }

    #[test]
    fn long_chains_are_no_trouble() -> Result<(), PlotError> {
        let n = 100_000;
        let merge =
            |place: usize| Merge { first: if place == 0 { 0 } else { n + place - 1 }, second: place + 1, height: 1.0 };
        let tree = Dendrogram::new((0..n - 1).map(merge).collect())?;
        assert_eq!(tree.leaf_order(), (0..n).collect::<Vec<_>>());
        Ok(())
    }

    #[test]
    fn a_single_leaf_is_a_tree() -> Result<(), PlotError> {
        let tree = tree(&[])?;
        assert_eq!(tree.leaf_order(), [0]);
        assert!(tree.draw_above(10.0, 10.0).nodes.is_empty());
        Ok(())
    }
}
