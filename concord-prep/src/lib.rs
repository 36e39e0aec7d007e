//! From counts to the input of the encoder: feature selection, normalisation, nearest neighbours.
