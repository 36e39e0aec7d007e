//! Times training steps on random sparse data: `cargo run --release -p concord-model --example step_time`.
//!
//! Prints the median and the fastest of all steps after the first epoch, sampling and augmentation included. An argument
//! such as `'{"use_decoder": true}'` gives options other than the defaults.

use std::time::Instant;

use concord_core::{Csr, Labels, LogNorm};
use concord_model::{Device, TrainConfig, train};
use rand::{RngExt, SeedableRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const N_CELLS: usize = 2560;
const N_GENES: usize = 2000;
const DENSITY: f64 = 0.05;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // As in the program: a thread that does not compute would be woken for every piece of a step.
    rayon::ThreadPoolBuilder::new().use_current_thread().build_global()?;
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(0);
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..N_CELLS {
        let genes = (0..N_GENES as u32).filter(|_| random.random_bool(DENSITY));
        indices.extend(genes);
        values.resize_with(indices.len(), || random.random_range(0.2..3.2));
        indptr.push(indices.len());
    }
    let data = LogNorm::from_logged(Csr::new((N_CELLS, N_GENES), indptr, indices, values))?;

    let config = match std::env::args().nth(1) {
        Some(options) => serde_json::from_str(&options)?,
        None => TrainConfig::default(),
    };
    let mut times = Vec::new();
    let mut last = Instant::now();
    train(&data, &Labels::single(N_CELLS, "all"), &config, &Device::cpu(), &mut |progress| {
        if progress.epoch > 0 {
            times.push(last.elapsed().as_secs_f64() * 1e3);
        }
        last = Instant::now();
    })?;
    times.sort_by(f64::total_cmp);
    #[allow(clippy::print_stdout)]
    {
        println!("{} steps: median {:.2} ms, fastest {:.2} ms", times.len(), times[times.len() / 2], times[0]);
    }
    Ok(())
}
