use concord_core::{Dense, Embedding, Labels};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// The mean code of each context, `[n_contexts, n_neurons]`, contexts being the categories of some labels.
///
/// A category without cells has a row of NaN, as in pandas.
///
/// ```
/// use concord_attr::{context_means, top_neurons};
/// use concord_core::{Embedding, Labels};
/// let latent = Embedding::new(ndarray::array![[1.0, 0.0, 0.5], [3.0, 0.0, 0.5], [0.0, 9.0, 1.0]])?;
/// let labels = Labels::from_texts(&["B cells", "B cells", "NK cells"]);
/// let means = context_means(&latent, &labels);
/// assert_eq!(means.row(0), ndarray::array![2.0, 0.0, 0.5]);
/// assert_eq!(top_neurons(means.view(), 2), [vec![0, 2], vec![1, 2]]);
/// # Ok::<(), concord_core::CoreError>(())
/// ```
pub fn context_means(latent: &Embedding, labels: &Labels) -> Dense {
    let mut sums: Array2<f64> = Array2::zeros((labels.n_categories(), latent.n_dimensions()));
    for (code, point) in labels.codes().iter().zip(latent.values().rows()) {
        if let Some(code) = code {
            sums.row_mut(*code as usize).zip_mut_with(&point, |sum, &value| *sum += f64::from(value));
        }
    }
    let sizes = Array1::from_iter(labels.sizes().into_iter().map(|size| size as f64));
    (sums / sizes.insert_axis(Axis(1))).mapv(|mean| mean as f32)
}

/// The mean code of all labelled cells outside a context, `[n_neurons]`; NaN when there are none.
///
/// # Panics
/// If the context is out of range.
pub fn rest_mean(means: ArrayView2<'_, f32>, labels: &Labels, context: usize) -> Array1<f32> {
    let sizes = labels.sizes();
    let mut sum: Array1<f64> = Array1::zeros(means.ncols());
    for (other, mean) in means.rows().into_iter().enumerate().filter(|&(other, _)| other != context && sizes[other] > 0)
    {
        sum.zip_mut_with(&mean, |sum, &mean| *sum += f64::from(mean) * sizes[other] as f64);
    }
    let n_rest = sizes.iter().sum::<usize>() - sizes[context];
    sum.mapv(|sum| (sum / n_rest as f64) as f32)
}

/// The `n` neurons of each context with the largest mean, the largest first; none for a context without cells.
///
/// `means` is `[n_contexts, n_neurons]`. Of equal means the first neuron comes first.
pub fn top_neurons(means: ArrayView2<'_, f32>, n: usize) -> Vec<Vec<usize>> {
    means
        .rows()
        .into_iter()
        .map(|means| {
            if means.iter().any(|mean| mean.is_nan()) {
                return Vec::new();
            }
            let mut neurons = crate::descending(means);
            neurons.truncate(n);
            neurons
        })
        .collect()
}
