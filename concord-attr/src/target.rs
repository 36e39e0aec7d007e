use ndarray::{Array1, ArrayView1};

use crate::AttrError;

/// What is explained: the part of the neurons' activity along a direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    name: String,
    direction: Array1<f32>,
}

impl Target {
    /// One neuron.
    ///
    /// # Errors
    /// [`AttrError::NoSuchNeuron`].
    pub fn neuron(neuron: usize, n_neurons: usize) -> Result<Self, AttrError> {
        if neuron >= n_neurons {
            return Err(AttrError::NoSuchNeuron { neuron, n_neurons });
        }
        let direction = Array1::from_shape_fn(n_neurons, |other| if other == neuron { 1.0 } else { 0.0 });
        Ok(Self { name: format!("neuron {neuron}"), direction })
    }

    /// The direction from one mean code to another, of length 1: a context against the rest, or against another context.
    /// Both codes are `[n_neurons]`; see [`crate::context_means`] and [`crate::rest_mean`].
    ///
    /// # Errors
    /// [`AttrError::NoDirection`] when the two are equal or not finite, [`AttrError::DirectionLength`].
    pub fn contrast(
        name: impl Into<String>,
        of: ArrayView1<'_, f32>,
        against: ArrayView1<'_, f32>,
    ) -> Result<Self, AttrError> {
        let name = name.into();
        if of.len() != against.len() {
            return Err(AttrError::DirectionLength { target: name, expected: of.len(), found: against.len() });
        }
        let difference = &of - &against;
        let length = difference.dot(&difference).sqrt();
        Self::direction(name, difference / length)
    }

    /// Any direction, `[n_neurons]`, as it is.
    ///
    /// # Errors
    /// [`AttrError::NoDirection`] when it is zero or not finite.
    pub fn direction(name: impl Into<String>, direction: Array1<f32>) -> Result<Self, AttrError> {
        let name = name.into();
        if direction.iter().any(|value| !value.is_finite()) || direction.iter().all(|&value| value == 0.0) {
            return Err(AttrError::NoDirection { target: name });
        }
        Ok(Self { name, direction })
    }

    /// What to call it: `neuron 50`, or the name that it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The direction, `[n_neurons]`.
    pub fn as_direction(&self) -> ArrayView1<'_, f32> {
        self.direction.view()
    }
}
