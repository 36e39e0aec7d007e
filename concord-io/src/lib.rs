//! Reading and writing of h5ad files; HDF5 is linked here and nowhere else.
